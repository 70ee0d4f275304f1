"""One request and its answer: context, headers, errors. Knows no operation."""

"""Statement files into the books: first looked at, then confirmed."""

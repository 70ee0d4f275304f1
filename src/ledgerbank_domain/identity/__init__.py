"""Who acts, and what many entities ask of texts, names and pages; of the domain it uses errors alone."""

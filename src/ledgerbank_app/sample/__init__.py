"""Sample banks, customers and data for trying things out."""

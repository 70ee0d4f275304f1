"""The repositories over PostgreSQL, one a file."""

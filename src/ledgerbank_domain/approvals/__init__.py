"""Acts of staff that take two of them: what is asked for, and what became of it."""

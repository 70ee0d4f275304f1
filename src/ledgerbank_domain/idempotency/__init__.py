"""What is remembered of a request that may be sent again under its key; a pure record."""

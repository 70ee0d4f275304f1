"""A small transactional store in memory: tables, indexes, sessions."""

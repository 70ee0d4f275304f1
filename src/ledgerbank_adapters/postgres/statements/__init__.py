"""Sending statements: engine, session, pages, sets, and errors told in the domain's words."""

"""Statements of accounts as files: read from what banks give, written for what people and programs take."""

"""Statements of accounts, written in each format that people and programs take."""

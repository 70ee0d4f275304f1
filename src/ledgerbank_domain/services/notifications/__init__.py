"""Mails to customers: written down with what they are about, sent by jobs."""

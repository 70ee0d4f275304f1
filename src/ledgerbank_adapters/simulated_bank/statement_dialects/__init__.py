"""Statements to download: camt.053, OFX and CSV. The bank's own, not written by the product."""

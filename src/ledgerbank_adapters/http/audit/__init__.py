"""Endpoints about the audit trail."""

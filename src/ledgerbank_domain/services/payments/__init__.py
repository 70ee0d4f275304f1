"""Payments: creating, scheduling, processing and cancelling them. May use jobs, never accounts' use-cases."""

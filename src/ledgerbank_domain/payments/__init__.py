"""Payments, their states, limits and rules, as pure entities and predicates over gathered facts."""

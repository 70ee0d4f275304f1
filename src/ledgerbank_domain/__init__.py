"""Entities, rules, ports and use-cases of LedgerBank: standard library only, no input or output, no clock."""

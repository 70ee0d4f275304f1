"""What the exit status of ``ledgerbank`` says."""

DONE = 0
LEDGER_IS_WRONG = 1
SOMETHING_IS_WRONG = 1
NOT_THERE = 1
"""The database or the broker does not answer, or the schema is another one."""
CANNOT = 2

"""What the exit status of ``ledgerbank`` says."""

DONE = 0
LEDGER_IS_WRONG = 1
SOMETHING_IS_WRONG = 1
CANNOT = 2

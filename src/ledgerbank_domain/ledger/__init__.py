"""Double entry: accounts of the ledger, balanced entries and what a proof may find wrong, all of it pure."""

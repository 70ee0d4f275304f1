"""Banks, branches, logins, accounts and their transactions, as pure entities and rules."""

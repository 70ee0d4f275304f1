"""The smaller ports in memory: clock, ids, chance, cache, secrets, mailbox, rate limits."""

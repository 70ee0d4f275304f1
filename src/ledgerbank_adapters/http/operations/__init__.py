"""How one operation of the API runs: admission, idempotency, lanes, deadline. Knows no area."""

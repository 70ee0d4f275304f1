"""The processes of the product: server, workers, companion bank, and how they start and stop."""

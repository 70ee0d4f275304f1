"""The simulated bank as Monzo speaks. Knows nothing of the other dialect."""

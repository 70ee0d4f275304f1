"""The simulated bank as Open Banking UK speaks. Knows nothing of the other dialect."""

"""The books themselves: proving them and reversing what was wrong."""

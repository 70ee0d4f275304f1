"""One file per step, oldest first by number. A released step is never edited: a correction is a new step."""

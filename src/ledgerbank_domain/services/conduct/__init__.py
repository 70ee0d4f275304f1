"""How every use-case behaves: who may act, repeated on a conflict, each item for itself. Knows no area."""

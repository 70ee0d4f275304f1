"""What services ask of stored entities: one protocol a file, kept by every storage alike."""

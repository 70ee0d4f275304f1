"""The accounts and movements that the simulated bank keeps."""

"""The repositories over tables in memory, one a file."""

"""What a test can tell the simulated bank to do."""

"""Settings: read from the environment, checked, and refused in production when they are weak."""

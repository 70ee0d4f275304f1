"""Users and their sessions: registering, logging in, refreshing, ending."""

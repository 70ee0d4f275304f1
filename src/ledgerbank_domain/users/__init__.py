"""People who may log in, their sessions and their passwords, as pure entities and rules."""

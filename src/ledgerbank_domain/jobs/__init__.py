"""Work to be done later: its states, its schedule and who may look after it, as pure entities and rules."""

"""One package per outside thing; each inherits the ports of the domain by name and none knows a sibling."""

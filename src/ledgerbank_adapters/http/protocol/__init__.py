"""The HTTP/1.1 protocol as the server speaks it: limits on heads and on slow clients."""

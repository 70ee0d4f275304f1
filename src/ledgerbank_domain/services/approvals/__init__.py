"""Acts of staff that wait for another administrator: asked for, decided, and done as they were asked."""

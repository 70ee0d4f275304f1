"""Settings, composition root, command line, ASGI and worker targets: the one place where everything meets."""

"""What delivers jobs and nudges: the process itself, Redis or RabbitMQ. Knows no worker."""

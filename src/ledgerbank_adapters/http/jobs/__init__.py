"""Endpoints about jobs, and a job as other areas show it."""

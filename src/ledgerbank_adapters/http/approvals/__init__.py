"""Endpoints about what staff asked for and another administrator decides."""

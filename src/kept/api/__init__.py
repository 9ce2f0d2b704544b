"""The door for integrators: /api/v1."""

"""Businesses, members, roles, sign-in, API keys, policy."""

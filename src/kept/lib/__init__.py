"""Helpers that know no domain: numbers, names and zones for people, signing, text."""

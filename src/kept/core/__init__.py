"""The rules of the house, pure: no Django, no clock, no ids, no I/O."""

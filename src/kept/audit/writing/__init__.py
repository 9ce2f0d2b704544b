"""A history as an event log that other programs read: XES and OCEL 2.0.

`telling.py` says what the log tells of an appointment, once; `xes.py` and `ocel.py` write it down.
Persons are pseudonyms there too, under a key that nobody keeps: two logs cannot be joined by them.
"""

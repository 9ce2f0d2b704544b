"""Files from elsewhere as a history: calendars (ICS), tables (CSV) and event logs (XES, OCEL, CSV).

`open_files` is the door. Nothing that is read is stored or sent; persons become pseudonyms as they
are read, and their names, addresses and notes never leave this room.
"""

from kept.audit.reading.asking import Ask, Question
from kept.audit.reading.files import Progress
from kept.audit.reading.mapping import Map, as_toml, find, ready
from kept.audit.reading.opening import FileHistory, open_files
from kept.audit.reading.trouble import CannotRead

__all__ = [
    "Ask",
    "CannotRead",
    "FileHistory",
    "Map",
    "Progress",
    "Question",
    "as_toml",
    "find",
    "open_files",
    "ready",
]

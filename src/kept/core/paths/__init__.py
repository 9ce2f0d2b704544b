"""The paths, one file each, by name."""

from kept.core.path import Path
from kept.core.paths.appointment import APPOINTMENT

PATHS: dict[str, Path] = {APPOINTMENT.name: APPOINTMENT}

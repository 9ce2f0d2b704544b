"""The paths, one file each, by name."""

from kept.core.path import Path
from kept.core.paths.appointment import APPOINTMENT
from kept.core.paths.follow_up import FOLLOW_UP
from kept.core.paths.lead_response import LEAD_RESPONSE
from kept.core.paths.reactivation import REACTIVATION
from kept.core.paths.reputation import REPUTATION

PATHS: dict[str, Path] = {
    path.name: path for path in (APPOINTMENT, FOLLOW_UP, REPUTATION, REACTIVATION, LEAD_RESPONSE)
}

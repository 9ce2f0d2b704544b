"""Histories of anything that can be: no two fields agree with each other but by chance."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from random import Random

from kept.audit.history import Appointment, Asked, Duty, Handed, Leg, Outcome, Sent, Stage
from tests.audit.building import NOW

CONTROLS = ("confirmation", "moved_notice", "first_reminder", "final_reminder", "outcome_due")
KINDS = ("CONFIRMATION_FAILED", "RESOURCE_LOST", "POSSIBLE_CANCEL", "UNRESOLVED", "CONTACT_GAP")
MINUTES = (0, 0.5, 1, 2, 59, 60, 61, 600, 1439, 1440, 1441, 2000, 2880, 4320, 9000)


class Making:
    """Random legs from one source of chance."""

    def __init__(self, chance: Random) -> None:
        self.chance = chance

    def appointments(self, number: int) -> list[Appointment]:
        return [self.appointment() for _ in range(number)]

    def appointment(self) -> Appointment:
        legs = [self.leg() for _ in range(self.chance.choice((1, 1, 1, 2, 3)))]
        return Appointment(tuple(legs), self.maybe(self.chance.randrange(6)))

    def leg(self) -> Leg:
        chance = self.chance
        start = NOW + timedelta(hours=chance.randrange(-24 * 20, 24 * 3))
        return Leg(
            reference=f"K-{chance.randrange(10**6)}",
            start=start,
            end=start + timedelta(minutes=chance.choice((15, 30, 60, 90))),
            booked_at=start + self.apart(before=True),
            outcome=chance.choice(list(Outcome)),
            outcome_at=self.maybe(start + self.apart()),
            service=chance.choice(("Cut", "Colour")),
            staff=chance.choice(("Ada", "Ben")),
            channel=chance.choice(("page", "phone", "walk_in")),
            price=self.maybe(Decimal(chance.randrange(100))),
            acknowledged_at=self.maybe(start + self.apart(before=True)),
            late_window=chance.choice((None, 0, 120, 1440)),
            hand_off_due=chance.random() < 0.8,
            entered=self.entered(start),
            duties=self.several(lambda: self.duty(start)),
            messages=self.several(lambda: self.sent(start)),
            asked=self.several(lambda: self.asked(start)),
            handed=self.several(lambda: self.handed(start)),
        )

    def apart(self, *, before: bool = False) -> timedelta:
        sign = -1 if before or self.chance.random() < 0.5 else 1
        return sign * timedelta(minutes=self.chance.choice(MINUTES))

    def maybe(self, value):
        return value if self.chance.random() < 0.7 else None

    def several(self, make):
        return tuple(make() for _ in range(self.chance.choice((0, 0, 1, 2))))

    def entered(self, start):
        if self.chance.random() < 0.5:
            return {}
        return {Stage.CONFIRMED: start + self.apart(before=True)}

    def duty(self, start) -> Duty:
        status = self.chance.choice(("planned", "done", "skipped", "void", "expired", "failed"))
        due = start + self.apart()
        name, justified = self.chance.choice(CONTROLS), self.chance.random() < 0.5
        return Duty(name, due, status, due if status == "done" else None, justified=justified)

    def sent(self, start) -> Sent:
        return Sent(
            self.chance.choice(CONTROLS),
            self.maybe(start + self.apart()),
            self.maybe(start + self.apart()),
            self.maybe(start + self.apart()),
        )

    def asked(self, start) -> Asked:
        raised = start + self.apart()
        due, resolved = raised + self.apart(), self.maybe(raised + abs(self.apart()))
        return Asked(self.chance.choice(KINDS), raised, due, resolved)

    def handed(self, start) -> Handed:
        status = self.chance.choice(("offered", "accepted", "rejected", "expired", "withdrawn"))
        by, answered = self.maybe(start + self.apart()), self.maybe(start + self.apart())
        return Handed("follow_up", status, start, by, answered)

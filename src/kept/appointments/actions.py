"""The one door to everything that may be done to an appointment.

Each action is one transaction: the claim on the time, the leg, the case and its duties, the
confirmation in the outbox. `alongside` runs in the same transaction (a door remembers its answer
there), and gets the appointment; with a booking, its leg, with everything read already.
"""

from __future__ import annotations

from kept.appointments.asking import Alongside as Alongside
from kept.appointments.asking import Booking as Booking
from kept.appointments.asking import CannotBook as CannotBook
from kept.appointments.asking import Stale as Stale
from kept.appointments.changes import SAYINGS as SAYINGS
from kept.appointments.changes import cancel as cancel
from kept.appointments.changes import correct as correct
from kept.appointments.changes import miss as miss
from kept.appointments.changes import move as move
from kept.appointments.changes import say as say
from kept.appointments.contact import address_refused as address_refused
from kept.appointments.contact import correct_contact as correct_contact
from kept.appointments.contact import renew_link as renew_link
from kept.appointments.opening import book as book
from kept.appointments.opening import walk_in as walk_in
from kept.appointments.seeing_to_it import answer_hand_off as answer_hand_off
from kept.appointments.seeing_to_it import release_escalation as release_escalation
from kept.appointments.seeing_to_it import resolve_escalation as resolve_escalation
from kept.appointments.seeing_to_it import snooze_escalation as snooze_escalation
from kept.appointments.seeing_to_it import take_escalation as take_escalation
from kept.appointments.seeing_to_it import wake_escalation as wake_escalation
from kept.appointments.surroundings import affected_by as affected_by
from kept.appointments.surroundings import booked_with as booked_with
from kept.appointments.surroundings import change_policy as change_policy
from kept.appointments.surroundings import close as close
from kept.appointments.surroundings import lift_closure as lift_closure
from kept.appointments.surroundings import retire_staff as retire_staff

"""A database that an older release has left behind comes along whole, and goes on.

The house is lived in first; then its rows are put back into the tables as they were before Kept
walked any path but the appointment's, and these are brought up to date.
"""

from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from django.core.management import call_command
from django.core.management.color import no_style
from django.db import connection, transaction
from django.db.migrations.executor import MigrationExecutor

from kept.accounts import queries as accounts
from kept.cases.queries import Event, HandOff
from kept.checks import promises
from kept.clock import queries as clock
from kept.core.case import Role
from kept.outbox.queries import Message
from tests.promises.house import House, Ledger, advance, contact, leg, turn

DAY, HOUR = timedelta(days=1), timedelta(hours=1)

BEFORE = {
    "accounts": "0003_use_of_keys",
    "api": "0001_initial",
    "appointments": "0002_wall_time",
    "cases": "0003_escalations_taken",
    "clock": "0002_mail_as_a_worker_sees_it",
    "console": "0001_failed_sign_in",
    "outbox": "0002_handed_over_in_order",
    "people": "0001_initial",
    "public": "0002_hold_places",
    "schedule": "0005_what_follows",
}
DJANGO = {"contenttypes", "auth", "sessions"}
POLICY_OF_THEN = {
    *("first_reminder", "first_reminder_until", "first_reminder_gap"),
    *("final_reminder", "final_reminder_until", "final_reminder_gap"),
    *("preparation", "outcome_grace", "late_grace", "change_until", "late_cancel"),
    *("accept_within", "switched_off", "ask_acknowledgement", "assume_missed"),
    *("quiet_hours", "hand_offs"),
}


@pytest.fixture
def house(house_db):
    """Of the time when every hand-off was answered by somebody else."""
    clock.forget()
    house = House(staff=("Ada", "Bea"))
    old = accounts.policy_in_force(house.business.id)
    type(old).objects.filter(pk=old.pk).update(data={**old.data, "built_in": []})
    return house


def lived_in(house):
    """Appointments in every state, each of whose messages went out; what is still ahead first."""
    post = Ledger()
    ahead = house.book()
    moved = house.book(clock.now() + 3 * DAY)
    turn(post)
    house.move(moved, clock.now() + 4 * DAY)
    cancelled = house.book(clock.now() + 5 * DAY)
    turn(post)
    house.cancel(cancelled, by=Role.STAFF)
    house.say(house.walk_in(), "completed")
    house.book(clock.now() + 6 * DAY, contact("Ole", "", "+442079460123"))
    turn(post)
    return ahead


def broken():
    return [said for promise in promises.run(clock.now()) for said in promise.broken]


def counted():
    return {model.__name__: model.objects.count() for model in (Event, HandOff, Message)}


class Rows:
    """What stands in the tables of then, as far as they had its columns."""

    def __init__(self, apps):
        self.models = [each for each in apps.get_models() if each._meta.app_label in BEFORE]
        self.rows = {model: list(model._default_manager.all()) for model in self.models}

    def put_back(self):
        with transaction.atomic(), connection.cursor() as cursor:
            for model, rows in self.rows.items():
                model._default_manager.bulk_create(rows)
            for statement in connection.ops.sequence_reset_sql(no_style(), self.models):
                cursor.execute(statement)
            for version in self._policies.all():
                version.data = {k: v for k, v in version.data.items() if k in POLICY_OF_THEN}
                version.save()

    @property
    def _policies(self):
        """They had no words then for what came later."""
        [found] = [each for each in self.models if each.__name__ == "PolicyVersion"]
        return found._default_manager


def empty():
    """A database with nothing in it at all."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("DROP SCHEMA public CASCADE")
            cursor.execute("CREATE SCHEMA public")
        return
    connection.close()
    file = Path(connection.settings_dict["NAME"])
    for rest in ("", "-wal", "-shm"):
        file.with_name(file.name + rest).unlink(missing_ok=True)


@contextmanager
def older():
    """The database of then, empty. Whatever happens, the next test finds the one of today."""
    executor = MigrationExecutor(connection)
    django = [leaf for leaf in executor.loader.graph.leaf_nodes() if leaf[0] in DJANGO]
    targets = [*BEFORE.items(), *django]
    rows = Rows(executor.loader.project_state(targets).apps)
    try:
        empty()
        MigrationExecutor(connection).migrate(targets)
        yield rows
    finally:
        call_command("migrate", verbosity=0)


def test_what_an_older_release_has_left_behind_keeps_every_promise_and_goes_on(house):
    ahead = lived_in(house)
    assert broken() == []
    before, policy = counted(), accounts.policy_in_force(house.business.id)
    with older() as rows:
        rows.put_back()
    assert counted() == before
    assert set(accounts.policy_in_force(house.business.id).data) <= POLICY_OF_THEN
    assert accounts.policy_in_force(house.business.id).pk == policy.pk
    assert broken() == []
    # It goes on: whoever was booked then is reminded, served, and followed up by Kept itself.
    post = Ledger()
    advance(DAY, post)
    advance(DAY - HOUR, post)
    assert {"first_reminder", "final_reminder"} <= {line.split("=")[-1] for line in post.said()}
    house.say(ahead, "arrived")
    house.say(ahead, "completed")
    advance(DAY, post)
    assert leg(ahead).case.state == "completed"
    assert broken() == []

"""Two doors at the same moment."""

from datetime import timedelta
from threading import Barrier, Thread

from django.db import connection

from kept.clock import actions as clock
from kept.leads.models import Enquiry, Lead
from kept.people.queries import Customer
from kept.worker import loop
from tests.leads.clinic import (
    EMAIL,
    Clinic,
    Post,
    asks,
    berlin,
    go_to,
    lead,
    letters,
    now,
    state,
)


def test_two_doors_at_once_make_one_lead(house_db):
    clinic, start, failed = Clinic(), Barrier(4), []

    def ask(source):
        try:
            start.wait(10)
            asks(clinic, source)
        except Exception as error:  # said below, in the thread of the test
            failed.append(error)
        finally:
            connection.close()

    threads = [Thread(target=ask, args=[each]) for each in ("form", "api", "mail", "form")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    assert (Lead.objects.count(), Enquiry.objects.count(), Customer.objects.count()) == (1, 4, 1)


class Meanwhile(Post):
    """A transport that is reached while the person books."""

    def __init__(self, book):
        super().__init__()
        self.book = book

    def prepare(self):
        book, self.book = self.book, lambda: None
        book()


def test_who_books_while_a_nudge_is_being_made_ready_does_not_get_it(house_db):
    clinic = Clinic()
    go_to(berlin(1, 10))
    asked = lead(clinic)
    go_to(now() + timedelta(minutes=1))
    clock.advance(timedelta(hours=2))
    loop.turn_controls()
    post = Meanwhile(lambda: clinic.book(berlin(3, 10), contact=EMAIL))
    post.deliver()
    assert state(asked) == "booked"
    assert "lead_nudge_first" not in letters(post)

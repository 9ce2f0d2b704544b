"""A body larger than what its page takes is not read: not into memory, and not onto the disk."""

import pytest

from kept.web.bodies import MOST
from kept.web.large import MOST_WITH_FILES

FILE = "/console/audit/file/"


class Unread:
    """A body that nobody may read."""

    def read(self, *_):
        raise AssertionError("the body was read")

    readline = read


def send(client, path, length):
    kind = "multipart/form-data; boundary=b"
    told = {"wsgi.input": Unread(), "CONTENT_TYPE": kind, "CONTENT_LENGTH": str(length)}
    return client.generic("POST", path, **told)


@pytest.mark.parametrize(
    "path",
    ["/", "/book/x/", "/a/x/1/cancel", "/ask/x/", "/console/sign-in", "/console/staff/new/", "/no"],
)
def test_no_page_takes_more_than_a_form_can_hold(db, client, path):
    answer = send(client, path, MOST + 1)
    assert answer.status_code == 413
    assert b"too much at once" in answer.content
    assert b"nothing has been changed" in answer.content


def test_a_reader_is_told_so_in_their_language(db, client):
    client.defaults["HTTP_ACCEPT_LANGUAGE"] = "de"
    answer = send(client, "/", MOST + 1)
    assert b'lang="de' in answer.content
    assert b"too much" not in answer.content


def test_where_files_are_taken_they_are_taken_of_who_is_signed_in(db, client):
    answer = send(client, FILE, MOST + 1)
    assert answer.status_code == 302
    assert answer["Location"].startswith("/console/sign-in")
    client.cookies["sessionid"] = "a" * 32
    assert send(client, FILE, MOST + 1).status_code == 302


def test_what_anybody_signed_in_may_send_has_an_end_too(admin_client):
    with pytest.raises(AssertionError, match="the body was read"):
        send(admin_client, FILE, MOST_WITH_FILES)
    assert send(admin_client, FILE, MOST_WITH_FILES + 1).status_code == 413
    assert send(admin_client, "/console/", MOST + 1).status_code == 413


@pytest.mark.parametrize("length", ["", "x", "-1", "9" * 5000])
def test_a_length_that_is_none_is_no_error_of_ours(db, client, length):
    assert client.generic("POST", "/no", CONTENT_LENGTH=length).status_code in {403, 404, 413}

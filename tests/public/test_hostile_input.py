"""What nobody means and no browser sends is told in words, and never breaks a page."""

from datetime import timedelta

import pytest
from django.test import Client

from tests.public.house import MIA, TUESDAY_TEN, body, hidden, open_house, text

HOSTILE = ["a\0b", "0001-01-01", "9999-12-31", "0001-01-01T00:00:00Z", "2999-12-31T23:59:00-14:00",
           "9" * 400, "½"]  # fmt: skip
ASKED = ["from", "day", "tz", "start", "hold", "who", "staff"]


@pytest.fixture
def client():
    return Client(HTTP_HOST="127.0.0.1", raise_request_exception=False)


def pages_of(house, token):
    yield from ("/", f"/book/{house.business.slug}/", f"{house.path}/", f"{house.path}/any/")
    yield f"{house.path}/any/details"
    yield f"/a/{token}"
    yield from (f"/a/{token}/1/{act}" for act in ("move", "move/check", "cancel", "late"))


def test_no_public_page_breaks(db, client):
    house = open_house(staff=("Ada Brook", "Ben Okoro"))
    token = house.book().token
    broken = [
        (path, value)
        for path in pages_of(house, token)
        for value in HOSTILE
        if client.get(path, dict.fromkeys(ASKED, value)).status_code >= 500
    ]
    assert broken == []


def test_no_public_form_breaks(db, client):
    house = open_house()
    token = house.book().token
    check = hidden(house.visitor().to_check(TUESDAY_TEN + timedelta(hours=1)))
    sent = {**check, **MIA, "reason": "", "minutes": "5", "step": "check"}
    posts = [f"{house.path}/any/hold", f"{house.path}/any/details"]
    posts += [f"/a/{token}/1/{act}" for act in ("move/check", "late", "cannot-come")]
    broken = [
        (path, name, value)
        for path in posts
        for name in sent
        for value in HOSTILE
        if client.post(path, {**sent, name: value}).status_code >= 500
    ]
    assert broken == []


@pytest.mark.parametrize(
    "path", ["/a/%00", "/a/abc%00def/1/cancel", "/book/har%00bour/", "/sign-in/%00x", "/%00"]
)
def test_an_address_with_a_nul_is_not_found(db, client, path):
    open_house()
    for method in (client.get, client.post):
        answer = method(path)
        assert answer.status_code in {403, 404}, method
        assert b"nothing at this address" in answer.content


def test_a_nul_in_a_form_is_refused_in_words_and_changes_nothing(db, client):
    house = open_house()
    token = house.book().token
    answer = client.post(f"/a/{token}/1/cancel", {"reason": "a\0b"})
    assert answer.status_code == 400
    assert "could not read that request" in text(answer)
    assert client.get(f"/a/{token}", {"x": "\0"}).status_code == 400
    assert "cancelled" not in body(client.get(f"/a/{token}")).lower().split("<main")[0]
    assert client.post(f"/a/{token}/1/cancel", {"reason": "ill"}).status_code in {302, 303}


def test_a_nul_in_a_cookie_is_as_if_there_were_none(db, client):
    house = open_house()
    quoted = r'sessionid="aaaaaaaa\000"; kept_hold="x\000"; csrftoken="\000"'
    assert client.get(f"{house.path}/any/", headers={"cookie": quoted}).status_code in {200, 302}
    assert client.get("/console/", headers={"cookie": quoted}).status_code == 302


def test_a_form_that_broke_off_is_no_error_of_ours(db, client, caplog):
    class BrokenOff:
        def read(self, *_):
            raise OSError("the visitor went away")

        readline = read

    house = open_house()
    answer = client.generic(
        "POST",
        f"{house.path}/any/hold",
        content_type="application/x-www-form-urlencoded",
        **{"wsgi.input": BrokenOff(), "CONTENT_LENGTH": "20"},
    )
    assert answer.status_code == 400
    assert not [line for line in caplog.records if line.levelname == "ERROR"]

"""Styles and scripts are asked for once, are small, and never the wrong edition."""

import gzip
import re
from pathlib import Path

import pytest
from django.templatetags.static import static
from django.test import Client

from kept import web

# Django looks at its connections when an answer is closed, and there may be one by then.
pytestmark = pytest.mark.django_db

CSS = Path(web.__file__).parent / "static" / "web" / "kept.css"
YEAR = "max-age=31536000, public, immutable"


def get(path, method="get", **headers):
    """The answer, with its body read and its file closed."""
    answer = getattr(Client(HTTP_HOST="127.0.0.1"), method)(path, headers=headers)
    answer.body = answer.getvalue() if answer.streaming else answer.content
    answer.close()
    return answer


def test_a_page_names_each_file_with_a_mark_of_its_content():
    said = get("/console/sign-in").body.decode()
    assert re.search(r'href="/static/web/kept\.css\?v=[0-9a-f]{12}"', said)


def test_what_is_asked_for_by_its_present_mark_may_be_kept():
    assert get(static("web/kept.css"))["Cache-Control"] == YEAR


@pytest.mark.parametrize("query", ["", "?v=0123456789ab", "?v="])
def test_by_any_other_name_it_is_asked_for_again_soon(query):
    """Two editions side by side: the page of one must not leave the other's file for a year."""
    assert get(f"/static/web/kept.css{query}")["Cache-Control"] == "max-age=60, public"


def test_it_is_packed_for_whoever_unpacks():
    packed = get(static("web/kept.css"), accept_encoding="gzip, br")
    assert packed["Content-Encoding"] == "gzip"
    assert int(packed["Content-Length"]) == len(packed.body) < 6_000
    assert gzip.decompress(packed.body) == CSS.read_bytes()


@pytest.mark.parametrize("accepted", ["", "br", "gzip;q=0", "gzip; q=0.0, br"])
def test_for_others_it_is_as_it_is(accepted):
    plain = get(static("web/kept.css"), accept_encoding=accepted)
    assert "Content-Encoding" not in plain
    assert plain.body == CSS.read_bytes()
    # Whoever keeps it for others on the way knows that there are two.
    assert plain["Vary"] == "Accept-Encoding"


def test_who_has_it_already_gets_nothing_twice():
    packed = get(static("web/kept.css"), accept_encoding="gzip")
    again = get(static("web/kept.css"), accept_encoding="gzip", if_none_match=packed["ETag"])
    assert (again.status_code, again.body) == (304, b"")


def test_a_look_at_the_head_alone_has_no_body():
    answer = get(static("web/kept.css"), "head", accept_encoding="gzip")
    assert (answer.status_code, answer.body) == (200, b"")


def test_what_is_small_is_not_packed():
    assert "Content-Encoding" not in get(static("web/icon.svg"), accept_encoding="gzip")


@pytest.mark.django_db
def test_a_page_is_not_packed():
    """It holds secrets beside what a visitor typed: its packed size would tell of them."""
    assert "Content-Encoding" not in get("/console/sign-in", accept_encoding="gzip")


def test_a_file_that_is_not_there_is_noticed_where_it_is_named():
    with pytest.raises(ValueError, match=r"web/nothing\.css"):
        static("web/nothing.css")

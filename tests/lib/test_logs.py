"""What a log line may not say."""

import io
import logging

import pytest

from kept.lib.ids import new_token
from kept.lib.logs import HideSecrets
from kept.lib.signing import new_secret


@pytest.fixture
def line():
    """Log something and read the line that was written."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.addFilter(HideSecrets())
    logger = logging.Logger("test")
    logger.addHandler(handler)

    def write(message, *args, **kwargs):
        logger.warning(message, *args, **kwargs)
        return stream.getvalue()

    return write


@pytest.mark.parametrize("path", ["/a/{}", "/a/{}/2", "/a/{}/calendar.ics", "/sign-in/{}"])
def test_a_link_of_a_person_is_cut_short(line, path):
    token = new_token()
    written = line("Not Found: %s", path.format(token))
    assert token not in written
    assert path.split("{}")[0] + "…" in written


def test_the_secret_of_a_webhook_is_cut_short(line):
    secret = new_secret()
    written = line("Signed with %s.", secret)
    assert written == "Signed with whsec_….\n"


def test_an_api_key_is_cut_short(line):
    key = f"kept_{new_token()}"
    assert key not in line("Authorization: Bearer %s", key)


def test_a_traceback_is_cut_short_too(line):
    token = new_token()
    try:
        raise ValueError(f"cannot open /a/{token}")
    except ValueError:
        written = line("It failed", exc_info=True)
    assert token not in written
    assert "ValueError: cannot open /a/…" in written


def test_what_is_no_secret_stays_as_it_is(line):
    assert "GET /book/harbour-lane/ 404" in line("GET %s %d", "/book/harbour-lane/", 404)

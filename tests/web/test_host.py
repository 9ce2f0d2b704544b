"""Kept answers for its own name, and says to whoever set it up wrongly what to set."""

import logging

import pytest
from django.test import Client
from django.urls import reverse

from kept.lib import hosts

PATHS = ["/", "/console/", "/api/v1/health", "/static/web/kept.css", "/book/nobody/"]


@pytest.fixture(autouse=True)
def _first_of_its_kind(settings):
    settings.ALLOWED_HOSTS = ["book.example.com"]
    settings.BASE_URL = "https://book.example.com"
    hosts.forget()


@pytest.mark.parametrize("path", PATHS)
def test_another_name_is_refused_with_a_sentence_for_who_runs_it(path):
    refused = Client(HTTP_HOST="shop.example.net").get(path)
    assert refused.status_code == 400
    assert refused["Content-Type"] == "text/plain; charset=utf-8"
    told = refused.content.decode()
    assert "KEPT_BASE_URL" in told
    assert "Host" in told
    assert "shop.example.net" not in told
    assert refused["Cache-Control"] == "no-store, private"


@pytest.mark.django_db
def test_its_own_name_is_answered():
    assert Client(HTTP_HOST="book.example.com").get(reverse("console:sign_in")).status_code == 200


def test_a_wrong_name_is_logged_once_and_without_a_traceback(caplog):
    for name in ("shop.example.net", "shop.example.net", "shop.example.net:81"):
        Client(HTTP_HOST=name).get("/")
    [line] = caplog.records
    assert line.levelno == logging.WARNING
    assert line.exc_info is None
    assert "'shop.example.net'" in line.getMessage()
    assert "KEPT_BASE_URL is https://book.example.com" in line.getMessage()
    assert "ALLOWED_HOSTS" not in line.getMessage()


def test_what_a_stranger_calls_us_cannot_write_lines_of_its_own(caplog):
    Client(HTTP_HOST="a\nERROR forged\x1b[31m" + "x" * 1000).get("/")
    [line] = caplog.records
    assert "\n" not in line.getMessage()
    assert "\x1b" not in line.getMessage()
    assert len(line.getMessage()) < 400


def test_a_flood_of_names_does_not_fill_the_log(caplog):
    for number in range(100):
        Client(HTTP_HOST=f"{number}.example.net").get("/")
    assert len(caplog.records) == hosts.MOST_NAMED
    assert "not logged any more" in caplog.records[-1].getMessage()

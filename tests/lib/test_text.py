"""What a stranger wrote is text, and gives no orders."""

import pytest

from kept.lib.text import one_line, storable


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("Alpha\tStudio", "Alpha Studio"),
        ("Alpha\r\nBcc: all@example.com", "Alpha Bcc: all@example.com"),
        ("\x1b]0;title\x07\x1b[31mred\x1b[2J", "]0;title [31mred [2J"),
        ("a\x9b31mb", "a 31mb"),
        ("left\u202eright", "left right"),
        ("Žofie Ångström-山田", "Žofie Ångström-山田"),
        ("\x00\x0b", ""),
    ],
)
def test_only_what_can_be_seen_stays(written, shown):
    assert one_line(written) == shown


def test_what_no_database_keeps_is_left_out():
    assert storable("a\0b \ud83d c ü") == "ab ? c ü"

"""Who customers say they are: checked at the door, kept in one form."""

import pytest

from kept.people.actions import ContactError, checked_contact


def refused(field, **given):
    with pytest.raises(ContactError) as error:
        checked_contact(**{"name": "Mia Wong", **given})
    assert error.value.field == field
    return str(error.value)


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("  Mia \t\n Wong ", "Mia Wong"),
        ("Zoe\u0308", "Zo\u00eb"),
        ("王小明", "王小明"),
        ("محمد", "محمد"),
        ("Ана-Марија О'Нил", "Ана-Марија О'Нил"),
        ("Robert'); DROP TABLE people;--", "Robert'); DROP TABLE people;--"),
        ("<b>Mia</b>", "<b>Mia</b>"),
        ("Mia\r\nBcc: everybody@example.com", "Mia Bcc: everybody@example.com"),
        ("\u202eaiM", "aiM"),
        ("Mi\u200ba\ufeff", "Mia"),
        ("می\u200cخواهم", "می\u200cخواهم"),
        ("L" * 200, "L" * 200),
    ],
)
def test_a_name_is_one_line_and_otherwise_what_the_person_says(given, kept):
    assert checked_contact(given).name == kept


@pytest.mark.parametrize("name", ["", "   ", "\u200b\u200b", "\u202e", "---", "…"])
def test_a_name_that_names_nobody_is_refused(name):
    assert refused("name", name=name) == "Enter the name."


@pytest.mark.parametrize("name", ["L" * 201, "L" * 1_000_000])
def test_a_name_longer_than_a_line_is_refused(name):
    assert "at most 200" in refused("name", name=name)


@pytest.mark.parametrize("name", ["Mia\0Wong", "Mia\x07", "Mia\x7f", "Mia\ud800"])
def test_characters_that_cannot_be_shown_are_refused(name):
    assert "cannot be shown" in refused("name", name=name)


def test_an_address_keeps_its_local_part_and_its_domain_in_small_letters():
    assert checked_contact("Mia", " Mia.Wong+x@Example.COM ").email == "Mia.Wong+x@example.com"


@pytest.mark.parametrize(
    "email",
    [
        "mia",
        "mia@",
        "@example.com",
        "mia@example",
        "mia wong@example.com",
        "mia@example.com\nBcc: all@example.com",
        "mia@example.com, all@example.com",
        '"mia wong"@example.com',
        '"\x01"@example.com',
        "mia\0@example.com",
        "m" * 300 + "@example.com",
    ],
)
def test_an_address_that_reaches_nobody_is_refused(email):
    assert refused("email", email=email)


@pytest.mark.parametrize(
    ("given", "country"),
    [
        ("+44 20 7946 0123", ""),
        ("+44 (0)20 7946-0123", ""),
        ("020 7946 0123", "GB"),
        ("tel:+44-20-7946-0123", "DE"),
        ("\uff0b44 20 7946 0123", ""),
    ],
)
def test_a_phone_number_is_kept_in_its_international_form(given, country):
    assert checked_contact("Mia", phone=given, country=country).phone == "+442079460123"


@pytest.mark.parametrize("phone", ["020 7946 0123", "call me", "+", "+44 1", "+999 123", "1" * 999])
def test_a_phone_number_that_cannot_be_dialled_is_refused(phone):
    assert refused("phone", phone=phone)


def test_a_country_that_does_not_exist_is_no_help():
    assert refused("phone", phone="020 7946 0123", country="ZZ")


def test_a_zone_is_known_or_refused():
    assert checked_contact("Mia", time_zone="America/New_York").time_zone == "America/New_York"
    for unknown in ("Mars/Olympus", "../../etc/passwd", "Europe/Berlin\0"):
        assert refused("time_zone", time_zone=unknown)


def test_a_person_without_any_address_is_a_contact_too():
    contact = checked_contact("Mia")
    assert (contact.email, contact.phone) == ("", "")


@pytest.mark.parametrize(
    "written", ["ann@BÜCHER.example", "ann@xn--bcher-kva.example", "ann@ｂücher。ｅxample"]
)
def test_one_domain_is_one_address_however_it_is_written(written):
    assert checked_contact("Ann", written).email == "ann@bücher.example"


@pytest.mark.parametrize("written", ["ann@b＠c.example", "ann@b。。example", "ann@。"])
def test_a_domain_that_cannot_be_looked_up_is_refused(written):
    assert refused("email", email=written)

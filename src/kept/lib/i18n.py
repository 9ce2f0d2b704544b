"""Dates, times, zones and money as people read them, by CLDR (through Babel).

Every function takes the instant, the zone and the locale it is to speak; nothing is read from a
thread, a request or a setting, because a message is written for somebody who is not there.

Two rules hold throughout. A span of time is never printed without the zone it is in, and the zone
is a place people know ("Berlin time"), not an abbreviation ("CST" is four different offsets).
Where the clock shows the same time twice, in the hour that is repeated in autumn, the offset is
added.
"""

import gettext as _gettext
import logging
from collections.abc import Iterable
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from functools import lru_cache
from pathlib import Path
from zoneinfo import ZoneInfo

import phonenumbers
from babel import Locale, UnknownLocaleError
from babel.dates import format_date as _format_date
from babel.dates import format_interval as _format_interval
from babel.dates import format_time as _format_time
from babel.dates import get_timezone_location
from babel.numbers import format_currency, get_currency_precision
from babel.units import format_unit

logger = logging.getLogger(__name__)

CATALOGUES = Path(__file__).resolve().parent.parent / "locale"
"""Where the translations lie; the domain is Django's, so pages and messages share one catalogue."""

SOURCE_LANGUAGE = "en"
"""The language the texts are written in: it needs no catalogue."""


class UnknownZone(ValueError):
    """The name is not an IANA time zone."""


# Locales


def known_locale(asked: str, default: str) -> str:
    """The CLDR identifier for `asked` ("de-DE" becomes "de_DE"), or the default.

    A territory nobody knows loses only the territory ("de_XX" becomes "de"). An unknown language
    becomes the default, and a warning says so: a customer's odd browser must not cost them their
    confirmation, and nobody should have to guess why it was written in another language.
    """
    parts = asked.replace("-", "_").split("_")
    for attempt in ("_".join(parts), parts[0]):
        try:
            return str(_locale(attempt))
        except (ValueError, UnknownLocaleError):
            continue
    logger.warning("Locale %r is unknown; %s is used instead", asked, default)
    return str(_locale(default))


def text_locale(locale: str) -> str:
    """The locale a text can truly be written in.

    That is `locale` when its language is translated, else English as it is written in that
    territory ("de_CH" becomes "en_CH"), so that no sentence mixes two languages.
    """
    return locale if speaks(locale) else source_locale(locale)


def source_locale(locale: str) -> str:
    """English as it is written in the territory of `locale`, for texts that have no other
    language yet ("de_DE" becomes "en_DE")."""
    found = _locale(locale)
    if found.language == SOURCE_LANGUAGE:
        return locale
    try:
        return str(_locale(f"{SOURCE_LANGUAGE}_{found.territory or 'GB'}"))
    except UnknownLocaleError:
        return "en_GB"


def language(locale: str) -> str:
    """The language of a locale: "de_AT" is "de"."""
    return str(_locale(locale).language)


@lru_cache
def languages() -> list[str]:
    """The languages there are texts in."""
    shipped = {folder.parent.name for folder in CATALOGUES.glob("*/LC_MESSAGES")}
    return sorted({SOURCE_LANGUAGE, *shipped})


def own_name(language: str) -> str:
    """What a language calls itself: "Deutsch"."""
    name = _locale(language).get_display_name(language) or language
    return name[0].upper() + name[1:]


def readers_locale(wished: Iterable[str], *known: str) -> str:
    """The locale for somebody who reads these languages.

    `wished`: language tags, the dearest first, as a browser sends them. `known`: the locales that
    are known of this reader and of the house, the surest first. One of these in a wished language
    is taken before what the browser says: most English browsers say "en-US", wherever they are,
    and the times of a house in London are not to be shown as 2:00 PM for that.
    """
    for tag in wished:
        try:
            wanted = _locale(tag.replace("-", "_"))
        except (ValueError, UnknownLocaleError):
            continue
        if speaks(str(wanted)):
            alike = (each for each in known if language(each) == wanted.language)
            return next(alike, str(wanted))
    return text_locale(known[0])


def speaks(locale: str) -> bool:
    """True when there are texts in the language of this locale."""
    return language(locale) in languages()


def translations(locale: str) -> _gettext.NullTranslations:
    """The catalogue of a locale: `_ = translations(locale).gettext`. English needs none."""
    return _gettext.translation("django", CATALOGUES, languages=[language(locale)], fallback=True)


def direction(locale: str) -> str:
    """The value of the `dir` attribute: "rtl" or "ltr"."""
    return _locale(locale).text_direction


def language_tag(locale: str) -> str:
    """The BCP 47 tag for the `lang` attribute: "en_GB" is "en-GB"."""
    return str(_locale(locale)).replace("_", "-")


# Times and dates


def format_time(instant: datetime, zone: str, locale: str) -> str:
    """Like "09:30" or "9:30 AM"; "02:30 (UTC+1)" in the hour that is repeated."""
    local = _local(instant, zone)
    time = _plain(_format_time(local.replace(tzinfo=None), "short", locale=_locale(locale)))
    return f"{time} ({_offset(local)})" if _is_ambiguous(local) else time


def format_date(instant: datetime, zone: str, locale: str) -> str:
    """Like "Tuesday 14 July 2026"."""
    return _date(_local(instant, zone).date(), locale, _full_pattern(locale))


def format_date_short(instant: datetime, zone: str, locale: str) -> str:
    """Like "Tue 14 July 2026", with a short weekday, for subjects and narrow places."""
    pattern = _full_pattern(locale).replace("EEEE", "EEE").replace("cccc", "ccc")
    return _date(_local(instant, zone).date(), locale, pattern)


def format_weekday(instant: datetime, zone: str, locale: str) -> str:
    """Like "Tue"."""
    return _date(_local(instant, zone).date(), locale, "EEE")


def format_weekday_long(instant: datetime, zone: str, locale: str) -> str:
    """Like "Tuesday"."""
    return _date(_local(instant, zone).date(), locale, "cccc")


def format_days(first: date, last: date, locale: str) -> str:
    """Like "1 – 7 March 2027": two days of the calendar and all between them."""
    return _plain(_format_interval(first, last, "yMMMMd", locale=_locale(locale)))


def format_wall(at: time, locale: str) -> str:
    """What a clock on the wall shows, of no day in particular: "09:00" or "9:00 AM"."""
    return _plain(_format_time(at, "short", locale=_locale(locale)))


def first_weekday(locale: str) -> int:
    """On which day the week begins there (0: Monday)."""
    return int(_locale(locale).first_week_day)


def format_when(start: datetime, end: datetime, zone: str, locale: str) -> str:
    """Like "Tuesday 14 July 2026, 09:30–10:15 (Berlin time)"; two dates when they differ."""
    return f"{_span(start, end, zone, locale)} ({zone_name(zone, locale)})"


def format_both(start: datetime, end: datetime, primary: str, secondary: str, locale: str) -> str:
    """The time in the primary zone, and the start in the secondary if its clocks differ just then.

    Like "Tuesday 14 July 2026, 09:30–10:15 Berlin time (16:30 Tokyo time)", with the date in the
    brackets when it is another one there. Two zones that show the same time then are written once.
    """
    if _same_clock(start, end, primary, secondary):
        return format_when(start, end, primary, locale)
    there = _elsewhere(start, primary, secondary, locale)
    return f"{_span(start, end, primary, locale)} {zone_name(primary, locale)} ({there})"


def _elsewhere(start: datetime, primary: str, secondary: str, locale: str) -> str:
    there = f"{format_time(start, secondary, locale)} {zone_name(secondary, locale)}"
    if _local(start, primary).date() != _local(start, secondary).date():
        there = f"{format_date(start, secondary, locale)}, {there}"
    return there


def format_start(start: datetime, place: str, reader: str, locale: str) -> str:
    """The time of day at the place, and where the reader lives if the clocks differ just then.

    Like "09:30", or "09:30 Berlin time (16:30 Tokyo time)", with the date in the brackets when it
    is another one there.
    """
    time = format_time(start, place, locale)
    if _same_clock(start, start, place, reader):
        return time
    return f"{time} {zone_name(place, locale)} ({_elsewhere(start, place, reader, locale)})"


def relative_day(now: datetime, start: datetime, zone: str, locale: str) -> str:
    """Like "today" or "tomorrow" by the calendar of the zone, else the date with its weekday."""
    days = (_local(start, zone).date() - _local(now, zone).date()).days
    _ = translations(locale).gettext
    if speaks(locale) and days == 0:
        return _("today")
    if speaks(locale) and days == 1:
        return _("tomorrow")
    return format_date(start, zone, locale)


def format_duration(duration: timedelta, locale: str) -> str:
    """Like "45 minutes" or "1 hour 30 minutes"; a part of a minute counts as none."""
    hours, minutes = divmod(duration // timedelta(minutes=1), 60)
    parts = [(hours, "duration-hour"), (minutes, "duration-minute")]
    said = [(number, unit) for number, unit in parts if number] or parts[1:]
    return _plain(
        " ".join(format_unit(number, unit, "long", locale=_locale(locale)) for number, unit in said)
    )


def zone_name(zone: str, locale: str) -> str:
    """The zone as a place people know: "New York time"; "UTC" and fixed offsets as such."""
    name = _zone(zone).key
    if name.split("/")[-1] in {"UTC", "UCT", "GMT", "Zulu", "Universal", "Greenwich"}:
        return "UTC"
    if name.startswith("Etc/"):
        return _offset(datetime(2000, 1, 1, tzinfo=_zone(zone)))
    place = get_timezone_location(_zone(zone), locale=_locale(locale), return_city=True)
    # CLDR answers "Argentina/Buenos Aires" for zones with a middle part; and its patterns, "Berlin
    # Time" and "Berlin (Ortszeit)", are made for titles and not for the middle of a sentence.
    place = place.rsplit("/", 1)[-1]
    if speaks(locale):
        return translations(locale).gettext("%(place)s time") % {"place": place}
    return str(_locale(locale).zone_formats["region"] % place)


# Money


def format_money(amount_minor: int, currency: str, locale: str) -> str:
    """An amount given in the currency's smallest unit: 4500 EUR is "€45.00"."""
    amount = Decimal(amount_minor).scaleb(-minor_digits(currency))
    return _plain(format_currency(amount, currency.upper(), locale=_locale(locale)))


def minor_digits(currency: str) -> int:
    """How many digits the smallest unit of a currency has: 2 for EUR, 0 for JPY, 3 for KWD."""
    return get_currency_precision(currency.upper())


def format_phone(number: str) -> str:
    """A number as people write it, like "+44 20 7946 0123"; what is no number stays as it is."""
    try:
        parsed = phonenumbers.parse(number)
    except phonenumbers.NumberParseException:
        return number
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.INTERNATIONAL)


# Below this line: how


@lru_cache(maxsize=256)
def _locale(identifier: str) -> Locale:
    return Locale.parse(identifier)


@lru_cache(maxsize=1024)
def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError) as error:  # not found; leaves the folder; is a folder
        raise UnknownZone(f"{name!r} is not a time zone; write one like Europe/Berlin") from error


def _local(instant: datetime, zone: str) -> datetime:
    if instant.utcoffset() is None:
        raise ValueError("a time without its zone cannot be shown truthfully")
    return instant.astimezone(_zone(zone))


def _is_ambiguous(local: datetime) -> bool:
    """True in the repeated hour, where one wall-clock time stands for two instants.

    The skipped hour looks the same from here, but no instant ever shows a time inside it.
    """
    return local.replace(fold=0).utcoffset() != local.replace(fold=1).utcoffset()


def _same_clock(start: datetime, end: datetime, one: str, other: str) -> bool:
    return all(
        _local(instant, one).utcoffset() == _local(instant, other).utcoffset()
        for instant in (start, end)
    )


def _span(start: datetime, end: datetime, zone: str, locale: str) -> str:
    first, last = format_time(start, zone, locale), format_time(end, zone, locale)
    day, last_day = format_date(start, zone, locale), format_date(end, zone, locale)
    if day != last_day:
        return f"{day}, {first} – {last_day}, {last}"
    dash = "–" if len(first) <= 5 and len(last) <= 5 else " – "
    return f"{day}, {first}{dash}{last}"


def _offset(local: datetime) -> str:
    """Like "UTC+2" or "UTC−3:30"."""
    offset = local.utcoffset() or timedelta()
    minutes = abs(offset) // timedelta(minutes=1)
    sign = "−" if offset < timedelta() else "+"
    return f"UTC{sign}{minutes // 60}" + (f":{minutes % 60:02}" if minutes % 60 else "")


def _full_pattern(locale: str) -> str:
    # Our sentences and subjects separate facts by commas, so English loses the one after the
    # weekday where the day follows ("Tuesday 14 July 2026"); "Tuesday, July 14, 2026" needs it.
    pattern: str = _locale(locale).date_formats["full"].pattern
    return pattern.replace("EEEE, d ", "EEEE d ") if _locale(locale).language == "en" else pattern


def _date(day: date, locale: str, pattern: str) -> str:
    return _plain(_format_date(day, pattern, locale=_locale(locale)))


def _plain(text: str) -> str:
    """Plain spaces for CLDR's thin and narrow ones, which older mail programs show as boxes."""
    return text.translate({0x202F: " ", 0x2009: " ", 0x00A0: " "})

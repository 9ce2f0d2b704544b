"""docs/audit-files.md, written from the maps themselves so that it cannot be out of date."""

from __future__ import annotations

from collections.abc import Iterable

from kept.audit.history import Field
from kept.audit.reading import bookings, ics
from kept.audit.reading.mapping import Column, Map, Word, ready

# What a table can answer at all; the rest no table has.
_QUESTIONS = (
    (Field.BOOKED_AT, "booked at"),
    (Field.END, "ends at"),
    (Field.ATTENDED, "came"),
    (Field.MISSED, "did not come"),
    (Field.CANCELLED, "cancelled"),
    (Field.CANCELLED_AT, "cancelled at"),
    (Field.CANCELLED_BY, "by whom"),
    (Field.MOVES, "moved"),
    (Field.SERVICE, "service"),
    (Field.STAFF, "staff"),
    (Field.PERSON, "customer"),
    (Field.PRICE, "price"),
)

_ABOUT_COLUMNS = {
    Column.START: "when the appointment begins, with date and time in one column",
    Column.START_DATE: "only its date, where the time stands in another column",
    Column.START_TIME: "the time of day to `start_date`",
    Column.END: "when it ends",
    Column.END_DATE: "only the date of the end",
    Column.END_TIME: "the time of day of the end",
    Column.DURATION: "how many minutes it takes, instead of an end",
    Column.BOOKED_AT: "when it was booked",
    Column.SERVICE: "what is done",
    Column.STAFF: "with whom",
    Column.CHANNEL: "how it was booked",
    Column.PRICE: "the list price",
    Column.CURRENCY: "its currency, where it stands in a column of its own",
    Column.EMAIL: "the customer's e-mail address; like all that names them, it becomes a number",
    Column.PHONE: "the customer's phone number",
    Column.NAME: "the customer's name",
    Column.FIRST_NAME: "their first name",
    Column.LAST_NAME: "their last name",
    Column.CUSTOMER: "the customer, whatever stands there",
    Column.CANCELLED_AT: "when it was cancelled",
    Column.CANCELLED_BY: "who cancelled it (see `[cancelled_by]`)",
    Column.OUTCOME_AT: "when what became of it was written down",
    Column.CONFIRMED_AT: "when the confirmation went out",
    Column.ACKNOWLEDGED_AT: "when the customer said that they will come",
    Column.ATTENDED_AT: "when the customer was seen to arrive",
    Column.COMPLETED_AT: "when it was over",
    Column.PAID_AT: "when it was paid (files of payments); its day is what counts",
    Column.ID: "the booking's number",
    Column.MOVED_FROM: "the number of the booking it replaces",
    Column.MOVED_TO: "the number of the booking that replaces it",
    Column.ALL_DAY: "whether it is an entry for whole days",
    Column.ZONE: "the time zone of the row, as in Europe/Berlin",
    Column.CASE: "the number of the case (event logs)",
    Column.ACTIVITY: "what happened (event logs)",
    Column.TIMESTAMP: "when it happened (event logs)",
    Column.RESOURCE: "who did it (event logs)",
    Column.LATE_WINDOW: "how many minutes before the start a cancellation is late (event logs)",
    Column.SPARED: "whether nothing was to be confirmed, with a reason (event logs)",
}

_INTRODUCTION = """\
# Files the Revenue Audit reads

Written by `./run docs` from the maps in `src/kept/audit/reading/maps`. Do not edit it here.

The form is found from the content, not from the name; a file may be packed with gzip. Nothing that
is read is stored or sent. Names, addresses and phone numbers become numbers as they are read, with
a key that is thrown away at the end; notes and titles are not looked at.

| Form | What it is | Read as a stream |
|---|---|---|
| CSV | a table of bookings, one row a booked time, or an event log, one row an event | yes |
| ICS | a calendar (iCalendar), with its series, their exceptions and its own time zones | yes |
| XES | an event log (IEEE 1849) | yes |
| OCEL 2.0 | an event log of objects, as JSON, XML or SQLite | yes, gathered by appointment |

Events that do not stand together by case are gathered first. Beyond some thousands they go to a
temporary file for as long as that takes (about 110 MB for a million). It has no name, so that it is
gone with the program however that ends, and customers are only numbers in it.
"""

_RULES = """\
## How it is read

- **Every row is used, or dropped for one reason**, and the first page of the report says which,
  with the first lines concerned: dated before its booking, ends before it starts, all-day, longer
  than 24 hours, without a start, of an unknown time zone, marked as over before its time, an exact
  duplicate, a heading or a total, more cells than headings.
- **Whether 03/04/2026 is in March or in April** is decided once for the whole file, by the dates
  that can only be one of the two, or asked, or refused; never row by row. The same holds for
  1.234 in prices.
- **Times without a zone** are read in the zone of the business, and counted as such. In the hour
  that comes twice in autumn the first is meant.
- **That somebody came is never made up** from a booking that is still there. Without a mark its
  outcome is unknown, and rates are given with their bounds.
- **Payments** named beside the bookings (a part of the map with `joined_by = "customer and day"`)
  are joined by customer and local day: who paid on the day of their only booking came. It is a
  rule, so what rests on it is graded as inferred. A payment that could belong to several bookings
  of that day belongs to none and is counted; so is one that names nobody, or falls on a day without
  a booking. One for a booking that was cancelled or missed is a fee, and no visit. Who did not pay
  may have come as well.
- **A status that no map explains** is asked for, or refused with its value and line.
- A walk-in written down after it began, on the same day, is used without its booking time. In a
  calendar that holds for later days as well: calendars are filled in afterwards.
- A series in a calendar is followed up to now, or for a year beyond where it has an end. When one
  of its dates was booked is not known.
- Of XML, document types are refused (they can hold harmful entities). Lines of more than a million
  characters, and series that repeat more often than daily, are refused as well.
"""

_OWN = """\
## A map of your own

A map says which heading is what. Let yourself be asked (`kept audit FILE` at a terminal, with
`--save-map FILE`), or write one, and name it with `--map FILE`:

```toml
name = "our-diary"
kind = "bookings"                 # or "events"
recognised_by = ["Termin am"]     # headings by which the file is known

[columns]                         # ours = theirs; of several the first that is filled counts
start = "Termin am"
end = "bis"
booked_at = "angelegt"
service = "Leistung"
price = "Preis"
email = ["E-Mail", "E-Mail privat"]
name = "Kunde"

[times]
order = "day first"               # or "month first"; without it the file decides
zone = "Europe/Berlin"            # of times without one; without it the zone of the business

[money]
decimal = ","
currency = "EUR"

[[status]]                        # of several, the first that says more than "booked" counts
column = "Status"
[status.means]
erschienen = "attended"
"nicht erschienen" = "missed"
abgesagt = "cancelled"
gebucht = "booked"

[cancelled_by]                    # values of the column cancelled_by that mean the business
business = ["Praxis"]

[cannot]                          # what this source cannot know, and why; the report says so
messages = "The diary does not know of reminders."
```

Some cash registers export bookings, cancellations and no-shows as files of their own. A map can
say so, and `kept audit bookings.csv cancelled.csv missed.csv --map FILE` joins them by the number:

```toml
name = "our-register"

[[part]]
name = "bookings"
recognised_by = ["Booking No", "Begin"]
columns = { id = "Booking No", start = "Begin", price = "Price" }

[[part]]
name = "cancellations"
recognised_by = ["Booking No", "Cancelled On"]
outcome = "cancelled"             # what all rows of this file became
columns = { id = "Booking No", cancelled_at = "Cancelled On" }

[[part]]
name = "no-shows"
recognised_by = ["Booking No", "Missed On"]
outcome = "missed"
columns = { id = "Booking No", outcome_at = "Missed On" }
```

An event log's map has `kind = "events"`, the columns `case`, `activity` and `timestamp`, and a
section `[activities]` with the same words; for OCEL, `object_types` names the objects that are
appointments. XES attributes (`concept:name`, `time:timestamp`) are found by themselves, others by
their keys.
"""


def pages() -> dict[str, str]:
    """The page, by its name in docs/."""
    return {"audit-files.md": "\n".join(_blocks())}


def _blocks() -> Iterable[str]:
    yield _INTRODUCTION
    yield "## What each source can answer\n"
    yield from _answers()
    yield ""
    for each in ready().values():
        yield from _tool(each)
    yield from _calendar()
    yield _RULES
    yield _OWN
    yield from _vocabulary()


def _answers() -> Iterable[str]:
    yield f"| Source | {' | '.join(words for _, words in _QUESTIONS)} |"
    yield f"|---|{'---|' * len(_QUESTIONS)}"
    for each in ready().values():
        if each.kind == "bookings":
            yield _row(each.title, bookings.can_know(each))
    everything = ics.Found(created=True, categories=True, attendees=True)
    yield _row("Calendar (ICS)", everything.knows())
    yield ""
    yield "“yes”: where the file says it. Event logs answer what their activities and facts say."


def _row(title: str, known: frozenset[Field]) -> str:
    return f"| {title} | {' | '.join('yes' if f in known else '–' for f, _ in _QUESTIONS)} |"


def _tool(each: Map) -> Iterable[str]:
    yield f"### {each.title} (`{each.name}`)\n"
    yield " ".join(each.about.split())
    if not each.verified:
        yield "\n**Its headings could not be verified.**"
    yield ""
    yield f"Known by: {', '.join(f'`{h}`' for part in each.parts for h in part.recognised_by)}."
    said = tuple(dict.fromkeys((*each.notes, *each.cannot.values())))
    if said:
        yield ""
    yield from (f"- {sentence}" for sentence in said)
    yield ""


def _calendar() -> Iterable[str]:
    yield "### Calendars (ICS)\n"
    yield from (f"- {sentence}" for sentence in ics.NOTES)
    yield (
        "- It answers how long ahead entries are made (CREATED) and how the hours are filled; what"
        " was read says how many were changed afterwards (SEQUENCE) and how many were entered after"
        " they began. It answers no rate of no-shows, cancellations or confirmations."
    )
    yield ""


def _vocabulary() -> Iterable[str]:
    yield "### Columns\n"
    yield "| Name | What it is |"
    yield "|---|---|"
    yield from (f"| `{column}` | {_ABOUT_COLUMNS[column]} |" for column in Column)
    yield ""
    yield "### What a status or an activity can mean\n"
    yield ", ".join(f"`{word}`" for word in Word) + "."
    yield (
        "\n`nothing` says nothing about the outcome; `no appointment` drops the row. A ready map's"
        " words are in its file.\n"
    )

"""Facts to write messages from."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from kept.outbox.texts.compose import Facts

START = datetime(2026, 7, 14, 7, 30, tzinfo=UTC)


def facts(**changes) -> Facts:
    start = changes.get("start", START)
    whole = Facts(
        business_name="Riverside Foot Clinic",
        business_phone="+44 20 7946 0123",
        business_email="hello@riverside.example.com",
        business_address="12 Canal Street, Riverton",
        business_zone="Europe/Berlin",
        service_name="Foot care",
        staff_name="Dr Mara Lind",
        start=start,
        end=start + timedelta(minutes=45),
        zone="Europe/Berlin",
        place="12 Canal Street, Riverton, 2nd floor",
        customer_name="Ann Example",
        locale="en_GB",
        reference="K4-7Q2M",
        customer_url="https://book.example.com/a/k4-7q2m-3f9d",
        now=start - timedelta(days=13),
        place_url="https://maps.example.com/?q=12+Canal+Street&z=1",
        directions="Parking in the yard; ring twice.",
        price_text="€45.00, of which €10.00 is paid",
        change_deadline=start - timedelta(hours=2),
        to_prepare=("Fill in the form about your feet", "Bring your usual shoes"),
        acknowledge_url="https://book.example.com/a/k4-7q2m-3f9d/answer",
        previous_start=start - timedelta(days=1, hours=2),
        previous_end=start - timedelta(days=1, hours=1, minutes=15),
        cancelled_by="business",
        reason="Dr Lind is ill.",
        booking_url="https://book.example.com/riverside",
    )
    return replace(whole, **changes)


def remote(**changes) -> Facts:
    call = {
        "remote": True,
        "place": "Video call",
        "place_url": "https://meet.example.com/abc",
        "directions": "",
        "customer_zone": "Asia/Tokyo",
    }
    return facts(**(call | changes))

"""An export as a booking tool would give it, written by hand."""

HEAD = "booked_at,start,end,status,service,price,customer"


def rows(number=60):
    """So many visits, one an hour; every tenth was missed, every fifteenth cancelled late."""
    yield HEAD
    for place in range(number):
        day, hour = 1 + place // 8, 9 + place % 8
        status = "no show" if place % 10 == 3 else "cancelled" if place % 15 == 7 else "completed"
        yield (
            f"2025-01-{10 + place % 20:02} 10:00,2025-02-{day:02} {hour:02}:00,"
            f"2025-02-{day:02} {hour:02}:45,{status},Foot care,60.00,person{place}@example.com"
        )


def write(folder, text=None, name="bookings.csv"):
    """The file, in this folder."""
    place = folder / name
    place.write_text(text if text is not None else "\n".join(rows()) + "\n", encoding="utf-8")
    return place

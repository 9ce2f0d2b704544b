"""Clocks on walls, as the tests of time read them."""


def wall_time(moment, zone):
    """What the clocks of `zone` show at that instant: naive, `fold` 1 on a second occurrence."""
    return moment.astimezone(zone).replace(tzinfo=None)

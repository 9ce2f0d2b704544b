"""The rules of the time zones: which ones this installation goes by, and what new ones changed."""

from __future__ import annotations

from kept.appointments import zone_rules
from kept.cli import out
from kept.clock import queries as clock
from kept.lib.zone_edition import edition


def follow() -> None:
    """Keep every appointment at its wall time when the rules are new; say what that changed."""
    try:
        done = zone_rules.follow(edition(), clock.now(), clock.real_now())
    except zone_rules.OlderRules as older:
        out.note(str(older))
        return
    if done is None or not (done.shifted or done.escalated or done.closures):
        return
    out.note(
        f"New time-zone rules ({done.edition or 'edition not named'}). Of the appointments ahead "
        f"({done.looked_at}), at the same time on the clock but another instant: {done.shifted}; "
        f"left to a person: {done.escalated}. Closures moved along: {done.closures}."
    )


def show(*, as_json: bool) -> None:
    """Print the edition in use, those before it, and what is out of step with it."""
    present, behind = edition(), list(zone_rules.out_of_step(clock.now()))
    history = zone_rules.editions()
    if as_json:
        out.data(
            {
                "edition": present or None,
                "out_of_step": len(behind),
                "history": [
                    {
                        "edition": each.edition or None,
                        "used_from": each.used_from,
                        "looked_at": each.looked_at,
                        "shifted": each.shifted,
                        "escalated": each.escalated,
                    }
                    for each in history
                ],
            }
        )
        return
    out.line(f"Time-zone rules of this machine: {present or 'the edition is not named'}.")
    for each in history:
        out.line(
            f"  {each.edition or '-'}  since {each.used_from:%Y-%m-%d %H:%M} UTC: "
            f"{each.shifted} of {each.looked_at} appointments ahead shifted, "
            f"{each.escalated} left to a person"
        )
    if behind:
        out.line(f"Appointments out of step: {len(behind)}. Start Kept again to set them right.")

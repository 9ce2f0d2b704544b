"""A record that cannot be read any more: who asks for it is told so, and whom to turn to."""

from __future__ import annotations


class Damaged(Exception):
    """`name` is what people call it (a reference), `why` what is wrong, for whoever runs Kept.

    `business` and `phone` say who can be asked meanwhile.
    """

    def __init__(self, name: str, why: str, *, business: str, phone: str = "") -> None:
        super().__init__(f"The record of {name} {why}.")
        self.name, self.why, self.business, self.phone = name, why, business, phone

"""The inbox of the demo: every letter is accepted at once and none leaves.

What was said stands in the outbox, in its final words, so nothing has to be stored here.
"""

from kept.channels.base import Letter, Receipt
from kept.channels.email.mime import build


class InboxTransport:
    """Accepts every letter that could be sent, so that the demo fails where real mail would."""

    name = "inbox"
    capable_of_invitations = True

    def prepare(self) -> None:
        pass

    def hand_over(self, letter: Letter) -> Receipt:
        build(letter)
        return Receipt("kept in the demo inbox")

    def close(self) -> None:
        pass

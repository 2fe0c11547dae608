"""What a client asked for when it opened a stream or a poll, checked and allowed."""

from __future__ import annotations

import msgspec

from sse_presence.domain.cursor import NO_TICKET, interest_digest, stored_digest
from sse_presence.domain.interest import Interest, StoredInterest
from sse_presence.domain.rights import Identity


class Opening(msgspec.Struct, frozen=True, kw_only=True):
    """One request for events."""

    interest: Interest
    caller: Identity
    """Whose rights decide which members, and what of a changed interest, may be watched."""
    stored: StoredInterest | None = None
    """Where the interest is a stored one: it is followed."""
    device: str | None = None
    """The viewer's device that this stream keeps attached."""
    last_event_id: str = ""
    pad: bool = False
    expires: int | None = None
    """When the credentials end, in milliseconds since the epoch."""
    ticket: bytes = NO_TICKET
    """The tag of the ticket that let it in; its cursors carry it on."""
    patience: int | None = None
    """For a poll: milliseconds after which it answers, whatever there is to tell."""

    @property
    def digest(self) -> bytes:
        """What the cursors of its stream are bound to."""
        rights = self.caller.rights
        if self.stored is not None:
            return stored_digest(self.stored.owner, self.stored.id, rights)
        return interest_digest(self.interest, rights)

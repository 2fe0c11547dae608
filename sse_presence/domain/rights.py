"""Who is calling, and what that caller may do. Deny by default: what is not granted is refused.

`Rights` has the shape of the claim `presence` of a token, so a claim of another shape is no grant at all.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from sse_presence.domain.cursor import NO_TICKET

Role = Literal["publish", "monitor", "admin"]

Prefixes = str | tuple[str, ...]
"""One prefix or several; `""` begins every id, and no prefix begins none."""


class Rights(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What was granted. Roles that are not known grant nothing, and no role contains another."""

    watch: frozenset[str] = frozenset()
    """Users who may be watched."""
    channels: frozenset[str] = frozenset()
    """Channels to type in, be listed in and see the members of."""
    watch_prefix: Prefixes = ()
    channel_prefix: Prefixes = ()
    roles: frozenset[str] = frozenset()


EVERYTHING = Rights(watch_prefix="", channel_prefix="", roles=frozenset({"publish", "monitor", "admin"}))
"""Every right there is, for open mode and for applications that decide themselves who gets through."""


class Identity(msgspec.Struct, frozen=True, kw_only=True):
    """A caller whose credentials were good."""

    user: str
    rights: Rights = Rights()
    issued: int | None = None
    """When they were issued, likewise; None for those that no disconnection ends."""
    expires: int | None = None
    """When the credentials end, in milliseconds since the epoch; None if they do not."""
    parameters: frozenset[str] = frozenset()
    """Query parameters that may carry credentials; no call refuses them as unknown."""
    ticket: bytes = NO_TICKET
    """The tag of the ticket that was shown, for the cursors of what is opened with it."""

    def may_watch(self, user: str) -> bool:
        """Whether the caller may see a user's record; one's own always."""
        rights = self.rights
        return user == self.user or user in rights.watch or user.startswith(rights.watch_prefix)

    def may_enter(self, channel: str) -> bool:
        """Whether the caller may type in a channel, be listed in it and see who is there."""
        return channel in self.rights.channels or channel.startswith(self.rights.channel_prefix)

    def has(self, role: Role) -> bool:
        """Whether the caller has a role."""
        return role in self.rights.roles

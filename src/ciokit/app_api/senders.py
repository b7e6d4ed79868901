"""Sender identities: who messages come from, and which messages use whom."""

from __future__ import annotations

from typing import Literal, NotRequired, TypedDict

from ciokit.app_api import checks
from ciokit.core.endpoint import Group, Path, Query, S, endpoint, paged
from ciokit.core.retry import Retry


class Sender(TypedDict):
    """A sender: an e-mail address with a name (`address` is both together), or a phone number."""

    id: int
    deduplicate_id: NotRequired[str]
    name: str
    email: NotRequired[str]
    address: NotRequired[str]
    template_type: Literal["email", "phone"]
    auto_generated: bool
    hidden: NotRequired[bool]
    phone: NotRequired[str]


class SenderAnswer(TypedDict):
    """A sender, under `sender_identity`."""

    sender_identity: Sender


class SenderUses(TypedDict):
    """The numbers of the campaigns and newsletters a sender is named in."""

    campaigns: list[int]
    sent_newsletters: list[int]
    draft_newsletters: list[int]


class Senders(Group[S]):
    """What the App API says about sender identities."""

    @paged("app", "GET", "/v1/sender_identities", items="sender_identities", docs="listSenders", check=checks.page_of())
    def find(
        self,
        *,
        hidden: Query[bool | None] = None,
        sort: Query[Literal["asc", "desc"] | None] = None,
        start: Query[str | None] = None,
        limit: Query[int | None] = None,
    ) -> list[Sender]:
        """Yield the senders of the workspace, page by page.

        Args:
            hidden: True adds the hidden ones.
            sort: rising or falling.
            start: the cursor to go on from.
            limit: senders a page; the vendor states neither default nor maximum.
        """
        ...

    @endpoint("app", "GET", "/v1/sender_identities/{sender_id}", retry=Retry.SAFE, docs="getSender")
    def get(self, sender_id: Path[int]) -> SenderAnswer:
        """Return one sender.

        Raises:
            RefusedError: 404, there is no such sender.
        """
        ...

    @endpoint("app", "GET", "/v1/sender_identities/{sender_id}/used_by", retry=Retry.SAFE, docs="getSenderUsage")
    def used_by(self, sender_id: Path[int]) -> SenderUses:
        """Return the campaigns and newsletters that use a sender.

        Raises:
            RefusedError: 404, there is no such sender.
        """
        ...

"""What a workspace sends and has sent: templates, broadcasts, campaigns, newsletters, deliveries and their events.

Plain state, without HTTP and without rules: `ciokit.emulator.deliveries` makes deliveries and lets them live.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from ciokit.app_api.types import AudienceFilter

if TYPE_CHECKING:
    from ciokit.emulator.world import Person

Medium = Literal["email", "webhook", "twilio", "whatsapp", "slack", "push", "in_app", "inbox", "live_notification"]
"""How a message travels; `twilio` is SMS."""

SourceKind = Literal["transactional", "broadcast", "campaign", "newsletter"]
SourceKey: TypeAlias = tuple[SourceKind, int]

Happened = Literal[
    "created",
    "drafted",
    "attempted",
    "sent",
    "delivered",
    "opened",
    "clicked",
    "converted",
    "deferred",
    "bounced",
    "spammed",
    "unsubscribed",
    "dropped",
    "failed",
    "undeliverable",
]


@dataclass(slots=True)
class Content:
    """One message in one language ("" is the default): `fields` are those of the wire, such as `subject` and `body`.

    `parent` is the content it translates, `group` the test group of a newsletter it belongs to.
    """

    id: int
    type: Medium
    language: str
    fields: dict[str, Any]
    parent: int | None = None
    group: int = 0
    name: str = ""
    created: int = 0
    updated: int = 0


@dataclass(slots=True)
class Run:
    """One trigger of a broadcast, worked off at `due`; `lines` are its recipients with the data of each.

    A line is `(kind, identifier, data)`; `audience` is there instead where a filter chooses. `errors` are lines of
    text.
    """

    id: int
    created: int
    due: float
    data: dict[str, Any]
    lines: list[tuple[str, str, dict[str, Any]]] | None
    audience: AudienceFilter | None
    skip_missing: frozenset[str]
    errors: list[str] = field(default_factory=list[str])
    processed: int | None = None


@dataclass(slots=True)
class Source:
    """What sends messages. `settings` are the rest of what answers show of it.

    `contents`: of broadcasts and campaigns one for each step, of the others one for each language; translations follow.
    `audience`: of broadcasts and newsletters. `runs`: of broadcasts. `groups`, `sent`, `scheduled`: of newsletters.
    """

    kind: SourceKind
    id: int
    name: str
    created: int
    updated: int
    contents: list[Content] = field(default_factory=list["Content"])
    settings: dict[str, Any] = field(default_factory=dict[str, Any])
    audience: AudienceFilter | None = None
    runs: list[Run] = field(default_factory=list["Run"])
    groups: list[int] = field(default_factory=list[int])
    sent: int | None = None
    scheduled: int | None = None

    @property
    def key(self) -> SourceKey:
        """What deliveries name it by."""
        return (self.kind, self.id)

    def steps(self) -> list[Content]:
        """Return the contents that translate no other."""
        return [content for content in self.contents if content.parent is None]

    def content(self, content_id: int) -> Content | None:
        """Return a content by its number."""
        return next((content for content in self.contents if content.id == content_id), None)

    def translation(self, step: Content, language: str) -> Content | None:
        """Return the content that translates a step into just this language."""
        return next((each for each in self.contents if each.parent == step.id and each.language == language), None)

    def in_language(self, step: Content, language: str) -> Content:
        """Return a step in a language, its region left out if need be, or the step itself."""
        for wanted in dict.fromkeys((language, language.partition("-")[0])):
            found = self.translation(step, wanted)
            if wanted and found is not None:
                return found
        return step


@dataclass(slots=True)
class Order:
    """What a delivery is made of when it leaves: the fields still unrendered, and what Liquid is given for `trigger`.

    `to` is the recipient as given, Liquid or not; "" leaves it to the person's profile. `identifier` is how whoever
    sends it named the person. `device` is the token of one that a push brings along, and the profile may not have yet.
    `topic` is the number of the subscription topic it is about. `hopeless` says why it cannot reach anybody, and makes
    it undeliverable.
    """

    fields: dict[str, Any]
    data: dict[str, Any]
    to: str = ""
    draft: bool = False
    send_to_unsubscribed: bool = True
    topic: int | None = None
    identifier: str = ""
    device: str = ""
    hopeless: str = ""


@dataclass(slots=True, eq=False)
class Delivery:
    """One message to one person; `number` is its place in `Messaging.deliveries`.

    `metrics` holds the unix seconds each thing first happened at, `content` the rendered fields, `links` what can be
    clicked, `clicks` when which of them was. `keeps` says whether a copy is kept for the archive.
    """

    number: int
    id: str
    channel: Medium
    source: SourceKey | None
    person: Person | None
    created: int
    recipient: str = ""
    content_id: int | None = None
    parent_id: int | None = None
    run_id: int | None = None
    tracked: bool = True
    keeps: bool = True
    content: dict[str, Any] = field(default_factory=dict[str, Any])
    metrics: dict[str, int] = field(default_factory=dict[str, int])
    failure: str = ""
    links: list[str] = field(default_factory=list[str])
    clicks: list[tuple[int, str]] = field(default_factory=list[tuple[int, str]])

    def of(self, kind: SourceKind) -> int | None:
        """Return the number of its source if it is of this kind."""
        return self.source[1] if self.source is not None and self.source[0] == kind else None


@dataclass(slots=True)
class LiveOne:
    """A live notification on devices of a person: times in unix seconds, `sent` what brought each change, in order.

    `content` and `attributes` are what it shows; `tokens` are the devices it is on.
    """

    id: str
    kind: str
    person: Person | None
    platform: str
    tokens: list[str]
    attributes: dict[str, Any]
    content: dict[str, Any]
    started: int
    expires: int
    ended: int | None = None
    sent: list[tuple[Literal["start", "update", "end"], Delivery]] = field(
        default_factory=list['tuple[Literal["start", "update", "end"], Delivery]']
    )


@dataclass(frozen=True, slots=True)
class DeliveryEvent:
    """Something that happened to a delivery: a plain value that stays as it is. `number` counts from 0.

    `time` is in unix seconds. At most one of the four numbers of a source is set. `href` and `link_id` are of clicks,
    `failure` says why where it went wrong, `machine` whether it was no person who opened or clicked.
    """

    number: int
    type: Happened
    time: int
    delivery_id: str
    channel: Medium
    cio_id: str | None
    customer_id: str | None
    email: str | None
    recipient: str
    subject: str
    campaign_id: int | None
    broadcast_id: int | None
    newsletter_id: int | None
    transactional_message_id: int | None
    content_id: int | None
    action_id: int | None
    trigger_id: int | None
    href: str = ""
    link_id: int | None = None
    failure: str = ""
    machine: bool = False

    def as_dict(self) -> dict[str, Any]:
        """Return it as JSON has it."""
        return asdict(self)


Due: TypeAlias = Callable[[], None]


@dataclass(slots=True)
class Messaging:
    """All sources by kind and number, deliveries and their events in order, and what is still to come."""

    sources: dict[SourceKey, Source] = field(default_factory=dict[SourceKey, Source])
    deliveries: list[Delivery] = field(default_factory=list["Delivery"])
    by_id: dict[str, Delivery] = field(default_factory=dict[str, Delivery])
    events: list[DeliveryEvent] = field(default_factory=list["DeliveryEvent"])
    link_ids: dict[str, int] = field(default_factory=dict[str, int])
    bounced_tokens: dict[str, int] = field(default_factory=dict[str, int])
    live: dict[str, LiveOne] = field(default_factory=dict[str, LiveOne])
    last_trigger: dict[int, int] = field(default_factory=dict[int, int])
    _ahead: list[tuple[float, int, Due]] = field(default_factory=list[tuple[float, int, "Due"]])
    _orders: int = 0
    _contents: int = 0

    def of_kind(self, kind: SourceKind) -> list[Source]:
        """Return the sources of a kind, in order of their numbers."""
        return [self.sources[key] for key in sorted(self.sources) if key[0] == kind]

    def next_content(self) -> int:
        """Return the next number of a content; contents of all sources share one row of numbers."""
        self._contents += 1
        return self._contents

    def take_content(self, number: int) -> None:
        """Give no number up to this one to anything else."""
        self._contents = max(self._contents, number)

    def link_id(self, href: str) -> int:
        """Return the number of a link, which is the same wherever it stands."""
        return self.link_ids.setdefault(href, len(self.link_ids) + 1)

    def later(self, at: float, what: Due) -> None:
        """Let something happen at a time in unix seconds; of two at one time, the one asked for first."""
        self._orders += 1
        heapq.heappush(self._ahead, (at, self._orders, what))

    def due(self, until: float) -> Iterator[tuple[float, Due]]:
        """Yield, and take out, what is due by a time, in order; what is added meanwhile counts."""
        while self._ahead and self._ahead[0][0] <= until:
            at, _, what = heapq.heappop(self._ahead)
            yield at, what

    def of_source(self, key: SourceKey) -> list[Delivery]:
        """Return the deliveries of a source, oldest first."""
        return [delivery for delivery in self.deliveries if delivery.source == key]


def default_settings(kind: SourceKind) -> Mapping[str, Any]:
    """Return what a source shows of itself as long as nobody says otherwise."""
    if kind == "transactional":
        return {"description": "", "send_to_unsubscribed": True, "link_tracking": True, "open_tracking": True,
                "hide_message_body": False, "queue_drafts": False}  # fmt: skip
    if kind == "newsletter":
        return {"tags": []}
    return {"active": True, "state": "running", "tags": []}

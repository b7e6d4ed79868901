"""What a workspace holds besides people, objects and events: exports, imports, lists, texts, senders and settings.

Plain state, without HTTP: `ciokit.emulator.behaviour` alters and shows it.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Literal

from ciokit.app_api.imports import Extent
from ciokit.app_api.reporting_webhooks import ReportingWebhook
from ciokit.app_api.senders import Sender
from ciokit.app_api.snippets import Snippet
from ciokit.app_api.subscriptions import Channel, Topic
from ciokit.app_api.suppression import SuppressionType
from ciokit.emulator.library import Design, Library

ExportKind = Literal["customers", "deliveries"]
ImportKind = Literal["people", "event", "object", "relationship"]


@dataclass(slots=True)
class Export:
    """A file being made: it shows the world as it was when it was asked for, and can be read from `ready` on."""

    id: int
    kind: ExportKind
    description: str
    content: bytes
    rows: int
    created: int
    ready: float
    downloads: int = 0

    def done(self, now: float) -> bool:
        """Whether the file is there, at a time in unix seconds."""
        return now >= self.ready

    @property
    def finished(self) -> int:
        """The whole second the file was there at."""
        return math.ceil(self.ready)


@dataclass(slots=True)
class Import:
    """A file being read, into the world at `due`; `content` is None where its URL held nothing, and after the end.

    `failure` says why nothing at all was imported. Rows with faults are in the export numbered `errors`, rows that were
    taken in part in `warnings`.
    """

    id: int
    kind: ImportKind
    name: str
    description: str
    identifier: Literal["id", "email"] | None
    object_type_id: str | None
    extent: Extent
    created: int
    due: float
    content: bytes | None
    rows: int = 0
    imported: int = 0
    finished: int | None = None
    failure: str = ""
    errors: int | None = None
    warnings: int | None = None


@dataclass(slots=True)
class Collection:
    """A table for messages to look things up in; `content` is compact JSON: its rows, or one free-form object."""

    id: int
    name: str
    content: bytes
    rows: int
    schema: list[str]
    created: int
    updated: int


@dataclass(slots=True, frozen=True)
class Suppressed:
    """An address the e-mail provider does not deliver to."""

    email: str
    reason: str
    since: int


@dataclass(slots=True)
class Form:
    """A form that somebody handed in at least once; `fields` are the names of all it was ever sent, in order."""

    id: str
    created: int
    fields: dict[str, None] = field(default_factory=dict[str, None])
    submissions: int = 0


# Channels are part of the product, not of a workspace's data; the App API can only read them.
_CHANNELS: tuple[tuple[str, Literal["email", "twilio", "push", "in_app", "whatsapp"]], ...] = (
    ("Email", "email"),
    ("SMS", "twilio"),
    ("Push", "push"),
    ("In-app", "in_app"),
    ("WhatsApp", "whatsapp"),
)
CHANNELS: tuple[Channel, ...] = tuple(
    {"id": number, "name": name, "description": "", "type": kind, "subscribed_by_default": True}
    for number, (name, kind) in enumerate(_CHANNELS, 1)
)


def _first_sender() -> dict[int, Sender]:
    """A workspace is never without a sender: the account's own."""
    name, email = "Emulator", "hello@example.com"
    return {
        1: {
            "id": 1,
            "deduplicate_id": "1:0",
            "name": name,
            "email": email,
            "address": f"{name} <{email}>",
            "template_type": "email",
            "auto_generated": True,
            "hidden": False,
        }
    }


@dataclass(slots=True)
class Holdings:
    """Everything by its number, name or person.

    - `opt_outs`: by cio_id, the (channel, sender) pairs a person does not want.
    - `suppressions`: by kind and address in lower case, in the order they were made.
    - `attribute_notes`, `event_notes`: the data index, by name.
    """

    exports: dict[int, Export] = field(default_factory=dict[int, Export])
    imports: dict[int, Import] = field(default_factory=dict[int, Import])
    collections: dict[int, Collection] = field(default_factory=dict[int, Collection])
    snippets: dict[str, Snippet] = field(default_factory=dict[str, Snippet])
    topics: dict[int, Topic] = field(default_factory=dict[int, Topic])
    senders: dict[int, Sender] = field(default_factory=_first_sender)
    webhooks: dict[int, ReportingWebhook] = field(default_factory=dict[int, ReportingWebhook])
    opt_outs: dict[str, list[tuple[str, str]]] = field(default_factory=dict[str, "list[tuple[str, str]]"])
    suppressions: dict[tuple[SuppressionType, str], Suppressed] = field(
        default_factory=dict["tuple[SuppressionType, str]", Suppressed]
    )
    attribute_notes: dict[str, dict[str, Any]] = field(default_factory=dict[str, "dict[str, Any]"])
    event_notes: dict[str, dict[str, Any]] = field(default_factory=dict[str, "dict[str, Any]"])
    forms: dict[str, Form] = field(default_factory=dict[str, Form])
    assets: Library[int] = field(default_factory=Library[int])
    design: Design = field(default_factory=Design)
    _last: Counter[str] = field(default_factory=Counter[str])

    def number(self, noun: str, taken: Iterable[int]) -> int:
        """Return the next number of a noun: above all that were given out or are taken, and never one twice."""
        self._last[noun] = max((self._last[noun], *taken)) + 1
        return self._last[noun]

    def due_imports(self, until: float) -> list[Import]:
        """Return the imports that end by a time, in the order they do."""
        due = [each for each in self.imports.values() if each.finished is None and each.due <= until]
        return sorted(due, key=lambda each: (each.due, each.id))

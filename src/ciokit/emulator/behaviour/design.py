"""What the operations of Design Studio share: its kinds of nodes, and e-mails as they are kept, shown and compared."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

import orjson

from ciokit.app_api.design_studio_content import EmailContent, Envelope, EnvelopeInput, Transformers
from ciokit.emulator.behaviour.shelves import Noun, only_known
from ciokit.emulator.library import FOLDER, Library, Node
from ciokit.emulator.routing import ApiFault
from ciokit.emulator.world import World

EMAIL = "email"
TRANSLATION = "translation"
COMPONENT = "component"
_RECIPIENT = "{{customer.email}}"
_TYPES: Mapping[str, Any] = {"content": EmailContent, "envelope": EnvelopeInput, "transformers": Transformers}
_SENDERS = (("from_id", "from"), ("reply_to_id", "reply_to"))


def library(world: World) -> Library[str]:
    """Return the library of Design Studio."""
    return world.held.design.library


FOLDERS = Noun(library, FOLDER, "folder")
COMPONENTS = Noun(library, COMPONENT, "component")
EMAILS = Noun(library, EMAIL, "e-mail")


def either(world: World, id: str) -> Node[str]:
    """Return an e-mail or one of its languages, which have ids of their own; `ApiFault` 404 when there is neither."""
    return library(world).get(TRANSLATION, id) or EMAILS.known(world, id)


def group(world: World, node: Node[str]) -> Node[str]:
    """Return an e-mail in its default language."""
    return EMAILS.known(world, node.fields["group"]) if node.kind == TRANSLATION else node


def translations(world: World, email: Node[str]) -> list[Node[str]]:
    """Return the further languages of an e-mail, in the order they were added."""
    return [node for node in library(world).of_kind(TRANSLATION) if node.fields["group"] == email.id]


def language(node: Node[str]) -> str:
    """Return the language of an e-mail; the default one is empty."""
    return node.name if node.kind == TRANSLATION else ""


def checked(world: World, given: Mapping[str, Any]) -> dict[str, Any]:
    """Return those of content, envelope and transformers that were given.

    `ApiFault` 400 for an unknown field at any depth (App catalogue, `updateEmail`), and for a sender there is none of.
    """
    found = {name: value for name, value in given.items() if name in _TYPES and value is not None}
    for name, value in found.items():
        only_known(value, _TYPES[name], name)
    for field, _ in _SENDERS:
        number = found.get("envelope", {}).get(field)
        if number is not None and number not in world.held.senders:
            raise ApiFault(400, f"envelope.{field}: there is no such sender")
    return found


def merged(node: Node[str], given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the parts of an e-mail with what was given set; what is left out of a part stays [inferred]."""
    return {name: {**node.fields[name], **value} for name, value in given.items()}


def parts(given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the parts of a new e-mail; what was not given is empty."""
    return {name: dict(given.get(name) or {}) for name in _TYPES}


def envelope(world: World, node: Node[str]) -> Envelope:
    """Return an envelope as it is read back: with its defaults, and the senders' addresses beside their ids.

    [inferred]: what a language does not say of its own is as in the default one.
    """
    given = {**group(world, node).fields["envelope"], **node.fields["envelope"]}
    shown: dict[str, Any] = {"recipient": _RECIPIENT, "fake_bcc": True, **given}
    for field, name in _SENDERS:
        sender = world.held.senders.get(given.get(field) or 0)
        if sender is not None:
            shown[name] = sender.get("address") or sender.get("email") or ""
    return cast("Envelope", shown)


def whole(world: World, node: Node[str]) -> dict[str, Any]:
    """Return an e-mail, or one language of it, as answers show it."""
    email = group(world, node)
    return {
        **FOLDERS.shown(node, "group"),
        "parent_folder_id": email.parent,
        "is_template": email.fields["is_template"],
        "is_linked": email.id in world.held.design.targets,
        "available_languages": [language(each) for each in translations(world, email)],
        "envelope": envelope(world, node),
    }


def likeness(world: World, email: Node[str]) -> bytes:
    """Return what two states of an e-mail in all its languages are compared by."""
    nodes = [email, *translations(world, email)]
    state = {language(node): [node.fields[name] for name in _TYPES] for node in nodes}
    return orjson.dumps(state, option=orjson.OPT_SORT_KEYS)

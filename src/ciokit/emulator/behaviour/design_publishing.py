"""Design Studio's e-mails linked to messages and published into them, so that what is sent next is what was written.

Known: a message linked to another e-mail needs `force`; an e-mail that is not linked, has wrong Liquid or more than 50
languages, and a one-time send that is over, are 422; each language becomes a content of the message (App catalogue).

[inferred]: an e-mail in one language is there at once, one with several takes the switch `processing_seconds`.
"""

from __future__ import annotations

import json
from functools import partial
from typing import Any, cast

from ciokit.app_api.design_studio_emails import (
    DesignStudioEmails,
    EmailLink,
    LinkTarget,
    PublishedVersion,
    Publishing,
    PublishState,
    UnpublishedChanges,
)
from ciokit.emulator import library
from ciokit.emulator.behaviour import design
from ciokit.emulator.behaviour.design import EMAILS
from ciokit.emulator.behaviour.design_rendering import compiled, faults
from ciokit.emulator.behaviour.design_versions import save
from ciokit.emulator.library import Node, Target, TargetKind
from ciokit.emulator.messaging import Content, Source, SourceKind
from ciokit.emulator.routing import ApiFault, on
from ciokit.emulator.world import World

_MOST_LANGUAGES = 50
_NUMBERS: dict[TargetKind, str] = {
    "transactional_message": "transactional_message_id",
    "newsletter": "newsletter_id",
    "campaign_action": "action_id",
}
_KINDS: dict[TargetKind, tuple[SourceKind, ...]] = {
    "transactional_message": ("transactional",),
    "newsletter": ("newsletter",),
    "campaign_action": ("campaign", "broadcast"),
}


@on(DesignStudioEmails.link)
def link(world: World, id: str, target: LinkTarget, *, force: bool | None = None) -> EmailLink:
    """Link an e-mail to a message."""
    EMAILS.known(world, id)
    kind = target["type"]
    number = target.get(_NUMBERS[kind])
    if not isinstance(number, int):
        raise ApiFault(400, f"target.{_NUMBERS[kind]}: is needed with type {kind}")
    _, step = _known(world, kind, number)
    if step.type != "email":
        raise ApiFault(400, "target: is no e-mail")
    targets = world.held.design.targets
    other = next((email for email, each in targets.items() if each.content_id == step.id and email != id), None)
    if other is not None and not force:
        raise ApiFault(409, "target: is linked to another e-mail; `force` takes its place")
    if other is not None:
        del targets[other]
    targets[id] = Target(kind, number, step.id)
    return {"node_id": id, "target": target, "template_id": step.id}


@on(DesignStudioEmails.publish)
def publish(world: World, id: str) -> Publishing:
    """Bring an e-mail in all its languages into the message it is linked to."""
    email = EMAILS.known(world, id)
    held = world.held.design
    target = held.targets.get(id)
    if target is None:
        raise ApiFault(422, "the e-mail is linked to no message")
    nodes = [email, *design.translations(world, email)]
    source, step = _publishable(world, nodes, target)
    mappings: list[dict[str, Any]] = []
    for node in nodes:
        content = _content(world, source, step, node)
        fields = _fields(world, node)
        version = save(world, node, "Published", "", on_publish=True)
        mappings.append({"language": design.language(node), "node_id": node.id, "template_id": content.id,
                         "version_id": version.id})  # fmt: skip
        if len(nodes) == 1:
            _fill(world, content, fields)
        else:
            world.messaging.later(world.now + world.switches.processing_seconds, partial(_fill, world, content, fields))
    held.published[id] = design.likeness(world, email)
    done = cast("list[PublishedVersion]", mappings)
    if len(nodes) == 1:
        return {"status": "done", "mappings": done}
    publish_id = world.uuid()
    ready = world.now + world.switches.processing_seconds
    held.publishings[publish_id] = library.Publishing(id, ready, mappings)
    return {"status": "pending", "publish_id": publish_id}


@on(DesignStudioEmails.publish_status)
def publish_status(world: World, id: str, publish_id: str) -> PublishState:
    """Answer with how far a publishing is."""
    EMAILS.known(world, id)
    found = world.held.design.publishings.get(publish_id)
    if found is None or found.email != id:
        raise ApiFault(404, "there is no such publishing")
    if world.now < found.ready:
        return {"status": "pending"}
    return {"status": "done", "mappings": cast("list[PublishedVersion]", found.mappings)}


@on(DesignStudioEmails.unpublished_changes)
def unpublished_changes(world: World, id: str) -> UnpublishedChanges:
    """Answer with whether an e-mail is otherwise than it was published; one that never was is."""
    email = EMAILS.known(world, id)
    return {"has_unpublished_changes": world.held.design.published.get(id) != design.likeness(world, email)}


def _known(world: World, kind: TargetKind, number: int) -> tuple[Source, Content]:
    """Return what a target names: of actions a step of a campaign or broadcast, of the others the first content."""
    for source in (each for name in _KINDS[kind] for each in world.messaging.of_kind(name)):
        steps = source.steps()
        if kind == "campaign_action":
            step = next((each for each in steps if each.id == number), None)
        else:
            step = steps[0] if source.id == number and steps else None
        if step is not None:
            return source, step
    raise ApiFault(404, "target: there is no such message")


def _publishable(world: World, nodes: list[Node[str]], target: Target) -> tuple[Source, Content]:
    if len(nodes) > _MOST_LANGUAGES:
        raise ApiFault(422, f"the e-mail has {len(nodes)} languages, over the limit of {_MOST_LANGUAGES}")
    for node in nodes:
        wrong = faults(world, node)
        if wrong:
            raise ApiFault(422, f"{design.language(node) or 'the default language'}: {wrong[0]}")
    try:
        source, step = _known(world, target.kind, target.number)
    except ApiFault:
        raise ApiFault(422, "the message the e-mail is linked to is gone") from None
    if step.id != target.content_id:
        raise ApiFault(422, "the message the e-mail is linked to has other content now")
    if source.sent is not None:
        raise ApiFault(422, "the message the e-mail is linked to was sent already")
    return source, step


def _content(world: World, source: Source, step: Content, node: Node[str]) -> Content:
    """Return the content a language goes into, made if need be."""
    language = design.language(node)
    if not language:
        return step
    there = source.translation(step, language)
    if there is not None:
        return there
    made = Content(world.messaging.next_content(), "email", language, {}, step.id, step.group, step.name)
    made.created = made.updated = world.now
    source.contents.append(made)
    return made


def _fields(world: World, node: Node[str]) -> dict[str, Any]:
    """Return an e-mail as the fields of a message; what is empty stays as it was there."""
    content, bodies, envelope = node.fields["content"], compiled(world, node), design.envelope(world, node)
    headers = envelope.get("headers")
    fields = {
        "subject": content.get("subject"),
        "preheader_text": content.get("preheader_text"),
        "body": bodies["html"],
        "body_plain": bodies["text"],
        "body_amp": bodies["amp"],
        "from": envelope.get("from"),
        "from_id": envelope.get("from_id"),
        "reply_to": envelope.get("reply_to"),
        "reply_to_id": envelope.get("reply_to_id"),
        "recipient": envelope.get("recipient"),
        "bcc": envelope.get("bcc"),
        "fake_bcc": envelope.get("fake_bcc"),
        "headers": json.dumps(headers) if headers else None,
    }
    return {name: value for name, value in fields.items() if value not in (None, "")}


def _fill(world: World, content: Content, fields: dict[str, Any]) -> None:
    content.fields.update(fields)
    content.updated = world.now

"""Transactional messages: the templates, their translations, what was sent with them and what became of it."""

from __future__ import annotations

from typing import cast

from ciokit.app_api.messages import Delivery, DeliveryMetric, DeliveryState
from ciokit.app_api.metrics import LinksAnswer, MetricAnswer, Period
from ciokit.app_api.transactional import (
    Transactional,
    TransactionalContent,
    TransactionalContentAnswer,
    TransactionalContentListAnswer,
    TransactionalContents,
    TransactionalContentUpdate,
    TransactionalMessage,
    TransactionalMessageAnswer,
    TransactionalMessages,
)
from ciokit.core.endpoint import Page
from ciokit.emulator.behaviour import mailings
from ciokit.emulator.messaging import Content, Source
from ciokit.emulator.routing import ApiFault, on
from ciokit.emulator.world import World


@on(Transactional.find)
def find(world: World) -> TransactionalMessages:
    """Answer with all templates."""
    return {"messages": [_shown(source) for source in world.messaging.of_kind("transactional")]}


@on(Transactional.get)
def get(world: World, transactional_id: int) -> TransactionalMessageAnswer:
    """Answer with one template."""
    return {"message": _shown(_known(world, transactional_id))}


@on(Transactional.contents)
def contents(world: World, transactional_id: int) -> TransactionalContents:
    """Answer with every translation."""
    return {"contents": [_content(each) for each in _known(world, transactional_id).contents]}


@on(Transactional.get_content)
def get_content(world: World, transactional_id: int, content_id: int) -> TransactionalContentAnswer:
    """Answer with one translation; that of another message is a 400 (App spec)."""
    source = _known(world, transactional_id)
    return {"content": _content(_own(world, source, content_id))}


@on(Transactional.update_content)
def update_content(
    world: World, transactional_id: int, content_id: int, content: TransactionalContentUpdate
) -> TransactionalContentListAnswer:
    """Change one translation."""
    source = _known(world, transactional_id)
    found = _own(world, source, content_id)
    mailings.change(world, source, found, content, TransactionalContentUpdate)
    return {"content": [_content(found)]}


@on(Transactional.get_language)
def get_language(world: World, transactional_id: int, language: str) -> TransactionalContentListAnswer:
    """Answer with one translation by its language."""
    found = mailings.known_language(_known(world, transactional_id), None, language)
    return {"content": [_content(found)]}


@on(Transactional.update_language)
def update_language(
    world: World, transactional_id: int, language: str, content: TransactionalContentUpdate
) -> TransactionalContentListAnswer:
    """Change one translation by its language."""
    source = _known(world, transactional_id)
    found = mailings.known_language(source, None, language)
    mailings.change(world, source, found, content, TransactionalContentUpdate)
    return {"content": [_content(found)]}


@on(Transactional.messages)
def messages(
    world: World,
    transactional_id: int,
    *,
    metric: DeliveryMetric | None = None,
    state: DeliveryState | None = None,
    start_ts: int | None = None,
    end_ts: int | None = None,
    get_tracked_responses: bool = False,
    start: str | None = None,
    limit: int | None = None,
) -> Page[Delivery]:
    """Answer with what was sent."""
    del get_tracked_responses
    test = mailings.matching(_known(world, transactional_id), metric=metric, state=state)
    return mailings.shown(mailings.page(world, test, start, limit, start_ts or 0, end_ts))


@on(Transactional.metrics)
def metrics(world: World, transactional_id: int, *, period: Period = "days", steps: int | None = None) -> MetricAnswer:
    """Answer with counts over time."""
    return {"metric": {"series": mailings.counted(world, _known(world, transactional_id), period, steps)}}


@on(Transactional.links)
def links(
    world: World, transactional_id: int, *, period: Period = "days", steps: int | None = None, unique: bool = False
) -> LinksAnswer:
    """Answer with the clicks on each link."""
    return mailings.clicked(world, _known(world, transactional_id), period, steps, unique=unique)


def _known(world: World, number: int) -> Source:
    return mailings.known_source(world, "transactional", number)


def _own(world: World, source: Source, content_id: int) -> Content:
    found = source.content(content_id)
    if found is None:
        elsewhere = any(each.content(content_id) for each in world.messaging.of_kind("transactional"))
        raise ApiFault(400 if elsewhere else 404, "content_id: is no content of this message")
    return found


def _shown(source: Source) -> TransactionalMessage:
    hidden = ("trigger_name",)
    settings = {name: value for name, value in source.settings.items() if name not in hidden}
    times = {"created_at": source.created, "updated_at": source.updated}
    return cast("TransactionalMessage", {"id": source.id, "name": source.name, **settings, **times})


def _content(content: Content) -> TransactionalContent:
    row = {
        **content.fields,
        "id": content.id,
        "name": content.name,
        "language": content.language,
        "created": content.created,
        "updated": content.updated,
        **({"type": content.type} if content.type in ("email", "push") else {}),
    }
    return cast("TransactionalContent", row)

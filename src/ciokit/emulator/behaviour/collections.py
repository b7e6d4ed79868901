"""Collections: at most 10 MB each and 10 KB a row, or 400 (App spec, `/collections`).

[inferred]: a name is taken once; contents are what was stored, a list of rows under `data`; CSV is told from JSON by
what the file begins with.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from typing import Any, TypeGuard, cast

import orjson

from ciokit.app_api.collections import Collection, CollectionAnswer, CollectionList, Collections
from ciokit.emulator import holdings
from ciokit.emulator.behaviour import lookup
from ciokit.emulator.routing import ApiFault, Manner, on
from ciokit.emulator.world import World

_Rows = list[dict[str, Any]]


def _url(arguments: Mapping[str, Any]) -> str | None:
    return arguments.get("url")


@on(Collections.find)
def find(world: World) -> CollectionList:
    """Answer with all collections."""
    return {"collections": [_shown(each) for each in world.held.collections.values()]}


@on(Collections.create, Manner(source=_url))
def create(
    world: World, *, name: str, data: list[dict[str, Any]] | None = None, url: str | None = None
) -> CollectionAnswer:
    """Make a collection."""
    if (data is None) == (url is None):
        raise ApiFault(400, "data: give either it or url")
    free = _free(world, name, None)
    content, rows = _packed(world, data if data is not None else _read(world))
    number = world.held.number("collection", world.held.collections)
    made = holdings.Collection(number, free, content, len(rows), _schema(rows), world.now, world.now)
    world.held.collections[number] = made
    return {"collection": _shown(made)}


@on(Collections.get)
def get(world: World, collection_id: int) -> CollectionAnswer:
    """Answer with one collection."""
    return {"collection": _shown(_known(world, collection_id))}


@on(Collections.update, Manner(source=_url))
def update(
    world: World,
    collection_id: int,
    *,
    name: str | None = None,
    data: list[dict[str, Any]] | None = None,
    url: str | None = None,
) -> CollectionAnswer:
    """Rename a collection, replace its rows, or both."""
    found = _known(world, collection_id)
    if data is not None and url is not None:
        raise ApiFault(400, "data: give either it or url")
    free = found.name if name is None else _free(world, name, found)
    if data is not None or url is not None:
        _fill(world, found, data if data is not None else _read(world))
    found.name, found.updated = free, world.now
    return {"collection": _shown(found)}


@on(Collections.delete)
def delete(world: World, collection_id: int) -> None:
    """Forget a collection."""
    del world.held.collections[_known(world, collection_id).id]


@on(Collections.content)
def content(world: World, collection_id: int) -> dict[str, Any]:
    """Answer with what was stored: the free-form object, or rows under `data`."""
    stored: Any = orjson.loads(_known(world, collection_id).content)
    return {"data": stored} if isinstance(stored, list) else cast("dict[str, Any]", stored)


@on(Collections.update_content)
def update_content(world: World, collection_id: int, content: dict[str, Any]) -> CollectionAnswer:
    """Replace what is stored by a free-form object; one that holds nothing but `data` is rows."""
    found = _known(world, collection_id)
    rows: Any = content.get("data") if len(content) == 1 else None
    if _is_rows(rows):
        _fill(world, found, rows)
    else:
        found.content, _ = _packed(world, [content], single=True)
        found.rows, found.schema = 1, _schema([content])
    found.updated = world.now
    return {"collection": _shown(found)}


def _known(world: World, collection_id: int) -> holdings.Collection:
    return lookup.known(world.held.collections, collection_id, "collection")


def _free(world: World, name: str, own: holdings.Collection | None) -> str:
    trimmed = name.strip()
    if not trimmed:
        raise ApiFault(400, "name: is empty")
    if any(each.name == trimmed and each is not own for each in world.held.collections.values()):
        raise ApiFault(400, "name: is another collection's")
    return trimmed


def _fill(world: World, found: holdings.Collection, given: _Rows) -> None:
    found.content, rows = _packed(world, given)
    found.rows, found.schema = len(rows), _schema(rows)


def _packed(world: World, rows: _Rows, *, single: bool = False) -> tuple[bytes, _Rows]:
    """Return rows as compact JSON, held to the limits."""
    base = world.switches.kilobyte
    for place, row in enumerate(rows):
        size = len(orjson.dumps(row))
        if size > 10 * base and not single:
            raise ApiFault(400, f"data[{place}]: {size:,} B are over the limit of {10 * base:,} B a row")
    packed = orjson.dumps(rows[0] if single else rows)
    if len(packed) > 10 * base * base:
        raise ApiFault(400, f"data: {len(packed):,} B are over the limit of {10 * base * base:,} B")
    return packed, rows


def _read(world: World) -> _Rows:
    """Return the rows of the file the URL held; `ApiFault` 400 if it is neither CSV nor JSON."""
    if world.fetched is None:
        raise ApiFault(400, "url: nothing can be read there")
    if world.fetched.lstrip()[:1] not in (b"[", b"{"):
        try:
            text = io.StringIO(world.fetched.decode("utf-8-sig"), newline="")
            return [{name: value or "" for name, value in row.items() if name} for row in csv.DictReader(text)]
        except (UnicodeDecodeError, csv.Error):
            raise ApiFault(400, "url: the file is neither JSON nor CSV") from None
    try:
        found: Any = orjson.loads(world.fetched)
    except orjson.JSONDecodeError:
        raise ApiFault(400, "url: the file is not JSON") from None
    if isinstance(found, dict):
        return [cast("dict[str, Any]", found)]
    if _is_rows(found):
        return found
    raise ApiFault(400, "url: the file is not a list of objects")


def _is_rows(found: object) -> TypeGuard[_Rows]:
    return isinstance(found, list) and all(isinstance(row, dict) for row in cast("list[object]", found))


def _schema(rows: _Rows) -> list[str]:
    return sorted({name for row in rows for name in row})


def _shown(found: holdings.Collection) -> Collection:
    return {
        "id": found.id,
        "name": found.name,
        "schema": found.schema,
        "rows": found.rows,
        "bytes": len(found.content),
        "created_at": found.created,
        "updated_at": found.updated,
    }

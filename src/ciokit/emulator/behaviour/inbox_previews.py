"""Inbox previews: runs that take their time and cost credits; the screenshots are one grey dot each.

Known: an equal run of the same day is used again at no cost; without enough credits the answer is 422; sample data have
at most 128 KB; a screenshot that is not ready is a 404 (App catalogue).

[inferred]: one credit a screenshot; the account has 100 of them, free; unknown programs are a 400. How long a run takes
is the switch `processing_seconds`.
"""

from __future__ import annotations

import base64
from hashlib import sha256
from typing import Any, Literal

import orjson

from ciokit.app_api.inbox_previews import (
    InboxPreviews,
    ListedPreviewJob,
    PreviewClient,
    PreviewClientsAnswer,
    PreviewCounts,
    PreviewCreditsAnswer,
    PreviewJob,
    PreviewRun,
    Screenshot,
)
from ciokit.core.endpoint import Page
from ciokit.emulator import library
from ciokit.emulator.behaviour import design
from ciokit.emulator.routing import ApiFault, PageBeside, on
from ciokit.emulator.world import World

_CREDITS = 100
_DAY = 86_400
_MOST = 200
_CLIENTS: tuple[PreviewClient, ...] = (
    {"id": "gmail_web", "client": "Gmail", "category": "Web", "os": "", "browser": "Chrome"},
    {"id": "outlook_desktop", "client": "Outlook", "category": "Application", "os": "Windows", "browser": ""},
    {"id": "apple_mail_ios", "client": "Apple Mail", "category": "Mobile", "os": "iOS", "browser": ""},
)
_DOT = base64.b64decode(b"iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR42mNoAAAAggCBd81ytgAAAABJRU5ErkJggg==")


@on(InboxPreviews.create)
def create(
    world: World,
    id: str,
    client_ids: list[str],
    *,
    name: str | None = None,
    sample_data: dict[str, Any] | None = None,
    lax_mode: bool | None = None,
) -> PreviewRun:
    """Begin a run, or give the equal one of the day."""
    node = design.either(world, id)
    known = {client["id"] for client in _CLIENTS}
    if not client_ids or not set(client_ids) <= known:
        raise ApiFault(400, f"client_ids: must be some of {', '.join(sorted(known))}")
    base = world.switches.kilobyte
    if len(orjson.dumps(sample_data)) > 128 * base:
        raise ApiFault(400, "sample_data: is over 128 KB")
    wanted = sorted(set(client_ids))
    parts = [id, [node.fields[part] for part in ("content", "envelope", "transformers")], wanted, sample_data, lax_mode]
    digest = sha256(orjson.dumps(parts, option=orjson.OPT_SORT_KEYS)).hexdigest()
    runs = world.held.design.previews
    for run in runs.values():
        if run.digest == digest and run.created // _DAY == world.now // _DAY:
            return {"run_id": run.id, "replayed": True}
    if len(wanted) > _left(world):
        raise ApiFault(422, "there are not enough credits")
    number = world.held.number("inbox_preview", runs)
    title = name or node.name
    ready = world.now + world.switches.processing_seconds
    runs[number] = library.PreviewRun(number, id, title, wanted, world.now, ready, digest)
    return {"run_id": number, "replayed": False}


@on(InboxPreviews.get)
def get(world: World, id: str, run_id: int) -> PreviewJob:
    """Answer with a run and its screenshots."""
    run = _known(world, id, run_id)
    shots = [_shot(world, run, client) for client in _CLIENTS if client["id"] in run.clients]
    return {**_counts(world, run), "client_ids": run.clients, "previews": shots}


@on(InboxPreviews.capture)
def capture(
    world: World,
    id: str,
    run_id: int,
    client_id: str,
    *,
    variant: Literal["screenshot", "thumbnail", "full_thumbnail"] | None = None,
    key: str | None = None,
) -> bytes:
    """Answer with a picture."""
    run = _known(world, id, run_id)
    if key is not None and variant != "screenshot":
        raise ApiFault(400, "key: goes with the variant screenshot only")
    if client_id not in run.clients or key not in (None, "default") or world.now < run.ready:
        raise ApiFault(404, "there is no such screenshot, or not yet")
    return _DOT


@on(InboxPreviews.clients)
def clients(_world: World) -> PreviewClientsAnswer:
    """Answer with the programs there are."""
    return {"clients": list(_CLIENTS)}


@on(InboxPreviews.credits)
def credits(world: World) -> PreviewCreditsAnswer:
    """Answer with what is left."""
    left = _left(world)
    return {"credits": [{"tier": "free", "credits_original": _CREDITS, "credits_remaining": left, "expires_at": None}]}


@on(InboxPreviews.find)
def find(
    world: World, *, node_id: str | None = None, limit: int = 50, cursor: str | None = None
) -> Page[ListedPreviewJob]:
    """Answer with runs, newest first."""
    if not 1 <= limit <= _MOST:
        raise ApiFault(400, f"limit: must be from 1 to {_MOST}")
    if cursor and not (cursor.isascii() and cursor.isdigit() and len(cursor) < 20):
        raise ApiFault(400, "cursor: is no cursor of this list")
    runs = [
        run
        for run in reversed(world.held.design.previews.values())
        if node_id in (None, run.node) and (not cursor or run.id < int(cursor))
    ]
    rows: list[ListedPreviewJob] = [
        {**_counts(world, run), "node_id": run.node, "node_count": 1} for run in runs[:limit]
    ]
    about: dict[str, Any] = {"limit": limit}
    if len(runs) > limit:
        about["next_cursor"] = str(rows[-1]["run_id"])
    return PageBeside(rows, None, {"meta": {"pagination": about}})


def _left(world: World) -> int:
    return _CREDITS - sum(len(run.clients) for run in world.held.design.previews.values())


def _known(world: World, id: str, run_id: int) -> library.PreviewRun:
    run = world.held.design.previews.get(run_id)
    if run is None or run.node != id:
        raise ApiFault(404, "there is no such run")
    return run


def _counts(world: World, run: library.PreviewRun) -> PreviewCounts:
    ready = len(run.clients) if world.now >= run.ready else 0
    return {
        "run_id": run.id,
        "name": run.name,
        "is_processed": world.now >= run.ready,
        "total_previews_requested": len(run.clients),
        "total_previews_ready": ready,
        "total_previews_cached": 0,
        "total_previews_succeeded": ready,
        "total_previews_bounced": 0,
        "created_at": run.created,
        "updated_at": min(world.now, int(run.ready)),
    }


def _shot(world: World, run: library.PreviewRun, client: PreviewClient) -> Screenshot:
    shot: Screenshot = {
        "client_id": client["id"],
        "display_name": client["client"],
        "category": client["category"],
        "os": client["os"],
        "browser": client["browser"],
        "status": "Processing",
        "cached": False,
    }
    if world.now >= run.ready:
        url = f"{world.origin}/v1/design_studio/emails/{run.node}/inbox_previews/{run.id}/captures/{client['id']}"
        shot["status"] = "Complete"
        shot["screenshots"] = {"default": url}
        shot["thumbnail"] = f"{url}?variant=thumbnail"
        shot["full_thumbnail"] = f"{url}?variant=full_thumbnail"
    return shot

"""A page that says how webhooks fare: what came by day, how old the newest is, and whether events are taken in.

It reads the published tables with a SQL warehouse, so it can run as a Databricks App without credentials of its own; in
front of a receiver it says what that receiver has on disk, and leaves every other request to it.
"""

from __future__ import annotations

import asyncio
import html
import logging
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final

from ciokit.errors import CustomerIOError, TableStoreError
from ciokit.webhooks.asgi import AsgiApp, Message, Receive, Send, answer
from ciokit.webhooks.receiver import Reply, WebhookReceiver, refusal
from ciokit.webhooks.tables import QUARANTINE, RAW

_LOG: Final = logging.getLogger("ciokit.webhooks.status")
_DAYS: Final = 14
_FRESH: Final = 60.0  # seconds for which what was read is shown again
_HEADERS: Final = (
    (b"cache-control", b"no-store"),
    (b"content-security-policy", b"default-src 'none'; style-src 'unsafe-inline'"),
)

Query = Callable[[str], Awaitable[Sequence[Sequence[str | None]]]]


@dataclass
class Status:
    """What a page shows; times are seconds since 1970, UTC."""

    days: list[tuple[str, str, int]] = field(default_factory=list[tuple[str, str, int]])
    quarantined: int = 0
    newest_received: int | None = None
    newest_landed: int | None = None
    problem: str = ""


class StatusPage:
    """An ASGI application that shows the page at `/`.

    Args:
        query: runs a statement and returns its rows as text.
        schema: of the published tables, such as `main.webhooks`.
        receiver: whose requests are answered too, if there is one; its webhooks cannot come to `/`.
        clock: gives the seconds since 1970.
    """

    def __init__(
        self,
        query: Query,
        schema: str,
        receiver: WebhookReceiver | None = None,
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._query = query
        self._schema = schema
        self._receiver = receiver
        self._behind = None if receiver is None else AsgiApp(receiver)
        self._clock = clock
        self._read_at = float("-inf")
        self._status = Status()
        self._one_at_a_time = asyncio.Lock()

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Answer one request, or take part in the server's start and end."""
        ours = scope["type"] == "http" and scope["path"] == "/"
        if self._behind is not None and not ours:
            await self._behind(scope, receive, send)
            return
        if scope["type"] == "lifespan":
            for doing in ("startup", "shutdown"):
                await receive()
                await send({"type": f"lifespan.{doing}.complete"})
            return
        reply = await self._reply(scope["method"], scope["path"])
        await answer(send, reply, *_HEADERS, head=scope["method"] == "HEAD")

    async def _reply(self, method: str, path: str) -> Reply:
        if path not in ("/", "/health"):
            return refusal(404, "not_found")
        if method not in ("GET", "HEAD"):
            return refusal(405, "method_not_allowed", allow="GET, HEAD")
        if path == "/health":
            return Reply(200, b"ok\n", "text/plain")
        return Reply(200, self._page(await self.status()).encode(), "text/html; charset=utf-8")

    async def status(self) -> Status:
        """Return what the tables say, at most a minute old; what cannot be read is told in `problem`."""
        async with self._one_at_a_time:
            if self._clock() - self._read_at > _FRESH:
                try:
                    self._status = await self._read()
                except CustomerIOError as error:
                    _LOG.warning("the tables cannot be read: %s", error)
                    self._status.problem = f"The tables cannot be read ({type(error).__name__}); the log says more."
                self._read_at = self._clock()
            return self._status

    async def _read(self) -> Status:
        first = (datetime.fromtimestamp(self._clock(), UTC) - timedelta(days=_DAYS - 1)).date()
        raw, quarantine = f"{self._schema}.{RAW.name}", f"{self._schema}.{QUARANTINE.name}"
        days = await self._query(
            "SELECT CAST(event_date AS STRING) AS day, object_type, COUNT(*) AS events"  # noqa: S608 - names of ours
            f" FROM {raw} WHERE event_date >= DATE '{first}' GROUP BY 1, 2 ORDER BY 1 DESC, 2"
        )
        newest = await self._query(f"SELECT {_seconds('received_at')}, {_seconds('_committed_at')} FROM {raw}")  # noqa: S608 - same
        rejects = await self._query(f"SELECT COUNT(*) FROM {quarantine} WHERE received_date >= DATE '{first}'")  # noqa: S608 - same
        try:
            counts = [(str(day), str(kind), int(count or 0)) for day, kind, count in days]
            return Status(counts, int(rejects[0][0] or 0), *_moments(newest[0]))
        except (IndexError, TypeError, ValueError):
            raise TableStoreError("the warehouse answered with rows of another shape than it was asked for") from None

    # What is shown

    def _page(self, status: Status) -> str:
        rows = "".join(
            f"<tr><td>{html.escape(day)}<td>{html.escape(kind)}<td class=n>{count:,}"
            for day, kind, count in status.days
        )
        facts = [
            ("Newest event received", self._age(status.newest_received)),
            ("Newest event landed", self._age(status.newest_landed)),
            (f"Bodies in quarantine, {_DAYS} days", f"{status.quarantined:,}"),
            *self._of_receiver(),
        ]
        told = "".join(f"<tr><td>{html.escape(name)}<td>{html.escape(value)}" for name, value in facts)
        problem = f"<p class=bad>{html.escape(status.problem)}" if status.problem else ""
        return _PAGE.format(
            facts=told, problem=problem, days=rows or "<tr><td colspan=3>none yet", schema=html.escape(self._schema)
        )

    def _age(self, moment: int | None) -> str:
        if moment is None:
            return "none yet"
        age = timedelta(seconds=max(0, int(self._clock()) - moment))
        return f"{datetime.fromtimestamp(moment, UTC):%Y-%m-%d %H:%M:%S} UTC, {age} ago"

    def _of_receiver(self) -> list[tuple[str, str]]:
        if self._receiver is None:
            return []
        journal, counts = self._receiver.journal, self._receiver.counts.answers
        refused = sum(count for (status, _), count in list(counts.items()) if status != 200)
        return [
            ("Receiver", f"not taking events in: {journal.refusal}" if journal.refusal else "taking events in"),
            ("Acknowledged since its start", f"{counts[200, 'ok']:,}"),
            ("Refused since its start", f"{refused:,}"),
            ("Journal, waiting to land", f"{journal.counts.backlog_bytes:,} bytes"),
        ]


def _moments(row: Sequence[str | None]) -> tuple[int | None, int | None]:
    received, landed = (None if value is None else int(value) for value in row)
    return received, landed


def _seconds(column: str) -> str:
    return f"CAST(FLOOR(UNIX_MICROS(MAX({column})) / 1000000) AS BIGINT)"


_PAGE: Final = """<!doctype html>
<html lang=en><meta charset=utf-8><meta http-equiv=refresh content=60><title>Webhooks</title>
<style>
body{{font:15px/1.5 system-ui,sans-serif;max-width:46rem;margin:2rem auto;padding:0 1rem}}
table{{border-collapse:collapse;width:100%;margin:1rem 0}}
td,th{{border-bottom:1px solid #ddd;padding:.3rem .5rem;text-align:left}}
.n{{text-align:right}}.bad{{color:#a00}}
</style>
<h1>Webhooks</h1>{problem}
<table>{facts}</table>
<h2>Events by day and type</h2>
<table><tr><th>Day (UTC)<th>Type<th class=n>Events{days}</table>
<p>Tables: {schema}</html>
"""

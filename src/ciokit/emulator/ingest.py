"""Data Pipelines as the emulator behaves it: bytes in, a changed world and an honest ledger out.

What the Track API accepted waits here too, so that all of it happens in the order it came.

With `X-Strict-Mode: 1` what cannot be taken is answered 400 or 401; without, it is answered 200 and dropped, and the
ledger says what and why. (Pipelines spec, `info.description` and the header's description.)
"""

from __future__ import annotations

import gc
import zlib
from collections import deque
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any, cast

import orjson

from ciokit.core.wire import Response
from ciokit.emulator import deliveries, rules
from ciokit.emulator.changes.applying import apply
from ciokit.emulator.changes.common import Item
from ciokit.emulator.importing import finish_imports
from ciokit.emulator.ledger import REPEATED, Drop, Ledger, Problem, Taken
from ciokit.emulator.reply import in_json
from ciokit.emulator.rules import Context, Message
from ciokit.emulator.sizes import compact, oversize
from ciokit.emulator.switches import Switches
from ciokit.emulator.world import World
from ciokit.settings import Limits

_TAKEN = in_json(200, {})
_TOO_DEEP = Problem("", "is nested too deeply for the emulator to keep (254 levels)")
_UNPACKED_BYTES = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Arrival:
    """One Pipelines request, as far as it matters: `kind` is the last part of its path, such as `track`."""

    kind: str
    body: bytes
    strict: bool
    authorized: bool = True
    encoding: str = ""

    @property
    def operation(self) -> str:
        """The route, as logs and the ledger call it."""
        return f"POST /v1/{self.kind}"


class Ingest:
    """Takes Pipelines requests into a world, one at a time."""

    def __init__(self, world: World, ledger: Ledger) -> None:
        self.world = world
        self.ledger = ledger
        self._waiting: deque[tuple[float, Callable[[float], None]]] = deque()

    @property
    def pending(self) -> int:
        """How many accepted items are not readable yet."""
        return len(self._waiting)

    def receive(self, arrival: Arrival, at: float) -> Response:
        """Take one request that arrives at a time (unix seconds) and return its answer."""
        with _collector_paused():
            return self._receive(arrival, at)

    def _receive(self, arrival: Arrival, at: float) -> Response:
        self.settle(at)
        refusal = self._unreadable(arrival)
        body = arrival.body
        if refusal is None and arrival.encoding:
            body = _unpacked(body)
        if refusal is not None:
            return self._lose(arrival, at, refusal, status=401 if not arrival.authorized else 400)
        try:
            tree: Any = orjson.loads(body)
        except orjson.JSONDecodeError as error:
            return self._lose(arrival, at, Problem("", f"the body is not JSON at character {error.pos}"))
        most = call_bytes(self.world.switches) if arrival.kind != "batch" else batch_bytes(self.world.switches)
        if len(body) > most:
            items = _count(tree) if arrival.kind == "batch" else 1
            return self._lose(
                arrival, at, Problem("", f"{len(body):,} B are over the limit of {most:,} B"), items=items
            )
        if arrival.kind == "batch":
            return self._batch(arrival, at, tree, body)
        return self._single(arrival, at, tree)

    def settle(self, at: float) -> None:
        """Let everything happen whose time has come: what was ingested, imports, and the life of deliveries."""
        while self._waiting and self._waiting[0][0] <= at:
            due, happen = self._waiting.popleft()
            self._work_off(due)
            self.world.now = int(due)  # not the time of whoever happens to look first
            happen(due)
        self._work_off(at)
        self.world.now = int(at)

    def _work_off(self, at: float) -> None:
        for job in self.world.held.due_imports(at):
            deliveries.settle(self.world, job.due)  # in order, however seldom somebody looks
            finish_imports(self.world, job.due)
        deliveries.settle(self.world, at)

    def clear(self) -> None:
        """Forget what is still waiting."""
        self._waiting.clear()

    def _unreadable(self, arrival: Arrival) -> Problem | None:
        if not arrival.authorized:
            return Problem("", "the key is missing or wrong; it is the user name of basic authentication")
        if not arrival.encoding:
            return None
        if arrival.encoding != "gzip":
            return Problem("", f"the content encoding `{arrival.encoding}` is not known")
        if self.world.switches.gzip == "refuse":
            return Problem("", "gzip bodies are not documented; the switch `gzip` accepts them")
        return None if _unpacked(arrival.body) else Problem("", "the body is not gzip, or unpacks to more than 64 MB")

    def _lose(self, arrival: Arrival, at: float, problem: Problem, *, items: int = 1, status: int = 400) -> Response:
        """Refuse or drop a whole request."""
        refused = status == 401 and self.world.switches.permissive_auth == "refuse"
        if arrival.strict or refused:
            self.ledger.refused += items
            return _refusal(status, [str(problem)])
        self.ledger.drops.append(Drop(at, arrival.operation, None, problem, arrival.body, items))
        return _TAKEN

    def _single(self, arrival: Arrival, at: float, tree: Any) -> Response:
        raw = compact(tree)
        problem = _no_message(tree, raw)
        if problem is not None or raw is None:
            return self._lose(arrival, at, problem or _TOO_DEEP)
        message = cast("Message", tree)
        context: Context = _object(message.get("context"))
        problem = rules.check(arrival.kind, message, context)
        if problem is not None:
            return self._lose(arrival, at, problem)
        self._accept(Item(arrival.operation, None, arrival.kind, message, context, raw), at)
        return _TAKEN

    def _batch(self, arrival: Arrival, at: float, tree: Any, body: bytes) -> Response:
        problem = _misshapen(tree)
        if problem is not None:
            return self._lose(arrival, at, problem, items=_count(tree))
        envelope = cast("Mapping[str, Any]", tree)
        found: list[Any] = envelope["batch"]
        good, bad = self._sorted(envelope, found, body)
        if bad and arrival.strict:
            if self.world.switches.strict_batch == "all_or_nothing":
                self.ledger.refused += len(found)
                return _refusal(400, sorted({str(problem) for _, problem in bad}))
            self.ledger.refused += len(bad)
        elif bad:
            operation = arrival.operation
            self.ledger.drops += (
                Drop(at, operation, index, problem, compact(found[index]) or b'"(nested too deeply to be shown)"')
                for index, problem in bad
            )
        for item in good:
            self._accept(item, at)
        if bad and arrival.strict:
            return _refusal(400, [f"batch[{index}].{problem}" for index, problem in bad])
        return _TAKEN

    def _sorted(
        self, envelope: Mapping[str, Any], found: list[Any], body: bytes
    ) -> tuple[list[Item], list[tuple[int, Problem]]]:
        """Return the items that pass the rules, and the others with index and problem."""
        shared: Context = _object(envelope.get("context"))
        honoured = self.world.switches.item_context == "honoured"
        limit = call_bytes(self.world.switches)
        raws = [compact(message) for message in found]
        large = oversize(body, raws, limit)
        good: list[Item] = []
        bad: list[tuple[int, Problem]] = []
        for index, (message, raw) in enumerate(zip(found, raws, strict=True)):
            problem: Problem | None = None
            if index in large:
                problem = Problem("", f"{large[index]:,} B are over the limit of {limit:,} B a call")
            elif raw is None or message.__class__ is not dict:
                problem = _no_message(message, raw)
            elif message.get("type") not in rules.BATCHABLE:
                problem = _unbatchable(message)
            else:
                context = {**shared, **_object(message.get("context"))} if honoured else shared
                kind: str = message["type"]
                problem = rules.check(kind, message, context)
                if problem is None:
                    good.append(Item("POST /v1/batch", index, kind, message, context, raw))
            if problem is not None:
                bad.append((index, problem))
        return good, bad

    def _accept(self, item: Item, at: float) -> None:
        self._in_turn(partial(self._apply, item), at)

    def take(self, taken: Taken, operation: str, at: float) -> None:
        """Let happen what an operation of another API accepted, in its turn."""
        if taken.effect is None:
            self.ledger.refused += 1
        else:
            self._in_turn(partial(self._happen, taken, operation), at)

    def _in_turn(self, happen: Callable[[float], None], at: float) -> None:
        """Let something happen once it can be read: never before what came earlier, whatever was switched since."""
        due = at + self.world.switches.ingestion_delay
        if self._waiting:
            self._waiting.append((max(due, self._waiting[-1][0]), happen))
        elif due > at:
            self._waiting.append((due, happen))
        else:
            happen(at)

    def _happen(self, taken: Taken, operation: str, at: float) -> None:
        problem = taken.effect() if taken.effect else None
        if problem is REPEATED:
            self.ledger.duplicates += 1
        elif problem is not None:
            self.ledger.drops.append(Drop(at, operation, taken.place, problem, taken.raw))
        elif taken.kind:
            self.ledger.accepted[taken.kind] += 1

    def _apply(self, item: Item, at: float) -> None:
        world, ledger = self.world, self.ledger
        message_id: str = item.message.get("messageId") or ""
        if message_id:
            if message_id in world.seen and world.switches.dedupe == "on":
                ledger.duplicates += 1
                return
            world.seen.add(message_id)
        problem = apply(world, item)
        if problem is None:
            ledger.accepted[item.kind] += 1
        else:
            ledger.drops.append(Drop(at, item.operation, item.index, problem, item.raw))


@contextmanager
def _collector_paused() -> Generator[None]:
    """Keep Python's collector of reference cycles away while a batch is read.

    Decoding allocates tens of thousands of objects and no cycle; looking for some took a third of the time.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def call_bytes(switches: Switches) -> int:
    """Return the most bytes one call may have."""
    return 32 * 1024 if switches.size_base == "binary" else Limits().call_bytes


def batch_bytes(switches: Switches) -> int:
    """Return the most bytes a batch may have."""
    return 500 * 1024 if switches.size_base == "binary" else Limits().batch_bytes


def _refusal(status: int, errors: list[str]) -> Response:
    return in_json(status, {"meta": {"errors": errors}})


def _misshapen(tree: Any) -> Problem | None:
    if not isinstance(tree, dict):
        return Problem("", f"the body is {rules.kind_of(tree)}; expected an object with `batch`")
    envelope = cast("dict[str, Any]", tree)
    if not isinstance(envelope.get("batch"), list):
        return Problem("batch", "must be an array of messages")
    for field in ("context", "integrations"):
        value: Any = envelope.get(field)
        if value is not None and not isinstance(value, dict):
            return Problem(field, f"is {rules.kind_of(value)}; expected an object")
    return None


def _no_message(tree: Any, raw: bytes | None) -> Problem | None:
    if tree.__class__ is not dict:
        return Problem("", f"is {rules.kind_of(tree)}; expected an object")
    return _TOO_DEEP if raw is None else None


def _unbatchable(message: Message) -> Problem:
    known = ", ".join(rules.BATCHABLE)
    return Problem("type", "is required" if message.get("type") is None else f"must be one of {known}")


def _object(value: Any) -> Mapping[str, Any]:
    return cast("Mapping[str, Any]", value) if isinstance(value, dict) else {}


def _count(tree: Any) -> int:
    batch: Any = _object(tree).get("batch")
    return len(batch) if isinstance(batch, list) else 1  # pyright: ignore[reportUnknownArgumentType]  # of whatever


def _unpacked(body: bytes) -> bytes:
    try:
        unpacker = zlib.decompressobj(wbits=31)
        data = unpacker.decompress(body, _UNPACKED_BYTES)
    except zlib.error:
        return b""
    return data if unpacker.eof else b""

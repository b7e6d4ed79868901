"""Forged and malformed requests, slow clients, and one event that is none, each among good ones."""

from __future__ import annotations

import asyncio
import random
import resource
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final

from chaos.connection import Connection
from chaos.events import KEY, Events, request
from chaos.processes import Receiver, free_port, until
from chaos.sending import Sending, Sent
from chaos.trial import Outcome, Sizes, settle
from ciokit.webhooks.signature import sign

_LINES: Final = 32
_PATIENCE: Final = 5.0
_NO_ANSWER: Final = "bad: connection closed"
_EXPECTED: Final = {f"bad: {status}" for status in (400, 401, 404, 405, 413, 431, 503)} | {_NO_ANSWER}


def forged(folder: Path, sizes: Sizes) -> Outcome:
    """Send bad requests of every kind there is here, while good ones go on."""
    events = Events(f"forged-{sizes.seed}")
    port = free_port()
    with (
        Receiver(folder, port, "--max-age", "0.5", "--request-seconds", "3") as receiver,
        Sending(folder, port, events.run, rate=sizes.rate / 3, seed=sizes.seed) as sending,
    ):
        began = time.monotonic()
        answers, bad = asyncio.run(_bad_requests(port, events, sizes))
        seconds = time.monotonic() - began
        sent = sending.finish()
        each = ", ".join(f"{count:,} x {answer.removeprefix('bad: ')}" for answer, count in sorted(answers.items()))
        facts = [
            f"bad requests {answers.total():,} of {bad} kinds in {seconds:.0f} s: {each}",
            f"good ones    p50 {sent.p50:.1f} ms, p99 {sent.p99:.1f} ms meanwhile",
        ]
        wrong = [f"{count} times {answer}" for answer, count in answers.items() if answer not in _EXPECTED]
        return settle("forged and malformed", receiver, folder, sent, events, facts=facts, wrong=wrong)


async def _bad_requests(port: int, events: Events, sizes: Sizes) -> tuple[Counter[str], int]:
    answers: Counter[str] = Counter()
    kinds = len(list(_bad(events, 0, random.Random(0))))
    left = iter(_many(events, sizes))

    async def line() -> None:
        connection: Connection | None = None
        for piece in left:
            try:
                if connection is None or connection.closed.done():
                    connection = await Connection.open(port)
                answers[f"bad: {await connection.ask(piece, _PATIENCE)}"] += 1
            except OSError:
                answers[_NO_ANSWER] += 1
            if connection is not None:  # what follows a bad request on its connection would not be read as one
                connection.close()
                connection = None

    async with asyncio.TaskGroup() as tasks:
        for _ in range(_LINES):
            tasks.create_task(line())
    return answers, kinds


def _many(events: Events, sizes: Sizes) -> Iterator[bytes]:
    chance, number, left = random.Random(sizes.seed), 0, sizes.forged
    while left:
        for piece in list(_bad(events, number, chance))[:left]:
            left -= 1
            yield piece
        number += 1


def _bad(events: Events, number: int, chance: random.Random) -> Iterator[bytes]:
    """Yield one request of each kind; whatever the receiver took of them would be a row that nobody sent."""
    body, now = events.forged(number), int(time.time())
    good = sign(body, now, KEY)
    other = sign(events.forged(number + 1), now, KEY)
    flip = bytearray(body)
    flip[chance.randrange(len(flip))] ^= 1 << chance.randrange(8)
    yield request(body, key="another key")
    for signature, moment, sent in (
        (other, str(now), body),
        (good, str(now + 1), body),
        (good, str(now), bytes(flip)),
        (good, str(now), body + b" "),
        (good, str(now), b""),
        (good[:-1], str(now), body),
        (good + "00", str(now), body),
        ("", str(now), body),
        ("v0=", str(now), body),
        ("z" * 64, str(now), body),
        ("\xe9" * 64, str(now), body),
        (good, "", body),
        (good, "not a time", body),
        (good, f"{now}.0", body),
        (good, "9" * 5000, body),
    ):
        yield _request(sent, {"x-cio-signature": signature, "x-cio-timestamp": moment})
    signed = {"x-cio-signature": good, "x-cio-timestamp": str(now)}
    yield _request(body, {"x-cio-timestamp": str(now)})
    yield _request(body, {"x-cio-signature": good})
    yield _request(body, {})
    # Well signed by whoever knows the key, but no request to take in.
    for method, path in (("GET", "/"), ("PUT", "/"), ("DELETE", "/"), ("POST", "/other"), ("POST", "/health")):
        yield _request(body, signed, method=method, path=path)
    for length in ("-1", "1e3", "9" * 30, str(5 << 20), f"{len(body)}, {len(body)}"):
        yield _request(body, {**signed, "content-length": length})
    yield _request(body, {**signed, "transfer-encoding": "chunked"})
    yield _request(b"ZZ\r\n" + body, {**signed, "transfer-encoding": "chunked"}, length=False)
    yield _request(b"FFFFFFFFFFFFFFFFF\r\n" + body, {**signed, "transfer-encoding": "chunked"}, length=False)
    yield _request(body, {"x-long": "y" * 80_000})
    yield _request(body, {**signed, "bad name ": "value"})
    yield _request(body, {**signed, "x-nul": "a\x00b"})
    yield _request(body, {}).replace(b"HTTP/1.1", b"HTTP/9.9", 1)
    yield _request(body, {}).replace(b"\r\n", b"\n", 1)
    yield b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + chance.randbytes(300)
    yield b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
    yield body + b"\r\n\r\n"
    yield chance.randbytes(200) + b"\r\n\r\n"


def _request(
    body: bytes, headers: dict[str, str], *, method: str = "POST", path: str = "/", length: bool = True
) -> bytes:
    given = {"host": "receiver", **({"content-length": str(len(body))} if length else {}), **headers}
    head = "".join(f"{name}: {value}\r\n" for name, value in given.items())
    return f"{method} {path} HTTP/1.1\r\n{head}\r\n".encode("latin-1") + body


def slowloris(folder: Path, sizes: Sizes) -> Outcome:
    """Hold connections open with a byte now and then, while good events go on."""
    events = Events(f"slow-{sizes.seed}")
    port = free_port()
    with (
        Receiver(folder, port, "--max-age", "0.5", "--request-seconds", "3", "--idle-seconds", "5") as receiver,
        Sending(folder, port, events.run, rate=sizes.rate, seed=sizes.seed, trouble=0) as sending,
    ):
        until(lambda: False, sizes.seconds / 3)
        alone = sending.mark()
        slow = asyncio.run(_slow(port, sizes.slow, sizes.seconds))
        beside = sending.mark()
        sent = sending.finish()
        facts = [
            f"slow clients {sizes.slow:,} at a time, cut off {slow['cut off']:,} times, {slow['refused']:,} not let in",
            f"good ones    {_waits(alone)} alone; {_waits(beside)} beside them",
        ]
        wrong = [] if slow["cut off"] else ["no slow client was cut off"]
        return settle("slowloris", receiver, folder, sent, events, facts=facts, wrong=wrong)


def _waits(sent: Sent) -> str:
    return f"p50 {sent.p50:.1f} ms, p99 {sent.p99:.1f} ms at {sent.rate:,.0f}/s"


async def _slow(port: int, count: int, seconds: float) -> Counter[str]:
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, count + 500), hard))
    happened: Counter[str] = Counter()
    end = time.monotonic() + seconds
    whole = _request(b"{}" * 1000, {"x-cio-signature": "a" * 64, "x-cio-timestamp": "1"})

    async def trickle(number: int) -> None:
        while time.monotonic() < end:
            try:
                connection = await Connection.open(port)
            except OSError:
                happened["refused"] += 1
                await asyncio.sleep(0.5)
                continue
            # In the request line, in the headers, in the body, or before the first byte.
            connection.send(whole[: (10, 60, len(whole) - 1000, 0)[number % 4]])
            while time.monotonic() < end and not connection.closed.done():
                with suppress(TimeoutError):
                    await asyncio.wait_for(asyncio.shield(connection.closed), 1.0)
                if number % 4 != 3:
                    connection.send(b"a")
            happened["cut off"] += connection.closed.done()
            connection.close()

    async with asyncio.TaskGroup() as tasks:
        for number in range(count):
            tasks.create_task(trickle(number))
    return happened


def poisoned(folder: Path, sizes: Sizes) -> Outcome:
    """Send one body that is no event, well signed, and good ones right behind it on the same connection."""
    events = Events(f"poison-{sizes.seed}")
    port = free_port()
    numbers = [next(n for n in range(100) if events.poisoned(n))]
    numbers += [n for n in range(2 * sizes.good + 10) if not events.poisoned(n)][: sizes.good]
    with Receiver(folder, port, "--max-age", "0.5") as receiver:
        began = time.monotonic()
        statuses, longest = asyncio.run(_one_by_one(port, events, numbers))
        seconds = time.monotonic() - began
        good = [number for number, status in zip(numbers, statuses, strict=True) if status == 200]
        (folder / "acknowledged").write_text("\n".join(map(str, good)), encoding="ascii")
        answers = Counter(map(str, statuses))
        sent = Sent(seconds, len(good), answers, issued=2 * sizes.good + 100)
        words = f"1 poisoned, then {sizes.good:,} good ones: all answered in {seconds:.1f} s"
        facts = [f"sent         {words}, the slowest in {1000 * longest:.0f} ms"]
        outcome = settle("one poisoned, the rest good", receiver, folder, sent, events, facts=facts)
    wrong = [*outcome.wrong]
    if answers != {"200": sizes.good + 1}:
        wrong.append("not every event was acknowledged at once")
    if outcome.compared.quarantined != 1:
        wrong.append(f"{outcome.compared.quarantined} events are in quarantine, expected 1")
    return Outcome(outcome.name, outcome.compared, answers, facts, wrong)


async def _one_by_one(port: int, events: Events, numbers: list[int]) -> tuple[list[int], float]:
    connection = await Connection.open(port)
    statuses: list[int] = []
    longest = 0.0
    for number in numbers:
        began = time.monotonic()
        statuses.append(await connection.ask(request(events.body(number)), 4.0))
        longest = max(longest, time.monotonic() - began)
    connection.close()
    return statuses, longest

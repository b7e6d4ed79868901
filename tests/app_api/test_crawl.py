"""Crawls of everybody: nobody is missed, whatever they have and however the crawl is stopped, at the pace allowed."""

from __future__ import annotations

import asyncio
import random
from bisect import bisect_left
from pathlib import Path
from typing import Any

import pytest

from benchmarks import crawling
from benchmarks.crawler import EVERYBODY
from benchmarks.processes import server
from ciokit import AppClient, AsyncAppClient
from ciokit.core.clock import FakeClock
from ciokit.core.wire import Request, Response
from ciokit.emulator.app import Emulator
from ciokit.errors import NetworkError
from tests.support.operations import Wire

PEOPLE = 5_000


class Distant(Wire):
    """A service whose first answer takes longer: a connection has to be made, and only then the request goes out."""

    def __init__(self, clock: FakeClock, connecting: float) -> None:
        super().__init__(Response(200, {}, b'{"segments":[]}'))
        self.clock = clock
        self.connecting = connecting
        self.arrivals: list[float] = []

    def send(self, request: Request) -> Response:
        """Note when the request arrives."""
        if not self.arrivals:
            self.clock.time += self.connecting
        self.arrivals.append(self.clock.now())
        return super().send(request)


class AsyncDistant(Distant):
    """The awaitable twin."""

    async def send(self, request: Request) -> Response:  # type: ignore[override]
        """Note when the request arrives."""
        return super().send(request)

    async def aclose(self) -> None:
        """Nothing is open."""


class Recovering(Distant):
    """A service that is out of reach at first, which shows at once, and then answers after 50 ms."""

    def send(self, request: Request) -> Response:
        """Note when a request arrives, and let its answer take its time."""
        self.sent.append(request)
        if len(self.sent) == 1:
            raise NetworkError("no way there", maybe_sent=False)
        self.arrivals.append(self.clock.now())
        self.clock.time += 0.05
        return self.answers[0]


class Unequal(Distant):
    """A service that takes its time for people, and none for all else."""

    def send(self, request: Request) -> Response:
        """Note when a request arrives, and let its answer take its time."""
        self.arrivals.append(self.clock.now())
        self.clock.time += 0.2 if "/customers/" in request.url else 0.0
        return Response(200, {}, b'{"segments":[],"customer":{}}')


def _most_in_a_second(times: list[float]) -> int:
    return max(index - bisect_left(times, at - 1 + 1e-9) + 1 for index, at in enumerate(times))


@pytest.mark.parametrize("connecting", [0.0, 0.3])
@pytest.mark.parametrize("kind", ["blocking", "awaitable"])
def test_requests_take_exactly_the_time_the_limit_implies(kind: str, connecting: float) -> None:
    """300 requests at 10 a second: 29 windows and 1 %, and the time it takes to connect; never an 11th in a second."""
    clock = FakeClock(start=0.0)
    wire: Any = (Distant if kind == "blocking" else AsyncDistant)(clock, connecting)

    async def run() -> None:
        async with AsyncAppClient("k", transport=wire, clock=clock) as app:
            for _ in range(300):
                await app.segments.find()

    if kind == "blocking":
        app = AppClient("k", transport=wire, clock=clock)
        for _ in range(300):
            app.segments.find()
    else:
        asyncio.run(run())
    assert clock.now() == pytest.approx(29 * 1.01 + connecting, abs=0.001)
    assert 29 / (clock.now() - connecting) >= 0.98
    assert _most_in_a_second(wire.arrivals) <= 10


def test_a_pause_is_followed_by_no_burst_over_the_limit() -> None:
    """After an idle time the connection is made anew, and the calls after it wait for it."""
    clock = FakeClock(start=0.0)
    wire = Distant(clock, 0.3)
    app = AppClient("k", transport=wire, clock=clock)
    for _ in range(3):
        app.segments.find()
    earlier = wire.arrivals
    wire.arrivals = []
    clock.time += 60
    for _ in range(30):
        app.segments.find()
    assert _most_in_a_second([*earlier, *wire.arrivals]) <= 10


def test_a_call_that_failed_at_once_slows_no_later_one() -> None:
    """How soon it failed is not how soon an answer can come: the pace stays what the limit and its 1 % allow."""
    clock = FakeClock(start=0.0)
    wire = Recovering(clock, 0.0)
    app = AppClient("k", transport=wire, clock=clock)
    for _ in range(40):
        app.segments.find()
    assert wire.arrivals[30] - wire.arrivals[20] == pytest.approx(1.01, abs=0.001)


def test_an_operation_that_takes_its_time_slows_nothing_beside_a_quick_one() -> None:
    """Segments after 0 s, people after 0.2 s, each as always: nothing was late, and the pace stays what it is."""
    clock = FakeClock(start=0.0)
    wire = Unequal(clock, 0.0)
    app = AppClient("k", transport=wire, clock=clock)
    for _ in range(15):
        for _ in range(4):
            app.segments.find()
        app.customers.attributes("ann")
    assert wire.arrivals[65] - wire.arrivals[55] == pytest.approx(1.01, abs=0.001)
    assert _most_in_a_second(wire.arrivals) <= 10


def test_everybody_is_found_whatever_they_have(ciokit_emulator: Emulator, ciokit_app_client: AppClient) -> None:
    """People without id and people without e-mail address are rows like all others."""
    ciokit_emulator.seed({"people": [*crawling.people(300)]})  # type: ignore[typeddict-item]  # written as JSON
    rows = list(ciokit_app_client.customers.find(EVERYBODY, limit=70))
    assert len({row["cio_id"] for row in rows}) == len(rows) == 300
    assert sum(row["id"] is None for row in rows) == sum(row["email"] is None for row in rows) == 100


def test_rows_that_come_again_are_reported(caplog: pytest.LogCaptureFixture) -> None:
    """A page says how many of its rows an earlier one had; they are given all the same, and a warning is logged."""
    pages = [
        b'{"identifiers":[%s],"next":"%s"}' % (b",".join(b'{"id":"%s"}' % name for name in names), following)
        for names, following in (((b"a", b"b"), b"2"), ((b"b", b"c"), b"3"), ((b"a", b"b"), b""))
    ]
    app = AppClient("k", transport=Wire(*(Response(200, {}, page) for page in pages)), clock=FakeClock())
    found = list(app.customers.find.pages(EVERYBODY))
    assert [page.repeated for page in found] == [0, 1, 2]
    assert [row["id"] for page in found for row in page.rows] == ["a", "b", "b", "c", "a", "b"]
    assert "2 rows of a page were on an earlier one too" in caplog.text


def test_a_crawl_killed_at_any_instant_misses_nobody(tmp_path: Path) -> None:
    """Three processes are ended by SIGKILL where it hits them; the next goes on, and each person is there once."""
    lives_of = random.Random(7)
    lives = [lives_of.uniform(0.4, 0.8) for _ in range(3)]
    with server("ciokit", "emulate", "--port", 0, "--quiet") as emulated:
        crawling.seed(emulated.address, PEOPLE)
        found = crawling.crawl(emulated.address, tmp_path, 100, pace=(1, 0.02), lives=lives)
    assert found.kills == 3, lives
    assert crawling.checked(found, PEOPLE).startswith("5,000 people, 1,667 without id, 1,666 without e-mail, none")

"""What live tests stand on: where they run, guards between client and wire, and the account of what a test made."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar
from urllib.parse import unquote, urlsplit
from uuid import uuid4

from ciokit import AppClient, CustomerIOClient, Settings, TrackClient, delete_object, delete_user
from ciokit.app_api.customers import Customers, Person
from ciokit.app_api.objects import Objects
from ciokit.client import AwaitableClient, limiters_for
from ciokit.core.clock import Clock, FakeClock, SystemClock
from ciokit.core.limits import Limiters
from ciokit.core.reading_back import read_until
from ciokit.core.transport import AsyncHttpTransport, HttpTransport, TransportOptions
from ciokit.core.wire import AsyncTransport, Request, Response, Transport
from ciokit.emulator.app import Emulator
from ciokit.emulator.clock import EmulatorClock
from ciokit.emulator.server import EmulatorServer
from ciokit.errors import CustomerIOError, RefusedError
from ciokit.surfaces import KEY_SETTINGS
from ciokit.testdata import PREFIX, object_profile

T = TypeVar("T")

WAIT = 90.0  # seconds until what was sent must be there, unless a run says otherwise
DELAY = 2.0  # seconds until the emulator shows what it took, as the service does; nobody waits for it
SEARCHES = {each.route.label for each in (Customers.find, Customers.attributes_of, Objects.find)}
KINDS = ("read_only", "mutating")

# Guards


class NotAllowedError(AssertionError):
    """A live test was about to send what its kind may not send."""


Guard = Callable[[Request], None]


def only_reads_the_set(request: Request) -> None:
    """Refuse what could write, and what reads a person or object outside the permanent test data."""
    if request.method != "GET" and request.label not in SEARCHES:
        raise NotAllowedError(f"{request.label} writes, and a read-only test may not")
    outside = [each for each in _named(request) if not each.startswith((f"{PREFIX}-", "cio_"))]
    if outside:
        raise NotAllowedError(f"{request.label} reads what is no part of the permanent test data")


def leaves_the_set_alone(request: Request) -> None:
    """Refuse what concerns the permanent test data."""
    if PREFIX in unquote(request.url) or PREFIX.encode() in request.body:
        raise NotAllowedError(f"{request.label} concerns the permanent test data, and a mutating test may not")


def _named(request: Request) -> list[str]:
    """Return the people and objects that a read names; a `cio_id` can only come from what was read before."""
    parts = urlsplit(request.url).path.strip("/").split("/")
    if request.label == Customers.attributes_of.route.label:
        return list(json.loads(request.body)["ids"])
    if parts[:2] == ["v1", "customers"]:
        return [unquote(each) for each in parts[2:3]]
    return [unquote(each) for each in parts[3:4]] if parts[:2] == ["v1", "objects"] else []


class Guarded:
    """A transport that asks a guard first."""

    def __init__(self, guard: Guard, transport: Transport) -> None:
        self._guard = guard
        self._transport = transport

    def send(self, request: Request) -> Response:
        """Send what the guard lets through."""
        self._guard(request)
        return self._transport.send(request)

    def close(self) -> None:
        """Close the connections."""
        self._transport.close()


class AsyncGuarded:
    """The awaitable twin."""

    def __init__(self, guard: Guard, transport: AsyncTransport) -> None:
        self._guard = guard
        self._transport = transport

    async def send(self, request: Request) -> Response:
        """Send what the guard lets through."""
        self._guard(request)
        return await self._transport.send(request)

    async def aclose(self) -> None:
        """Close the connections."""
        await self._transport.aclose()


# Where they run


@dataclass(frozen=True)
class Place:
    """A real workspace, or an emulator behind a real socket.

    `wait` is how many seconds what was sent may take until it must be there; `run` is in every id of this run.
    """

    settings: Settings
    clock: Clock
    limiters: Limiters
    wait: float
    live: bool
    run: str

    @classmethod
    def of(cls, settings: Settings, clock: Clock, *, wait: float = WAIT, live: bool = False) -> Place:
        """Return a place with limits shared by all its clients."""
        return cls(settings, clock, limiters_for(settings), wait, live, uuid4().hex[:8])

    @contextmanager
    def opened(self, guard: Guard) -> Iterator[Workspace]:
        """Open clients that ask a guard before they send."""
        with ExitStack() as stack:
            kinds = (CustomerIOClient, AppClient, TrackClient)
            client, app, track = [stack.enter_context(self.client(kind, guard)) for kind in kinds]
            yield Workspace(client, app, track, place=self, guard=guard)

    def client(self, kind: type[T], guard: Guard, settings: Settings | None = None) -> T:
        """Return a client, blocking or awaitable, that asks a guard before it sends."""
        made: Any = kind
        options = TransportOptions(proxy=self.settings.proxy, ca_file=self.settings.ca_file)
        transport: Any = Guarded(guard, HttpTransport(options))
        if issubclass(kind, AwaitableClient):
            transport = AsyncGuarded(guard, AsyncHttpTransport(options))
        settings = settings or self.settings
        return made(settings=settings, transport=transport, clock=self.clock, limiters=self.limiters)


def workspace_of_keys(wait: float) -> Place:
    """Return the workspace that the settings name; a key that is missing is an error where it is used."""
    return Place.of(Settings.resolve(), SystemClock(), wait=wait, live=True)


@contextmanager
def emulated() -> Iterator[Place]:
    """Serve an emulator that shows what it took as late as the service does, on a clock that nobody waits for."""
    clock = EmulatorClock()
    with closing(Emulator(key="key", clock=clock)) as emulator, EmulatorServer(emulator) as server:
        emulator.switch({"ingestion_delay": DELAY})
        settings = Settings(**dict.fromkeys(KEY_SETTINGS, "key"), base_url=server.base_url)
        yield Place.of(settings, _Shared(clock))


class _Shared(FakeClock):
    """Lets the emulator's time pass while the clients pretend to sleep."""

    def __init__(self, emulated: EmulatorClock) -> None:
        super().__init__(time.monotonic())
        self._emulated = emulated

    def sleep(self, seconds: float) -> None:
        """Move both clocks."""
        super().sleep(seconds)
        self._emulated.advance(seconds)


# What a test has in hand


class Workspace:
    """The clients of one test: `client` (Data Pipelines), `app`, `track`."""

    def __init__(
        self, client: CustomerIOClient, app: AppClient, track: TrackClient, *, place: Place, guard: Guard
    ) -> None:
        self.client, self.app, self.track = client, app, track
        self.place = place
        self._guard = guard

    def again(self, kind: type[T], *, settings: Settings | None = None) -> T:
        """Return another client, blocking or awaitable, behind the same guard."""
        return self.place.client(kind, self._guard, settings)

    def person(self, person_id: str) -> Person | None:
        """Return somebody's profile, or None."""
        found = self.app.customers.attributes_of([person_id])["customers"]
        return found[0]["customer"] if found else None

    def attributes(self, person_id: str) -> dict[str, str | None]:
        """Return somebody's attributes, none for nobody."""
        found = self.person(person_id)
        return found["attributes"] if found else {}

    def expect(self, read: Callable[[], T], good: Callable[[T], object]) -> T:
        """Read until what is read is good, and return it; fail when that takes too long."""
        found = read_until(read, lambda each: bool(good(each)), self.place.wait, self.place.clock)
        assert good(found), f"not as expected within {self.place.wait:g} s: {found!r}"
        return found


class Made:
    """Ids that no other run has, and what a test made under them: `remove` deletes it and says what is left."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self.mark = {"ciokit_live": workspace.place.run}
        self._number = 0
        self._people: list[str] = []
        self._objects: list[str] = []
        self._segments: list[int] = []

    def name(self, text: str) -> str:
        """Return a name of this run, another one each time."""
        self._number += 1
        return f"ciokit-live-{self._workspace.place.run}-{uuid4().hex[:6]}-{self._number}-{text}"

    def person(self, text: str) -> str:
        """Return the id of a person that the test is going to make."""
        self._people.append(self.name(text))
        return self._people[-1]

    def object(self, text: str) -> str:
        """Return the id of an object that the test is going to make."""
        self._objects.append(self.name(text))
        return self._objects[-1]

    def segment(self, text: str) -> int:
        """Make a manual segment and return its number."""
        made = self._workspace.app.segments.create({"name": self.name(text)})
        self._segments.append(made["segment"]["id"])
        return self._segments[-1]

    def remove(self) -> list[str]:
        """Delete what was made, and return what is left of it, with the reason where there is one."""
        reasons: dict[str, str] = {}
        client, app = self._workspace.client, self._workspace.app
        for id in self._segments:
            _attempt(reasons, f"segment {id}", partial(app.segments.delete, id))
        for id in self._objects:
            _attempt(reasons, f"object {id}", partial(delete_object, client, id))
        for id in self._people:
            _attempt(reasons, f"person {id}", partial(delete_user, client, id))
        try:
            place = self._workspace.place
            left = read_until(self._left, lambda found: not found, place.wait, place.clock)
        except CustomerIOError as error:
            unseen = f"it could not be read back: {error}"
            left = [*self._everything()]
            reasons = {name: reasons.get(name, unseen) for name in left}
        return [f"{name} ({reasons[name]})" if name in reasons else name for name in left]

    def _everything(self) -> Iterator[str]:
        yield from (f"segment {id}" for id in self._segments)
        yield from (f"object {id}" for id in self._objects)
        yield from (f"person {id}" for id in self._people)

    def _left(self) -> list[str]:
        """Look once."""
        app = self._workspace.app
        left = [f"segment {id}" for id in self._segments if _segment_is_there(app, id)]
        left += [f"object {id}" for id in self._objects if object_profile(app, id)]
        return left + [f"person {id}" for id in self._people if self._workspace.person(id)]


def _segment_is_there(app: AppClient, segment_id: int) -> bool:
    try:
        app.segments.get(segment_id)
    except RefusedError as error:
        if error.status == 404:
            return False
        raise
    return True


def _attempt(reasons: dict[str, str], name: str, delete: Callable[[], object]) -> None:
    try:
        delete()
    except RefusedError as error:
        if error.status != 404:  # otherwise it is gone
            reasons[name] = str(error)
    except CustomerIOError as error:
        reasons[name] = str(error)

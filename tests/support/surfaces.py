"""The App API and the Track API as a test of any operation needs them: operations, clients, and good arguments."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st

from ciokit import AppClient, AsyncAppClient, AsyncTrackClient, TrackClient
from ciokit.app_api.client import GROUPS as APP_GROUPS
from ciokit.core.clock import FakeClock
from ciokit.core.endpoint import Declared, declared
from ciokit.track_api.client import GROUPS as TRACK_GROUPS
from tests.support.operations import AWKWARD, OBJECTS, PERSON, AsyncWire, Wire, mended, some_arguments

AWKWARD_TEXT = "a+b/c@x.com ä"
ULID = "01JD8Z9V7K3M5N6P8Q0R2S4T6V"


@dataclass(frozen=True)
class Surface:
    """An API: `given` draws arguments where not any value will do, `mend` makes drawn ones good enough to be sent."""

    operations: list[Declared[..., Any]]
    secrets: tuple[str, ...]
    client: Callable[[Wire], Any]
    async_client: Callable[[AsyncWire], Any]
    given: Mapping[str, st.SearchStrategy[Any]]
    mend: Callable[[Declared[..., Any], dict[str, Any]], dict[str, Any]]
    some: Callable[..., dict[str, Any]]
    """Every argument of an operation, with a text wherever an identifier can stand."""


def _some_of_app(operation: Declared[..., Any], text: str = AWKWARD_TEXT) -> dict[str, Any]:
    """Return every argument of an operation of the App API that goes with the others."""
    who = {"attribute": {"field": "email", "operator": "eq", "value": f"{text}@x.io"}}
    return mended(operation, some_arguments(operation.route, text, filter=who), text)


APP = Surface(
    declared(*APP_GROUPS),
    ("app-key",),
    lambda wire: AppClient("app-key", transport=wire, clock=FakeClock()),
    lambda wire: AsyncAppClient("app-key", transport=wire, clock=FakeClock()),
    {},
    mended,
    _some_of_app,
)

who = AWKWARD.filter(lambda text: text.strip() not in ("", ".", "..") and not text.startswith("cio_"))
moments = st.integers(0, 10**11 - 1)
identifiers = st.one_of(
    st.builds(lambda text: {"id": text}, who),
    st.just({"email": "a+b@x.com"}),
    st.just({"phone": "+41791234567"}),
    st.just({"cio_id": "03000001"}),
)
ITEMS = st.one_of(
    st.fixed_dictionaries(
        {"type": st.just("person"), "action": st.just("identify"), "identifiers": identifiers},
        optional={"attributes": OBJECTS, "timestamp": moments},
    ),
    st.fixed_dictionaries(
        {
            "type": st.just("person"),
            "action": st.sampled_from(["event", "page", "screen"]),
            "identifiers": identifiers,
            "name": who,
            "id": st.just(ULID),
        },
        optional={"attributes": OBJECTS, "timestamp": moments},
    ),
    st.fixed_dictionaries(
        {
            "type": st.just("object"),
            "action": st.sampled_from(["identify", "delete"]),
            "identifiers": st.sampled_from([{"object_type_id": "1", "object_id": "o"}, {"cio_object_id": "ob1"}]),
        }
    ),
)
GIVEN: dict[str, st.SearchStrategy[Any]] = {
    "identifier": who,
    "name": who,
    "id": st.none() | st.just(ULID),
    "timestamp": st.none() | moments,
    "attributes": st.none() | OBJECTS,
    "device": st.fixed_dictionaries(
        {"id": who, "platform": st.sampled_from(["ios", "android"])}, optional={"last_used": moments}
    ),
    "primary": st.just({"id": "a"}),
    "secondary": st.sampled_from([{"email": "b@x.io"}, {"cio_id": "03"}]),
    "item": ITEMS,
    "batch": st.lists(ITEMS, max_size=3),
}
SAMPLES = {
    "timestamp": 1_700_000_000,
    "id": ULID,
    "device": {"id": "t", "platform": "ios", "last_used": 1_700_000_000},
    "item": {"type": "person", "action": "identify", "identifiers": {"id": PERSON}},
    "batch": [{"type": "person", "action": "suppress", "identifiers": {"id": PERSON}}],
    "primary": {"id": PERSON},
    "secondary": {"id": "somebody else"},
    "attributes": {"plan": "pro"},
}


def _with_id(operation: Declared[..., Any], arguments: dict[str, Any]) -> dict[str, Any]:
    """Return arguments with the event's id, which is minted anew for each call that has none."""
    return arguments | ({"id": ULID} if "id" in operation.route.types else {})


def _some_of_track(operation: Declared[..., Any], text: str = AWKWARD_TEXT) -> dict[str, Any]:
    """Return every argument of an operation of the Track API."""
    return some_arguments(operation.route, text, **{k: v for k, v in SAMPLES.items() if k in operation.route.types})


TRACK = Surface(
    declared(*TRACK_GROUPS),
    ("site-1", "track-key"),
    lambda wire: TrackClient("site-1", "track-key", transport=wire, clock=FakeClock()),
    lambda wire: AsyncTrackClient("site-1", "track-key", transport=wire, clock=FakeClock()),
    GIVEN,
    _with_id,
    _some_of_track,
)

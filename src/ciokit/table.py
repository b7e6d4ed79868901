"""The table of every declared operation, of all APIs: what the emulator, the command line, the docs and tests read.

`python -m ciokit.table` prints docs/coverage.md.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from itertools import groupby
from typing import Any, Literal, TypeAlias

from ciokit.app_api.client import GROUPS as APP_GROUPS
from ciokit.core.endpoint import Declared, declared
from ciokit.pipelines_api.operations import Pipelines
from ciokit.track_api.client import GROUPS as TRACK_GROUPS

TABLE: tuple[Declared[..., Any], ...] = (
    *declared(Pipelines),
    *declared(*TRACK_GROUPS),
    *declared(*APP_GROUPS),
)

DOCUMENTED: Mapping[str, int] = {"pipelines": 7, "track": 18, "app": 186}
"""How many operations the vendor documents, by API."""

Answered: TypeAlias = Literal["state", "nothing"]
"""How the emulator answers: from what its world holds, or not at all."""

_TITLES = {"pipelines": "Data Pipelines API", "track": "Track API", "app": "App API"}
_INGESTED = "pipelines"  # these are taken by `ciokit.emulator.ingest`, all of them into the world


def coverage() -> dict[str, Answered]:
    """Return how the emulator answers each declared operation, by method and path."""
    from ciokit.emulator import behaviour, routing  # they read this table themselves

    assert behaviour.__all__  # noqa: S101 - importing it has registered every handler
    handled = {binding.endpoint.route.label for binding in routing.bindings()}
    routes = [operation.route for operation in TABLE]
    return {
        route.label: "state" if route.surface == _INGESTED or route.label in handled else "nothing" for route in routes
    }


def page() -> str:
    """Return the coverage page: what is declared of what is documented, and how the emulator answers it."""
    return "\n".join(_lines(coverage())) + "\n"


def _lines(answered: Mapping[str, Answered]) -> Iterator[str]:
    yield "# What is covered"
    yield ""
    yield "Written by `python -m ciokit.table > docs/coverage.md`; a test holds it to the code."
    yield ""
    yield "`state`: the emulator answers from what its world holds, and what is written there changes it."
    yield ""
    yield "| API | Documented | Declared | Emulated as state | Not emulated |"
    yield "| --- | --- | --- | --- | --- |"
    for surface, documented in DOCUMENTED.items():
        routes = [operation.route for operation in TABLE if operation.route.surface == surface]
        count = Counter(answered[route.label] for route in routes)
        yield f"| {_TITLES[surface]} | {documented} | {len(routes)} | {count['state']} | {count['nothing']} |"
    total = Counter(answered.values())
    yield f"| All | {sum(DOCUMENTED.values())} | {len(TABLE)} | {total['state']} | {total['nothing']} |"
    for surface, title in _TITLES.items():
        yield ""
        yield f"## {title}"
        routes = [operation.route for operation in TABLE if operation.route.surface == surface]
        for noun, found in groupby(routes, lambda route: route.name.partition(".")[0]):
            yield ""
            yield f"### {noun}"
            yield ""
            yield "| Operation | Request | The vendor's name | Emulated as |"
            yield "| --- | --- | --- | --- |"
            for route in found:
                yield f"| `{route.name}` | `{route.label}` | {route.docs} | {answered[route.label]} |"


if __name__ == "__main__":
    sys.stdout.write(page())

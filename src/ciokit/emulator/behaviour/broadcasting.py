"""How a trigger of a broadcast becomes deliveries: whom it means, who is an error, and what each is sent."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ciokit.emulator.behaviour.filters import people_filter
from ciokit.emulator.deliveries import send_content
from ciokit.emulator.messaging import Run, Source
from ciokit.emulator.world import Person, World


def work_off(world: World, source: Source, run: Run) -> None:
    """Send a broadcast to everybody a trigger means, as they are now; without any audience that is everybody."""
    run.processed = world.now
    if run.lines is None:
        test = people_filter(world, run.audience) if run.audience is not None else None
        for person in [person for person in world.people.values() if test is None or test(person)]:
            send_content(world, source, person, data=run.data, run_id=run.id)
        return
    for place, (kind, identifier, data) in enumerate(run.lines, 1):
        for person in _meant(world, run, place, kind, identifier):
            _send(world, source, run, person, data)


def _send(world: World, source: Source, run: Run, person: Person, data: Mapping[str, Any]) -> None:
    send_content(world, source, person, data={**run.data, **data}, run_id=run.id)


def _meant(world: World, run: Run, place: int, kind: str, identifier: str) -> list[Person]:
    """Return the people of one line; nobody is an error unless the trigger says to leave them out."""
    person = world.person(identifier, "email" if kind == "email" else "id")
    if person is not None:
        return [person]
    if kind not in run.skip_missing:
        run.errors.append(f"line {place}: nobody has this {kind}")
    return []

"""Snippets: names are unique, names and values are trimmed, values hold at most 16,000 characters (App spec)."""

from __future__ import annotations

from ciokit.app_api.snippets import SnippetAnswer, SnippetList, Snippets
from ciokit.emulator.routing import ApiFault, on
from ciokit.emulator.world import World

_LONGEST = 16_000


@on(Snippets.find)
def find(world: World) -> SnippetList:
    """Answer with all snippets."""
    return {"snippets": [{**snippet} for snippet in world.held.snippets.values()]}


@on(Snippets.create)
def create(world: World, *, name: str, value: str) -> SnippetAnswer:
    """Make a snippet under a new name."""
    if not name.strip():
        raise ApiFault(422, "name is empty", pointer="/name")
    if name.strip() in world.held.snippets:
        raise ApiFault(422, "name is another snippet's", pointer="/name")
    if len(value.strip()) > _LONGEST:
        raise ApiFault(422, f"value has over {_LONGEST:,} characters", pointer="/value")
    return _put(world, name, value)


@on(Snippets.update)
def update(world: World, *, name: str, value: str) -> SnippetAnswer:
    """Make or change the snippet of a name; what is wrong is a 400 here."""
    if not name.strip():
        raise ApiFault(400, "name: is empty")
    if len(value.strip()) > _LONGEST:
        raise ApiFault(400, f"value: has over {_LONGEST:,} characters")
    return _put(world, name, value)


@on(Snippets.delete)
def delete(world: World, snippet_name: str) -> None:
    """Forget a snippet."""
    if world.held.snippets.pop(snippet_name, None) is None:
        raise ApiFault(404, "there is no such snippet")


def _put(world: World, name: str, value: str) -> SnippetAnswer:
    known = name.strip()
    world.held.snippets[known] = {"name": known, "value": value.strip(), "updated_at": world.now}
    return {"snippet": {**world.held.snippets[known]}}

"""Versions of Design Studio's e-mails: saved by hand, or made when publishing or going back.

Known: without changes none is made; those of publishing cannot be deleted; going back leaves components as they are
(App catalogue). [inferred]: going back saves a version of its own.
"""

from __future__ import annotations

from copy import deepcopy
from typing import Any, cast

from ciokit.app_api.design_studio_versions import (
    DesignStudioVersions,
    DesignVersion,
    DesignVersionAnswer,
    DesignVersionsAnswer,
    RestoredVersion,
    SavedVersion,
)
from ciokit.emulator.behaviour import design
from ciokit.emulator.behaviour.design_rendering import used
from ciokit.emulator.library import Node, Version
from ciokit.emulator.routing import ApiFault, on
from ciokit.emulator.world import World


@on(DesignStudioVersions.find)
def find(world: World, id: str, *, start_date: int | None = None, end_date: int | None = None) -> DesignVersionsAnswer:
    """Answer with the versions of an e-mail, oldest first."""
    design.either(world, id)
    if end_date is not None and start_date is None:
        raise ApiFault(400, "start_date: is needed with end_date")
    found = [
        each
        for each in world.held.design.versions.get(id, [])
        if (start_date is None or each.created >= start_date) and (end_date is None or each.created <= end_date)
    ]
    return {"versions": [_shown(id, each) for each in found]}


@on(DesignStudioVersions.create)
def create(world: World, id: str, name: str, *, description: str | None = None) -> SavedVersion:
    """Save an e-mail as it is, unless the last version is that already."""
    node = design.either(world, id)
    if not name.strip():
        raise ApiFault(400, "name: is blank")
    versions = world.held.design.versions.get(id, [])
    if versions and _state(versions[-1]) == _state(_taken(world, node, "", "")):
        return {"created": False, "version": _shown(id, versions[-1])}
    return {"created": True, "version": _shown(id, save(world, node, name, description or ""))}


@on(DesignStudioVersions.get)
def get(world: World, id: str, version_id: str) -> DesignVersionAnswer:
    """Answer with a version and what it held."""
    found = _known(world, id, version_id)
    content = found.content
    node = {
        "node_id": id,
        "node_type": "EMAIL",
        "name": found.title,
        "subject": content.get("subject", ""),
        "preheader_text": content.get("preheader_text", ""),
        "content": content.get("html", ""),
        "text": content.get("text", ""),
        "amp": content.get("amp", ""),
        "envelope": found.envelope,
        "transformers": found.transformers,
    }
    answer = {"version": _shown(id, found), "node": node, "dependencies": found.components}
    return cast("DesignVersionAnswer", answer)


@on(DesignStudioVersions.delete)
def delete(world: World, id: str, version_id: str) -> None:
    """Forget a version that was not made by publishing."""
    found = _known(world, id, version_id)
    if found.on_publish:
        raise ApiFault(409, "the version was made by publishing")
    world.held.design.versions[id].remove(found)


@on(DesignStudioVersions.restore)
def restore(world: World, id: str, version_id: str) -> RestoredVersion:
    """Take an e-mail back to a version."""
    node, found = design.either(world, id), _known(world, id, version_id)
    for name in ("content", "envelope", "transformers"):
        node.fields[name] = deepcopy(getattr(found, name))
    node.updated = world.now
    made = save(world, node, f"Back to {found.name}", "")
    return {"node_id": id, "restored_node_ids": [id], "version_id": made.id}


def save(world: World, node: Node[str], name: str, description: str, *, on_publish: bool = False) -> Version:
    """Save an e-mail as it is."""
    made = _taken(world, node, name.strip(), description, on_publish=on_publish)
    made.id = world.uuid()
    world.held.design.versions.setdefault(node.id, []).append(made)
    return made


def _taken(world: World, node: Node[str], name: str, description: str, *, on_publish: bool = False) -> Version:
    fields: dict[str, Any] = deepcopy(node.fields)
    components = [
        {"node_id": each.id, "node_type": "COMPONENT", "name": each.name, "component_name": each.fields["tag"],
         "content": each.fields["content"]}
        for each in used(world, node)
    ]  # fmt: skip
    title = design.group(world, node).name
    return Version("", name, description, world.now, on_publish, title, fields["content"], fields["envelope"],
                   fields["transformers"], components)  # fmt: skip


def _state(version: Version) -> tuple[Any, ...]:
    return version.title, version.content, version.envelope, version.transformers, version.components


def _shown(id: str, version: Version) -> DesignVersion:
    return {
        "id": version.id,
        "name": version.name,
        "description": version.description,
        "node_id": id,
        "node_type": "EMAIL",
        "created": version.created,
        "created_on_publish": version.on_publish,
        "feedback": False,
    }


def _known(world: World, id: str, version_id: str) -> Version:
    design.either(world, id)
    found = next((each for each in world.held.design.versions.get(id, []) if each.id == version_id), None)
    if found is None:
        raise ApiFault(404, "there is no such version")
    return found

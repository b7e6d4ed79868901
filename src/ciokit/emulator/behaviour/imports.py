"""Imports: asked for here, worked off by `ciokit.emulator.importing` when their time has come."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast, get_args

from ciokit.app_api.imports import (
    AnyNewImport,
    Extent,
    ImportAnswer,
    Imports,
    ImportState,
    NewImport,
    NewObjectImport,
    StartedImportAnswer,
)
from ciokit.app_api.imports import Import as Shown
from ciokit.emulator.behaviour import lookup
from ciokit.emulator.files import EXPORT_LINK_SECONDS, link
from ciokit.emulator.holdings import Import, ImportKind
from ciokit.emulator.importing import rows_in
from ciokit.emulator.routing import ApiFault, Manner, on
from ciokit.emulator.shapes import misfit
from ciokit.emulator.world import World


def _url(arguments: Mapping[str, Any]) -> str | None:
    url = arguments["import_"].get("data_file_url")
    return url if isinstance(url, str) else None


@on(Imports.create, Manner(source=_url))
def create(world: World, import_: AnyNewImport) -> StartedImportAnswer:
    """Start an import; only the request is checked, and what is wrong with the file is told later."""
    given = cast("dict[str, Any]", import_)
    kind: ImportKind = given.get("type", "")
    if kind not in get_args(ImportKind):
        raise ApiFault(400, f"import.type: must be one of {', '.join(get_args(ImportKind))}")
    wrong = misfit(given, NewObjectImport if kind == "object" else NewImport, "import")
    if wrong:
        raise ApiFault(400, wrong)
    extent: Extent = given.get("data_to_process") or given.get("people_to_process") or "all"
    if extent not in get_args(Extent):
        raise ApiFault(400, f"import.data_to_process: must be one of {', '.join(get_args(Extent))}")
    if kind == "event" and extent == "only_new":  # App spec, `/imports`: an event is nobody's first
        raise ApiFault(400, "import.data_to_process: events are imported for all or only_existing")
    type_id = given.get("object_type_id")
    is_type = isinstance(type_id, str) and type_id.isascii() and type_id.isdigit()
    if not is_type and (kind == "object" or type_id is not None):
        raise ApiFault(400, 'import.object_type_id: must be a number as text, such as "1"')
    number = world.held.number("import", world.held.imports)
    job = Import(
        id=number,
        kind=kind,
        name=given["name"],
        description=given.get("description", ""),
        identifier=given.get("identifier"),
        object_type_id=type_id,
        extent=extent,
        created=world.now,
        due=world.now + world.switches.processing_seconds,
        content=world.fetched,
    )
    world.held.imports[number] = job
    return {"import": _shown(world, job)}


@on(Imports.get)
def get(world: World, import_id: int) -> ImportAnswer:
    """Answer with one import; no document says what an unknown one gets, so it is the 404 of all others."""
    return {"import": _shown(world, lookup.known(world.held.imports, import_id, "import"))}


def _state(world: World, job: Import) -> ImportState:
    if job.finished is not None:
        return "failed" if job.failure else "imported"
    return "preprocessing" if world.now == job.created else "importing"


def _shown(world: World, job: Import) -> Shown:
    shown: Shown = {
        "id": job.id,
        "created_at": job.created,
        "updated_at": job.finished if job.finished is not None else job.created,
        "name": job.name,
        "description": job.description,
        "rows_to_import": job.rows if job.finished is not None else rows_in(job.content),
        "rows_imported": job.imported,
        "state": _state(world, job),
        "type": job.kind,
        "data_to_process": job.extent,
    }
    if job.identifier is not None:
        shown["identifier"] = job.identifier
    if job.object_type_id is not None:
        shown["object_type_id"] = job.object_type_id
    if job.failure:
        shown["error"] = job.failure
    if job.errors is not None:
        shown["error_export_id"] = job.errors
        shown["error_download_url"] = _link(world, job.errors)
    if job.warnings is not None:
        shown["warning_export_id"] = job.warnings
        shown["warning_download_url"] = _link(world, job.warnings)
    return shown


def _link(world: World, export: int) -> str:
    return link(world.origin, f"export-{export}.csv", world.now + EXPORT_LINK_SECONDS)

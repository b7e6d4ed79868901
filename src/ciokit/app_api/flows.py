"""Long work at the service as one call: make an export and download it, run an import and collect its errors.

export_customers(app, "people.csv", {"segment": {"id": 7}})                                       -> ExportedFile
await export_deliveries(async_app, "sent.csv", campaign_id=3)                                     -> ExportedFile
download_export(app, 12, "people.csv")                                                            -> ExportedFile
run_import(app, "https://files.example/people.csv", name="May", type="people", identifier="id")   -> ImportReport

Each asks, waits and asks again until the work has ended, and tells `progress` what the service said each time. With an
awaitable client each gives a coroutine.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from os import PathLike
from pathlib import Path
from typing import Any, Literal, TypeAlias, cast

from ciokit import values
from ciokit.app_api import checks
from ciokit.app_api.downloading import Destination
from ciokit.app_api.exports import Export, ExportAnswer, ExportMetric, Exports
from ciokit.app_api.imports import AnyNewImport, Extent, Import, Imports
from ciokit.app_api.long_calls import TIMEOUT, LongCall, Steps, Waits, goes_on
from ciokit.app_api.types import AudienceFilter
from ciokit.core.flow import Flow, told_of
from ciokit.core.links import read_link
from ciokit.errors import ApiError, JobError, ValidationError

Source: TypeAlias = str | PathLike[str] | bytes | Iterable[Mapping[str, Any]]
"""The URL of a CSV file; or a file, its content, or rows, which then have to be published."""

_LINK_IS_OVER = (401, 403, 404, 410)


@dataclass(frozen=True, slots=True)
class ExportedFile:
    """A downloaded export: where it is, its size in bytes, and what the service said of it at the end."""

    path: Path
    size: int
    export: Export


@dataclass(frozen=True, slots=True)
class ImportReport:
    """A finished import.

    `imported` counts the rows that were taken. `errors` are those that were not, `warnings` those that made the service
    wonder: each by column, with the service's reason in a column of its own. `job` is what it said at the end.
    """

    imported: int
    errors: list[dict[str, str]] = field(repr=False)
    warnings: list[dict[str, str]] = field(repr=False)
    job: Import = field(repr=False)


# Exports


@LongCall
def download_export(
    export_id: int,
    path: str | PathLike[str],
    *,
    timeout: float = TIMEOUT,
    progress: Callable[[Export], object] | None = None,
) -> Steps[ExportedFile]:
    """Wait for an export that was started before, and download it to `path`.

    The file is read whole into memory and is at `path` only once it is complete; one that was there is replaced, and a
    symbolic link followed. A link to the file that is over (they live for 15 minutes) is asked for again. No key goes
    to where a link leads.

    Args:
        export_id: the number of the export.
        path: where the CSV file shall be; its folder must exist.
        timeout: seconds the service may take to make the file.
        progress: told what the service says of the export, each time it is asked.

    Raises:
        ValidationError: there can be no file at `path`, or `timeout` is no time; nothing was asked for.
        JobError: the export failed, or took longer than `timeout`: `.job["id"]` lets it be downloaded later.
        RefusedError: there is no such export.
        OSError: the file cannot be written.
    """
    return _downloaded(Exports.get.flow(export_id), Destination(path), timeout, progress)


@LongCall
def export_customers(
    path: str | PathLike[str],
    filters: AudienceFilter,
    *,
    attributes: list[str] | None = None,
    timeout: float = TIMEOUT,
    progress: Callable[[Export], object] | None = None,
) -> Steps[ExportedFile]:
    """Export the people a filter matches to a CSV file at `path`.

    `filters` and `attributes` are those of `app.exports.create_customers`, the rest is as with `download_export`.
    """
    begun = Exports.create_customers.flow(filters, attributes=attributes)
    return _downloaded(begun, Destination(path), timeout, progress)


@LongCall
def export_deliveries(
    path: str | PathLike[str],
    *,
    newsletter_id: int | None = None,
    campaign_id: int | None = None,
    transactional_message_id: int | None = None,
    action_id: int | None = None,
    start: int | None = None,
    end: int | None = None,
    attributes: list[str] | None = None,
    metric: ExportMetric | None = None,
    drafts: bool | None = None,
    timeout: float = TIMEOUT,
    progress: Callable[[Export], object] | None = None,
) -> Steps[ExportedFile]:
    """Export the deliveries of one message source to a CSV file at `path`.

    What to export is said as to `app.exports.create_deliveries`, the rest is as with `download_export`.
    """
    begun = Exports.create_deliveries.flow(
        newsletter_id=newsletter_id,
        campaign_id=campaign_id,
        transactional_message_id=transactional_message_id,
        action_id=action_id,
        start=start,
        end=end,
        attributes=attributes,
        metric=metric,
        drafts=drafts,
    )
    return _downloaded(begun, Destination(path), timeout, progress)


def _downloaded(
    begun: Flow[ExportAnswer], to: Destination, timeout: float, progress: Callable[[Export], object] | None
) -> Steps[ExportedFile]:
    export = (yield from begun)["export"]
    note = f"export {export['id']} is at the service: `download_export` takes it up"
    with goes_on(note):
        export, content = yield from _file_of(export, timeout, progress)

    def save() -> ExportedFile:
        with goes_on(note):
            to.replace(content)
        return ExportedFile(to.path, len(content), export)

    return save


def _file_of(
    export: Export, timeout: float, progress: Callable[[Export], object] | None = None
) -> Flow[tuple[Export, bytes]]:
    """Wait until an export has ended, and return it with its file."""
    waits = Waits(timeout)
    while True:
        if progress is not None:
            progress(export)
        if export["status"] != "pending":
            break
        yield waits.next("the export is not done", export)
        export = (yield from Exports.get.flow(export["id"]))["export"]
    if export["status"] == "failed" or export.get("failed"):
        raise JobError("the service could not make the export; start it again", job=export)
    link = yield from Exports.link.flow(export["id"])
    try:
        return export, (yield from read_link(link["url"]))
    except ApiError as error:
        if error.status not in _LINK_IS_OVER:
            raise
    link = yield from Exports.link.flow(export["id"])
    return export, (yield from read_link(link["url"]))


# Imports


@LongCall
def run_import(
    source: Source,
    *,
    name: str,
    type: Literal["people", "event", "object", "relationship"],
    identifier: Literal["id", "email"] | None = None,
    object_type_id: str | None = None,
    data_to_process: Extent | None = None,
    description: str | None = None,
    publish: Callable[[bytes], str] | None = None,
    timeout: float = TIMEOUT,
    progress: Callable[[Import], object] | None = None,
) -> Steps[ImportReport]:
    """Have the service import a CSV file, wait for the end, and collect the rows it did not take.

    The service reads the file from a URL that needs no key. Without such a URL, give a path, the content or rows, and
    `publish`, which puts the content where the service can read it, such as in a bucket, and returns the (signed,
    short-lived) URL. What the service refuses row by row is no error here: it is in the report.

    Args:
        source: a URL; or a path, CSV as bytes, or rows. Of rows, values that are no text are written as JSON, None as
            nothing, times as ISO 8601.
        name: what people call the import.
        type: what each row is.
        identifier: the column that names people; needed for all but objects.
        object_type_id: the type of the objects, a number as text; needed for objects and for nothing else.
        data_to_process: which rows count: `all` unless given.
        description: of the import, for people.
        publish: see above.
        timeout: seconds the service may take to import.
        progress: told what the service says of the import, each time it is asked.

    Raises:
        ValidationError: something is missing for this type, or `publish` for this source.
        JobError: the import failed as a whole (`.job["error"]` says why), was cancelled, or took longer than `timeout`.
        RefusedError: the service refused the request.
    """
    optional = {
        "identifier": identifier,
        "object_type_id": object_type_id,
        "data_to_process": data_to_process,
        "description": description,
    }
    given: dict[str, Any] = {"name": name, "data_file_url": "", "type": type}
    given |= {key: value for key, value in optional.items() if value is not None}
    with told_of(Imports.create.route.label):
        checks.importable(given)  # before anything is published
        given["data_file_url"] = _published(source, publish)
    return _import(cast("AnyNewImport", given), timeout, progress)


def _import(given: AnyNewImport, timeout: float, progress: Callable[[Import], object] | None) -> Steps[ImportReport]:
    number = (yield from Imports.create.flow(given))["import"]["id"]
    with goes_on(f"import {number} goes on at the service: `imports.get` tells how far it is"):
        job = yield from _ended(number, timeout, progress)
        if job["state"] != "imported":
            text = f'the import ended as {job["state"]}; `job["error"]` says why if the service did'
            raise JobError(text, job=job)
        errors = yield from _rows_of(job.get("error_export_id"), job.get("error_download_url"), timeout)
        warnings = yield from _rows_of(job.get("warning_export_id"), job.get("warning_download_url"), timeout)
    report = ImportReport(job.get("rows_imported", 0), errors, warnings, job)
    return lambda: report


def _ended(number: int, timeout: float, progress: Callable[[Import], object] | None) -> Flow[Import]:
    """Wait until an import has ended, and return what the service says of it."""
    waits = Waits(timeout)
    while True:
        job = (yield from Imports.get.flow(number))["import"]
        if progress is not None:
            progress(job)
        if job["state"] in ("imported", "failed", "canceled"):
            return job
        yield waits.next("the import is not done", job)


def _rows_of(export_id: int | None, url: str | None, timeout: float) -> Flow[list[dict[str, str]]]:
    if export_id:
        export = (yield from Exports.get.flow(export_id))["export"]
        _, content = yield from _file_of(export, timeout)
    elif url:
        content = yield from read_link(url)
    else:
        return []
    table = csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline=""))
    return [{name: value or "" for name, value in row.items() if name} for row in table]


def _published(source: Source, publish: Callable[[bytes], str] | None) -> str:
    if isinstance(source, str):
        if source.partition("://")[0] in ("http", "https"):
            return source
        raise ValidationError("is text and no URL; give a file as a Path", field="source")
    name = type(source).__name__
    unknown = cast("object", source)  # from untyped code
    if not isinstance(unknown, bytes | PathLike | Iterable) or isinstance(unknown, Mapping):
        text = f"is a {name}; give a URL, a path, the content as bytes, or rows"
        raise ValidationError(text, field="source")
    if publish is None:
        raise ValidationError("is needed for what is no URL: the service reads from URLs only", field="publish")
    if isinstance(source, bytes):
        return publish(source)
    if isinstance(source, PathLike):
        return publish(_content_of(Path(source)))
    return publish(_csv(source))


def _content_of(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise ValidationError(f"cannot be read ({type(error).__name__}); give a file", field="source") from None


def _csv(rows: Iterable[Mapping[str, Any]]) -> bytes:
    listed = list(rows)
    for place, row in enumerate(listed):
        if not isinstance(row, Mapping):  # pyright: ignore[reportUnnecessaryIsInstance]  # from untyped code
            raise ValidationError(f"is a {type(row).__name__}; a row is a dict", field=f"source[{place}]")
    columns = list(dict.fromkeys(name for row in listed for name in row))
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(columns)
    writer.writerows([_cell(row.get(name)) for name in columns] for row in listed)
    return text.getvalue().encode()


def _cell(value: Any) -> str:
    if value is None or isinstance(value, str):
        return value or ""
    encoded = values.encode(value)
    plain: Any = values.decode(encoded)
    if plain is None:  # such as NaN
        return ""
    return plain if isinstance(plain, str) else encoded.decode()

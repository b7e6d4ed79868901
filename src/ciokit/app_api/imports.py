"""Imports: have the service read people, events, objects or relationships from a CSV file, and follow its work."""

from __future__ import annotations

from typing import Literal, NotRequired, TypeAlias, TypedDict

from ciokit.app_api import checks
from ciokit.core.endpoint import Field, Group, Path, S, endpoint
from ciokit.core.retry import Retry

Extent = Literal["all", "only_new", "only_existing"]
"""Which rows count: all, those of nobody known yet, or those of the known; events cannot be `only_new`."""

ImportState = Literal[
    "preprocessing", "preprocessed", "validating", "validated", "importing", "imported", "failed", "canceled"
]
"""How far an import is; the last three are ends."""


class NewImport(TypedDict):
    """An import of people, events or relationships to start.

    `data_file_url` must be readable by the service without a key; let the link expire after about two hours.
    `identifier` is the kind of identifier the file names people by.
    """

    name: str
    data_file_url: str
    type: Literal["people", "event", "relationship"]
    identifier: Literal["id", "email"]
    data_to_process: NotRequired[Extent]
    description: NotRequired[str]


class NewObjectImport(TypedDict):
    """An import of objects of one type to start; see `NewImport`."""

    name: str
    data_file_url: str
    type: Literal["object"]
    object_type_id: str
    data_to_process: NotRequired[Extent]
    description: NotRequired[str]


AnyNewImport: TypeAlias = NewImport | NewObjectImport
"""What can be imported."""


class StartedImport(TypedDict):
    """An import as it is right after its start; times are in Unix seconds."""

    id: int
    created_at: int
    updated_at: int
    name: str
    description: NotRequired[str]
    rows_to_import: NotRequired[int]
    rows_imported: NotRequired[int]
    state: ImportState
    type: Literal["people", "event", "object", "relationship"]
    identifier: NotRequired[Literal["id", "email"]]
    data_to_process: NotRequired[Extent]
    people_to_process: NotRequired[Extent]
    object_type_id: NotRequired[str]
    error: NotRequired[str]


class Import(StartedImport):
    """An import.

    `error` says why all of it failed. Rows that failed or made the service wonder are in files of their own: `exports`
    gets them by `error_export_id` and `warning_export_id`, which are there only when such rows are.
    """

    error_export_id: NotRequired[int]
    error_download_url: NotRequired[str]
    warning_export_id: NotRequired[int]
    warning_download_url: NotRequired[str]


StartedImportAnswer = TypedDict("StartedImportAnswer", {"import": StartedImport})
"""An import just started, under `import`."""

ImportAnswer = TypedDict("ImportAnswer", {"import": Import})
"""An import, under `import`."""


class Imports(Group[S]):
    """What the App API does about imports."""

    @endpoint("app", "POST", "/v1/imports", retry=Retry.NEVER, docs="import", check=checks.new_import)
    def create(self, import_: Field[AnyNewImport]) -> StartedImportAnswer:
        """Start an import from a CSV file the service can reach; follow it with `get`.

        Only the request is checked here: what is wrong with the file is told later, by `get`.
        """
        ...

    @endpoint("app", "GET", "/v1/imports/{import_id}", retry=Retry.SAFE, docs="getImport")
    def get(self, import_id: Path[int]) -> ImportAnswer:
        """Return one import: how far it is, how many rows it took, and where the rows that failed are."""
        ...

"""The Delta tables of a store: made when missing, appended to with transaction ids, read by column.

```python
store = DeltaStore("s3://bucket/webhooks")
raw = store.table(RAW)
raw.append(columns, {"my-app": 7})  # raises StaleTableError if another writer of `my-app` was faster
raw.transaction("my-app")  # 7
```

A transaction id is what makes appends exactly once. delta-rs does not skip a version that it has seen; it refuses a
commit whose snapshot is older than the last one with the same id. So whoever appends first reads `transaction()` and
decides, and the append fails if that decision is out of date.
"""

from __future__ import annotations

import re
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from ciokit.errors import ConfigurationError, CustomerIOError, TableStoreError
from ciokit.webhooks import addresses
from ciokit.webhooks.arrow import arrow_table, values_of
from ciokit.webhooks.tables import TABLES, Column, Columns, ColumnType, Table

if TYPE_CHECKING:
    from deltalake import DeltaTable, Field, WriterProperties

_REOPEN: Final = 50
"""Commits after which a handle is opened anew: one that is kept gets slower with each."""

_PATIENCE: Final = {"connect_timeout": "5s", "timeout": "30s", "max_retries": "3", "retry_timeout": "15s"}
"""How long delta-rs tries by itself. Its own three minutes would hide an outage, and hold up a stop."""


class StaleTableError(Exception):
    """Another writer has committed since the snapshot that this commit was decided on; nothing was written."""


class DeltaStore:
    """The tables under one address.

    Args:
        uri: a folder, or an address such as `s3://bucket/webhooks`, `abfss://...` or `gs://...`.
        storage_options: credentials and endpoints as delta-rs names them; what is not given is taken from the
            environment, such as `AWS_ACCESS_KEY_ID`.
        history_hours: how long files that were compacted away, and the log of old commits, are kept for readers that
            are slow or away. It is written into tables when they are made.

    Raises:
        ConfigurationError: `uri` can be no address of tables, or delta-rs is not installed.
    """

    def __init__(
        self, uri: str | Path, storage_options: Mapping[str, str] | None = None, *, history_hours: int = 72
    ) -> None:
        _require()
        self.uri = addresses.tables(uri)
        remote = "://" in self.uri and not self.uri.startswith("file://")
        self.local = not remote
        self.options = {**(_PATIENCE if remote else {}), **(storage_options or {})}
        self.history_hours = history_hours
        self._tables: dict[str, LandingTable] = {}

    def __repr__(self) -> str:
        return f"DeltaStore({self.uri!r})"

    def table(self, table: Table) -> LandingTable:
        """Return a table of the store; nothing is read or made yet."""
        return self._tables.setdefault(table.name, LandingTable(self, table))

    def tables(self) -> list[LandingTable]:
        """Return every table of the store."""
        return [self.table(table) for table in TABLES.values()]

    def forget(self) -> None:
        """Let every table be opened anew when it is next used."""
        for table in self._tables.values():
            table.forget()


class LandingTable:
    """One Delta table, as it was when last opened or refreshed; `commits` counts those made here."""

    def __init__(self, store: DeltaStore, table: Table) -> None:
        self.store = store
        self.declared = table
        self.name = table.name
        self.uri = f"{store.uri}/{table.name}"
        self.commits = 0
        self._handle: DeltaTable | None = None
        self._opened_at = 0
        self._merge = False
        self._transactions: dict[str, int] = {}

    def __repr__(self) -> str:
        return f"LandingTable({self.uri!r})"

    @property
    def id(self) -> str:
        """The id of the table, which another table in its place would not have."""
        return str(self.handle.metadata().id)

    @property
    def version(self) -> int:
        """The version of the snapshot in use."""
        return self.handle.version()

    @property
    def handle(self) -> DeltaTable:
        """The table as delta-rs has it, opened or made now if it was not yet."""
        if self._handle is None:
            self._handle = self._opened()
            self._opened_at = self.commits
        return self._handle

    def forget(self) -> None:
        """Let the table be opened anew when it is next used."""
        self._handle = None
        self._transactions.clear()

    def exists(self) -> bool:
        """Tell whether somebody made the table; it is not made by asking."""
        if self._handle is None and (found := self._found()) is not None:
            self._handle = self._checked(found)
            self._opened_at = self.commits
        return self._handle is not None

    def require(self) -> None:
        """Open the table if somebody made it; it is not made by asking.

        Raises:
            ConfigurationError: it is not there.
            TableStoreError: the store does not answer.
        """
        if not self.exists():
            raise ConfigurationError(
                f"there is no table {self.name} at this address; `ciokit webhooks commit` makes the webhook tables"
            )

    def refresh(self) -> None:
        """Take the newest version as the snapshot."""
        self._transactions.clear()
        if self._handle is None or self.commits - self._opened_at >= _REOPEN:
            self.forget()
            _ = self.handle
            return
        try:
            with told("read", self.name):
                self._handle.update_incremental()
        except TableStoreError:  # also: its version is gone from the log
            self.forget()
            _ = self.handle

    def transaction(self, app: str) -> int:
        """Return the version last committed under an application's id, 0 if there is none.

        Raises:
            TableStoreError: the store does not answer.
        """
        if app not in self._transactions:
            with told("read", self.name):  # it does not come with the snapshot: delta-rs looks through the log
                self._transactions[app] = self.handle.transaction_version(app) or 0
        return self._transactions[app]

    def append(self, columns: Columns, transactions: Mapping[str, int]) -> None:
        """Append rows in one commit that also sets transaction ids; without rows only those.

        Raises:
            StaleTableError: one of these ids, or the table's layout, was changed since the snapshot.
            TableStoreError: the store did not answer; whether the commit was made is unknown.
        """
        from deltalake import CommitProperties, Transaction, write_deltalake

        if self.commits - self._opened_at >= _REOPEN:
            # Not opened anew here: the caller has decided on this snapshot, and refreshes when it is told to.
            raise StaleTableError
        data = arrow_table(self.declared, columns)
        properties = CommitProperties(app_transactions=[Transaction(app, to) for app, to in transactions.items()])
        with told("append to", self.name):
            write_deltalake(
                self.handle,
                data,
                mode="append",
                schema_mode="merge" if self._merge else None,
                writer_properties=_writer(),
                commit_properties=properties,
            )
        self.commits += 1
        # The snapshot is a new one now; of what others may have changed in between, nothing is known.
        self._transactions = dict(transactions)

    def scan(self, names: Sequence[str], where: str | None = None) -> Iterator[list[list[Any]]]:
        """Yield parts of the snapshot as one list of values per named column; times are microseconds, dates days."""
        with told("read", self.name):
            for batch in self.handle.scan(columns=list(names), predicate=where):
                yield self._parts(batch, names)

    def _parts(self, batch: Any, names: Sequence[str]) -> list[list[Any]]:
        kinds: dict[str, ColumnType] = {column.name: column.type for column in self.declared.columns}
        return [values_of(batch.column(name), kinds[name]) for name in names]

    def missing_in(
        self, other: LandingTable, names: Sequence[str], where: str, there: str
    ) -> Iterator[list[list[Any]]]:
        """Yield the rows of `where` whose `event_id` the rows of `there` in another table lack, in parts as `scan`."""
        from deltalake import QueryBuilder

        columns = ", ".join(names)
        query = (
            f"WITH there AS (SELECT event_id FROM other WHERE {there}), here AS (SELECT event_id, {columns} FROM this WHERE {where}) "  # noqa: S608, E501 - quoted by the caller
            f"SELECT {columns} FROM here LEFT ANTI JOIN there ON here.event_id = there.event_id"
        )
        with told("compare", self.name):
            for batch in QueryBuilder().register("this", self.handle).register("other", other.handle).execute(query):
                yield self._parts(batch, names)

    def file_sizes(self) -> list[int]:
        """Return the sizes of the live files."""
        with told("read", self.name):
            actions: Any = self.handle.get_add_actions(flatten=True)
        return [int(size) for size in actions.column("size_bytes").to_pylist()]

    # Opening

    def _found(self) -> DeltaTable | None:
        from deltalake import DeltaTable
        from deltalake.exceptions import TableNotFoundError

        try:
            with told("open", self.name):
                return DeltaTable(self.uri, storage_options=dict(self.store.options))
        except TableStoreError as error:
            if isinstance(error.__cause__, TableNotFoundError):
                return None
            raise

    def _opened(self) -> DeltaTable:
        found = self._found()
        if found is None:
            try:
                with told("make", self.name):
                    self._make()
            except (StaleTableError, TableStoreError):  # somebody else may have made it at the same moment
                found = self._found()
                if found is None:
                    raise
            found = found or self._found()
        if found is None:
            raise TableStoreError(f"the table {self.name} was made and is not there; look at what else writes there")
        return self._checked(found)

    def _make(self) -> None:
        from deltalake import DeltaTable

        if self.store.local:
            Path(self.uri.removeprefix("file://")).mkdir(parents=True, exist_ok=True)
        DeltaTable.create(
            self.uri,
            schema=_delta_schema(self.declared.columns),
            mode="ignore",
            name=self.name,
            description=self.declared.doc,
            configuration={
                "delta.checkpointInterval": "50",
                "delta.logRetentionDuration": f"interval {self.store.history_hours} hours",
                "delta.deletedFileRetentionDuration": f"interval {self.store.history_hours} hours",
                "delta.dataSkippingStatsColumns": ",".join(self.declared.statistics),
            },
            storage_options=dict(self.store.options),
        )

    def _checked(self, handle: DeltaTable) -> DeltaTable:
        """Add the columns that an older release did not have; refuse a table that is not ours."""
        there = {field.name: _type_name(field.type) for field in handle.schema().fields}
        for column in self.declared.columns:
            if there.get(column.name, column.type) != column.type:
                raise ConfigurationError(
                    f"`{column.name}` of {self.uri} is {there[column.name]}, not {column.type}; give another address"
                )
        if missing := [column for column in self.declared.columns if column.name not in there]:
            try:
                with told("add columns to", self.name):
                    handle.alter.add_columns([_delta_field(column, nullable=True) for column in missing])
                    handle.update_incremental()
            except StaleTableError as error:
                raise TableStoreError(f"another process changes the columns of {self.name} too ({error})") from error
        self._merge = bool(there.keys() - {column.name for column in self.declared.columns})
        return handle


@contextmanager
def maintained(doing: str, table: LandingTable) -> Generator[None]:
    """Maintain a table: our two kinds of failure if it fails, the new snapshot if it does not."""
    with told(doing, table.name):
        yield
    table.refresh()


def microseconds(value: int) -> str:
    """Write microseconds since 1970 as a timestamp for `where`."""
    return f"arrow_cast({value}, 'Timestamp(Microsecond, Some(\"UTC\"))')"


def text(value: str) -> str:
    """Write a text for `where`."""
    return "'" + value.replace("'", "''") + "'"


# --- schemas ----------------------------------------------------------------------------------------------------------


def _delta_field(column: Column, *, nullable: bool) -> Field:
    from deltalake import Field
    from deltalake.schema import PrimitiveType

    kind = PrimitiveType(column.type)
    return Field(column.name, kind, nullable=nullable, metadata={"comment": column.doc})


def _delta_schema(columns: Sequence[Column]) -> Any:
    from deltalake import Schema

    return Schema([_delta_field(column, nullable=column.nullable) for column in columns])


def _type_name(kind: Any) -> str:
    return str(getattr(kind, "type", kind))


def _writer() -> WriterProperties:
    from deltalake import WriterProperties

    return WriterProperties(compression="ZSTD", compression_level=1)


# --- failures ---------------------------------------------------------------------------------------------------------

_QUERY: Final = re.compile(r"\?\S*")  # of an address: it may hold a signature
_COLOUR: Final = re.compile(r"\x1b\[[0-9;]*m")
_LONGEST: Final = 300


@contextmanager
def told(doing: str, table: str) -> Generator[None]:
    """Turn what delta-rs raises into our two kinds of failure."""
    from deltalake.exceptions import CommitFailedError

    try:
        yield
    except CommitFailedError as error:
        if "Unsupported table features" in str(error):
            raise ConfigurationError(
                f"delta-rs cannot write the table {table}: {_said(error)}. Liquid clustering is such a feature; "
                "land events in a table without it, and let Databricks fill one with it from there"
            ) from error
        raise StaleTableError(_said(error)) from error
    except CustomerIOError:
        raise
    except Exception as error:  # while a table is read, a failure of the store comes as a plain `Exception`
        raise TableStoreError(f"could not {doing} the table {table}: {_said(error)}") from error
    except BaseException as error:
        if type(error).__name__ != "PanicException":  # of the Rust side; it is no `Exception`
            raise
        raise TableStoreError(f"could not {doing} the table {table}: delta-rs failed: {_said(error)}") from error


def _said(error: BaseException) -> str:
    words = " ".join(_COLOUR.sub("", str(error)).split())
    return _QUERY.sub("", words)[:_LONGEST]


def _require() -> None:
    try:
        import deltalake  # noqa: F401  # pyright: ignore[reportUnusedImport]
    except ImportError:
        raise ConfigurationError("the Delta tables need delta-rs: pip install 'ciokit[webhooks]'") from None

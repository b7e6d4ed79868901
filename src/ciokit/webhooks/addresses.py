"""Tells where journals and tables can be from what only looks like it, before anything is made there; no I/O."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Final

from ciokit.errors import ConfigurationError

_SCHEME: Final = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):(/*)")
# As delta-rs lists them where it meets another (deltalake 1.6); those that begin with `opendal+` are taken unseen.
_STORES: Final = frozenset(
    {"abfs", "abfss", "adl", "az", "azblob", "azdls", "azure", "b2", "cos", "dbfs", "file", "fs", "gcs", "gs", "hdfs"}
    | {"hf", "lakefs", "memory", "obs", "oss", "s3", "s3a", "sftp", "swift", "tos", "uc", "viewfs", "webdav", "webhdfs"}
)


def folder(given: str | os.PathLike[str]) -> Path:
    """Return the folder of a journal.

    Raises:
        ConfigurationError: it is an address.
    """
    if (found := _SCHEME.match(os.fspath(given))) and found[2]:
        raise ConfigurationError(f"a journal lies in a folder on a local disk, not at `{found[0]}`; give one")
    return Path(given)


def tables(given: str | os.PathLike[str]) -> str:
    """Return the address of tables, which for a folder is its absolute path.

    Raises:
        ConfigurationError: it is an address of no kind that delta-rs knows, or looks like one and is none.
    """
    text = os.fspath(given).rstrip("/")
    found = _SCHEME.match(text)
    if found is None or not found[2]:
        return str(Path(text).absolute())
    scheme = found[1].lower()
    if len(found[2]) == 1:
        raise ConfigurationError(f"the tables cannot be at `{found[0]}`: an address begins with `{scheme}://`")
    if scheme not in _STORES and not scheme.startswith("opendal+"):
        raise ConfigurationError(
            f"the tables cannot be at `{scheme}://`, a kind of store that is not known; give a folder, or an address "
            "that begins with s3://, abfss:// or gs://"
        )
    return text

"""Where a download goes on this machine: checked before the service makes the file, and replaced whole at the end."""

from __future__ import annotations

import os
import secrets
import shutil
from os import PathLike
from pathlib import Path

from ciokit.errors import ValidationError


class Destination:
    """A file that may be there or not, in a folder that is; `path` is as it was given.

    Raises:
        ValidationError: there can be no file at the path.
    """

    def __init__(self, path: str | PathLike[str]) -> None:
        try:
            self.path = Path(path)
            self._target = self.path.resolve()
            _check(self._target)
        except (OSError, RuntimeError, TypeError, ValueError) as error:  # such as a link that leads to itself, or a NUL
            if isinstance(error, ValidationError):
                raise
            text = f"cannot be looked at ({type(error).__name__}); give another"
            raise ValidationError(text, field="path") from None

    def replace(self, content: bytes) -> None:
        """Put `content` there: all of it or, where that fails with `OSError`, none; a link is followed."""
        # A name of its own: two downloads to one path do not mix, and nobody's file is in the way.
        part = self._target.with_name(f".ciokit-{secrets.token_hex(8)}.part")
        try:
            with part.open("xb") as file:
                if self._target.exists():
                    shutil.copymode(self._target, part)
                file.write(content)
            _check(self._target)
            part.replace(self._target)
        finally:
            part.unlink(missing_ok=True)


def _check(target: Path) -> None:
    if target.is_dir():
        raise ValidationError("is a folder; give the path of a file in it", field="path")
    if target.exists() and not target.is_file():
        raise ValidationError("is no regular file, and would be replaced by one; give another", field="path")
    if not target.parent.is_dir():
        raise ValidationError("is in a folder that does not exist; make the folder first", field="path")
    if not os.access(target.parent, os.W_OK | os.X_OK):
        raise ValidationError("is in a folder that cannot be written to; give another", field="path")

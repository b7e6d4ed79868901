"""Keeps another `ciokit` command running beside this process: started again when it ends, and ended with it."""

from __future__ import annotations

import logging
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from typing import Final

from ciokit.errors import ConfigurationError

_LOG = logging.getLogger("ciokit.webhooks.serving")
STOP_SECONDS: Final = 60.0
_STEADY_SECONDS: Final = 60.0  # what ran for so long is started again without delay
_FIRST_PAUSE, _LONGEST_PAUSE = 1.0, 60.0


class Beside:
    """A command that should always run; the pause before it is started again doubles up to a minute."""

    def __init__(self, arguments: Sequence[str]) -> None:
        self._arguments = arguments
        self._stopping = threading.Event()
        self._process: subprocess.Popen[bytes] | None = None
        self._thread = threading.Thread(target=self._keep, name="ciokit-beside", daemon=True)

    def start(self) -> None:
        """Start it.

        Raises:
            ConfigurationError: no process can be started.
        """
        self._launch()
        self._thread.start()

    def stop(self) -> None:
        """Ask it to end, and wait for it; after a minute it is killed."""
        self._stopping.set()
        process = self._process
        if process is None:
            return
        process.terminate()
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            _LOG.error("`ciokit %s` did not end in time and is killed", self._name)
            process.kill()
        self._thread.join()

    @property
    def _name(self) -> str:
        return " ".join(word for word in self._arguments[:2])

    def _launch(self) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "ciokit.cli.attached", *self._arguments]
        try:
            # A session of its own: Ctrl-C is for this process, which ends the other when its own work is done.
            process = subprocess.Popen(command, stdin=subprocess.PIPE, start_new_session=True)  # noqa: S603 - our own
        except OSError as error:
            raise ConfigurationError(f"cannot start `ciokit {self._name}` ({type(error).__name__})") from error
        self._process = process
        if self._stopping.is_set():  # it was told to stop while this one was being started
            process.terminate()
        return process

    def _keep(self) -> None:
        pause = _FIRST_PAUSE
        while (process := self._process) is not None:
            began = time.monotonic()
            code = process.wait()
            if process.stdin is not None:
                process.stdin.close()
            if self._stopping.is_set():
                return
            if time.monotonic() - began > _STEADY_SECONDS:
                pause = _FIRST_PAUSE
            _LOG.error("`ciokit %s` ended with %d; it is started again in %g s", self._name, code, pause)
            if self._stopping.wait(pause):
                return
            pause = min(2 * pause, _LONGEST_PAUSE)
            try:
                self._launch()
            except ConfigurationError as error:
                _LOG.error("%s", error)

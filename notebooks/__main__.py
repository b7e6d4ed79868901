"""`python -m notebooks [options of Jupyter Lab]`: Jupyter Lab with one emulator for all pages; `make lab` calls it.

Where keys name a workspace, the pages run against that instead, and no emulator is started.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import ciokit


def main() -> int:
    """Run Jupyter Lab until it ends; 2 when the settings open no workspace."""
    try:
        workspace = ciokit.open_workspace()
    except ciokit.ConfigurationError as error:
        print(error, file=sys.stderr)
        return 2
    with workspace:
        command = [sys.executable, "-m", "jupyterlab", str(Path(__file__).parent), *_as_root(), *sys.argv[1:]]
        lab = subprocess.Popen(command, env=os.environ | _variables(workspace))  # noqa: S603 - our own command line
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is Jupyter's: it asks before it ends
        signal.signal(signal.SIGTERM, lambda *_: lab.terminate())
        return lab.wait()


def _as_root() -> list[str]:
    """Jupyter refuses to run as root unless told to; in a container that is who one is."""
    return ["--allow-root"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []


def _variables(workspace: ciokit.Workspace) -> dict[str, str]:
    """Return what leads the pages to the emulator, if one was started, and say where it is."""
    settings = workspace.settings
    if workspace.emulator is None or settings.base_url is None:
        return {}
    print(f"The emulator of all pages is at {settings.base_url}, its counts at {settings.base_url}/_emulator/stats")
    keys = {"CUSTOMERIO_API_KEY": settings.api_key, "CUSTOMERIO_APP_API_KEY": settings.app_api_key}
    return {"CUSTOMERIO_BASE_URL": settings.base_url, **{name: key or "" for name, key in keys.items()}}


if __name__ == "__main__":
    sys.exit(main())

"""Every notebook runs from top to bottom, against an emulator of its own and against the workspace that keys name."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

from ciokit.emulator.app import Emulator
from ciokit.emulator.server import EmulatorServer

NOTEBOOKS = Path(__file__).resolve().parents[2] / "notebooks"
PAGES = sorted(path for path in NOTEBOOKS.rglob("*.ipynb") if ".ipynb_checkpoints" not in path.parts)

CLOSED_DOOR = "http://127.0.0.1:9"
FINAL_STATE = "import json; print(json.dumps(workspace.emulator and workspace.emulator.stats()))"
FIRST = {"pipelines_api": 0, "app_api": 1, "track_api": 1, "use_cases": 1, "webhooks": 1}
COUNT = {"pipelines_api": 8, "app_api": 2, "track_api": 1, "use_cases": 3, "webhooks": 1}
LANDED = """
import json
refused = [[status, reason, count] for (status, reason), count in receiver.counts.answers.items() if status != 200]
rows = report.rows["webhook_raw_events"]
print(json.dumps([refused, report.records - rows, report.duplicates, rows > 600, found.sound, found.pending]))
"""
PERSONAL = re.compile(r"@|household-\d|emulator-signing-key")
LEFT_BEHIND = ("people", "objects", "relationships", "devices", "suppressed", "anonymous_events")


def _outputs(page: Path, folder: Path, question: str, **environment: str) -> list[dict[str, Any]]:
    """Execute a notebook, with a question at its end, in a kernel of its own; return what its cells give out.

    The kernel does not know the developer's IPython profile, and what is not on this machine is behind a closed door.
    """
    notebook = nbformat.read(page, as_version=4)
    notebook.cells.append(nbformat.v4.new_code_cell(question))
    client = NotebookClient(notebook, timeout=20, kernel_name="python3", resources={"metadata": {"path": str(folder)}})
    doors = {"HTTP_PROXY": CLOSED_DOOR, "HTTPS_PROXY": CLOSED_DOOR}
    homes = {"IPYTHONDIR": str(folder / "ipython"), "JUPYTER_PREFER_ENV_PATH": "1"}
    client.execute(env={**os.environ, **doors, **homes, **environment})
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    assert [output for output in outputs if output["output_type"] == "error"] == []
    return outputs


def _run(page: Path, folder: Path, **environment: str) -> dict[str, Any] | None:
    """Execute a notebook; return the end of the emulator it talked to, None if that was none."""
    return json.loads(_outputs(page, folder, FINAL_STATE, **environment)[-1]["text"])


def _remains(stats: dict[str, Any]) -> dict[str, int]:
    return {name: stats[name] for name in LEFT_BEHIND if stats[name]}


@pytest.mark.parametrize("folder", sorted(FIRST))
def test_every_topic_has_its_page(folder: str) -> None:
    """The pages about each API are numbered without a gap, and so are the use cases."""
    numbers = [int(path.name[:2]) for path in PAGES if path.parent.name == folder]
    assert numbers == [*range(FIRST[folder], FIRST[folder] + COUNT[folder])]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: f"{page.parent.name}/{page.stem}")
def test_page_runs_without_an_account(page: Path, tmp_path: Path) -> None:
    """Without keys a notebook runs against an emulator that it starts, where it leaves nothing behind."""
    stats = _run(page, tmp_path)
    assert stats is not None
    assert stats["accepted"] > 0
    assert _remains(stats) == {}


def test_page_runs_against_the_workspace_that_keys_name(tmp_path: Path) -> None:
    """With keys set a notebook starts no emulator and leaves nothing behind where they lead, run once or twice."""
    world = Emulator(key="k")
    page = NOTEBOOKS / "pipelines_api" / "05_batches.ipynb"
    with EmulatorServer(world) as server:
        keys = {"CUSTOMERIO_API_KEY": "k", "CUSTOMERIO_APP_API_KEY": "k", "CUSTOMERIO_BASE_URL": server.base_url}
        seen = [_run(page, tmp_path, **keys) for _ in range(2)]
    stats = world.stats()
    world.close()
    assert 0 < seen[0]["accepted"] < seen[1]["accepted"] == stats["accepted"]  # it looked into this world, no other
    assert _remains(stats) == {}


def test_webhooks_page_shows_what_it_says(tmp_path: Path) -> None:
    """Whatever keys there are it takes its own emulator; forged is refused, twice is once, nothing is missing.

    Two plots are drawn, and no output tells of a person or of the key.
    """
    keys = {"CUSTOMERIO_API_KEY": "k", "CUSTOMERIO_APP_API_KEY": "k", "CUSTOMERIO_BASE_URL": CLOSED_DOOR}
    *outputs, answer = _outputs(NOTEBOOKS / "webhooks" / "01_webhook_processing.ipynb", tmp_path, LANDED, **keys)
    assert json.loads(answer["text"]) == [[[401, "signature_invalid", 1]], 1, 1, True, True, 0]
    assert sum("image/png" in output.get("data", {}) for output in outputs) == 2
    told = [output.get("text", "") + output.get("data", {}).get("text/plain", "") for output in outputs]
    assert [text for text in told if PERSONAL.search(text)] == []

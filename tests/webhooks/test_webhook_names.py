"""What `ciokit.webhooks` gives by name, and how little it loads for it."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import ciokit.webhooks

ENGINES = (
    "deltalake",
    "arro3.core",
    "duckdb",
    "pyarrow",
    "uvicorn",
    "uvloop",
    "httptools",
    "prometheus_client",
    "httpx2",
)
LOADED = "import sys; {}; print([name for name in {!r} if name in sys.modules])"


def test_names_for_editors_are_the_names_at_run_time() -> None:
    """What type checkers see imported is what is loaded on first use, from the same modules, each name once."""
    tree = ast.parse(Path(ciokit.webhooks.__file__).read_text())
    guarded = next(node for node in tree.body if isinstance(node, ast.If)).body
    seen = {alias.name: node.module for node in guarded if isinstance(node, ast.ImportFrom) for alias in node.names}
    assert seen == ciokit.webhooks._HOME
    assert list(ciokit.webhooks.__all__) == sorted(seen)
    assert [name for name in seen if not hasattr(ciokit.webhooks, name)] == []


@pytest.mark.parametrize(
    "statement",
    [
        "import ciokit.webhooks",
        "from ciokit.webhooks import verify_signature, parse_event, route_webhook_event, Router, TABLES, ddl",
        "from ciokit.webhooks import WebhookReceiver, AsgiApp, WsgiApp, Journal, JournalReader",
        "from ciokit.webhooks import Committer, open_tables",
    ],
)
def test_names_load_no_engine(statement) -> None:
    """Engines and servers are loaded when they are used, not when they are named."""
    code = LOADED.format(statement, ENGINES)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"

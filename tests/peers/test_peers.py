"""Clients of others, unmodified, against `ciokit emulate` over TLS: what they write is there, and asked for told."""

from __future__ import annotations

import contextlib
import errno
import importlib.util
import json
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import pytest

from ciokit import AppClient

HERE = Path(__file__).parent
FETCHED = HERE.parents[1] / ".peers"
SEED = {
    "transactional": [{"id": 1, "name": "Welcome", "subject": "Hi {{ trigger.name }}", "body": "b"}],
    "broadcasts": [{"id": 12, "name": "News", "messages": [{"subject": "{{ trigger.headline }}", "body": "b"}]}],
}


def _unless(there: bool, reason: str) -> None:
    """Skip a test; `make peers` wants all of them."""
    if not there and os.environ.get("CIOKIT_PEERS"):
        pytest.fail(reason)
    if not there:
        pytest.skip(reason)


def _can_listen(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            return error.errno not in (errno.EACCES, errno.EADDRINUSE)
    return True


@contextlib.contextmanager
def _emulated(tmp_path: Path, port: int) -> Iterator[tuple[str, str, dict[str, str]]]:
    """Run the command; yield its plain address, its TLS port, and the environment that trusts its certificate."""
    ca = tmp_path / "ca.pem"
    command = [sys.executable, "-m", "ciokit", "emulate", "--port", "0", "--tls-port", str(port), "--tls-ca", str(ca)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        told: dict[str, str] = {}
        while "TLS CA" not in told:
            line = process.stdout.readline()
            assert line, "it did not start"
            name, _, value = line.strip().partition("  ")
            told[name.strip()] = value.strip()
        try:
            base = told["base URL"]
            with urlopen(Request(f"{base}/_emulator/seed", json.dumps(SEED).encode(), method="POST"), timeout=10):
                pass
            trusting = dict.fromkeys(("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "NODE_EXTRA_CA_CERTS"), str(ca))
            yield base, told["TLS URL"].rpartition(":")[2], {**os.environ, **trusting}
        finally:
            process.terminate()


def _said(command: list[str], environment: dict[str, str]) -> Any:
    """Run a client and return what it printed."""
    ran = subprocess.run(command, env=environment, check=False, capture_output=True, text=True, timeout=50)
    assert ran.returncode == 0, ran.stderr
    return json.loads(ran.stdout.splitlines()[-1])


def _read_back(base: str) -> None:
    """Look at the world that every one of the clients leaves behind."""
    with AppClient("key", base_url=base) as app, urlopen(f"{base}/_emulator/stats", timeout=10) as answer:
        stats = json.load(answer)
        person = app.customers.attributes("u4")["customer"]
        letters = [each.get("subject") for each in app.transactional.messages(1)]
    assert person["attributes"]["plan"] == "pro"
    assert person["identifiers"]["email"] == "u4@example.com"
    assert letters == ["Hi Ann"]
    assert stats["people"] == 3  # u0 with what u1 was, u4 and u9; u2 was suppressed, u3 deleted
    assert stats["events_by_name"] == {"Order Completed": 5, "Looked": 1, "Signed Up": 1}
    assert (stats["pages"], stats["anonymous_events"], stats.get("dropped", 0)) == (1, 1, 0)
    assert set(stats["by_status"]) == {"200", "400"}  # the one that was meant to be refused
    assert stats["by_status"]["400"] == 1


def test_async_customerio_works_unmodified(tmp_path: Path) -> None:
    """People, events, devices, merging, batches, sends and a look-up of PyPI `async-customerio`."""
    _unless(importlib.util.find_spec("async_customerio") is not None, "async-customerio is not installed")
    with _emulated(tmp_path, 0) as (base, port, environment):
        said = _said([sys.executable, str(HERE / "async_customerio_python.py"), "localhost", port], environment)
        assert said == {"sent": ["delivery_id", "queued_at"], "refused": "400", "found": ["u4"]}
        _read_back(base)


def test_customerio_works_unmodified(tmp_path: Path) -> None:
    """The same of PyPI `customerio`, whose package has the name of the one for Pipelines and so lives apart."""
    _unless((FETCHED / "python" / "customerio").exists(), "`make peers` fetches customerio")
    with _emulated(tmp_path, 0) as (base, port, environment):
        script = [sys.executable, str(HERE / "customerio_python.py"), "localhost", port]
        said = _said(script, {**environment, "PYTHONPATH": str(FETCHED / "python")})
        assert said == {"sent": ["delivery_id", "queued_at"], "refused": "400"}
        _read_back(base)


def test_customerio_node_works_unmodified(tmp_path: Path) -> None:
    """The same, a broadcast and an export of npm `customerio-node`, which goes to port 443 whatever its URL says."""
    _unless((FETCHED / "node" / "node_modules").exists(), "`make peers` fetches customerio-node")
    _unless(shutil.which("node") is not None, "Node.js is not installed")
    _unless(_can_listen(443), "port 443 cannot be listened on: run as root, or it is taken")
    with _emulated(tmp_path, 443) as (base, _, environment):
        script = ["node", str(HERE / "customerio_node.js"), "localhost"]
        said = _said(script, {**environment, "NODE_PATH": str(FETCHED / "node" / "node_modules")})
        facts = {"sent": ["delivery_id", "queued_at"], "refused": "400", "found": ["u4"]}
        assert said == {**facts, "run": 1, "plan": "pro", "export": 1}
        _read_back(base)

"""What keeps a test run to itself: no keys, no proxies, no way off this machine."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest


def test_environment_holds_no_key_and_no_proxy() -> None:
    """Inside a test no proxy is set, and of ciokit's variables only the one that names an empty profile file."""
    mine = {name for name in os.environ if name.startswith("CUSTOMERIO_") or name.upper().endswith("_PROXY")}
    assert mine == {"CUSTOMERIO_PROFILES"}
    assert Path(os.environ["CUSTOMERIO_PROFILES"]).read_text() == ""


def test_keys_and_proxies_are_hidden() -> None:
    """The same holds when the developer's shell has them set."""
    probe = f"{__file__}::{test_environment_holds_no_key_and_no_proxy.__name__}"
    mine = {
        "CUSTOMERIO_API_KEY": "k",
        "CUSTOMERIO_PROFILES": "mine.toml",
        "HTTPS_PROXY": "http://127.0.0.1:9",
        "no_proxy": "*",
    }
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", probe],
        env=os.environ | mine,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout


def test_only_loopback_can_be_reached() -> None:
    """A test may connect to 127.0.0.1 and to no address outside the loopback range."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        socket.create_connection(server.getsockname()).close()
        with socket.socket() as out, pytest.raises(UserWarning, match=r"127\.0\.0\.0/8"):
            out.connect(("0.0.0.0", server.getsockname()[1]))

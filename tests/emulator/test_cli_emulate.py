"""The command line as users meet it: a process that is started, spoken to over sockets, and stopped."""

from __future__ import annotations

import base64
import contextlib
import json
import os
import signal
import socket
import ssl
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

CIOKIT = (sys.executable, "-m", "ciokit")
ANY = {"authorization": "Basic " + base64.b64encode(b"any-key:").decode(), "content-type": "application/json"}
APP = {"authorization": "Bearer any-key"}


class Running:
    """A `ciokit emulate` process that is answering."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self.banner = ""
        assert process.stdout is not None
        assert process.stderr is not None
        self.out, self.err = process.stdout, process.stderr
        self.url = self.next_url("http")

    def next_url(self, scheme: str) -> str:
        """Return the next URL that is printed."""
        for line in self.out:
            self.banner += line
            if f"{scheme}://" in line:
                return f"{scheme}://" + line.partition("://")[2].strip()
        raise AssertionError(f"it ended with: {self.err.read()}")

    def ask(self, path: str, body: object = None, **headers: str) -> Any:
        """Ask over HTTP and return the JSON answer."""
        return ask(self.url + path, body, **headers)

    def stop(self, number: int = signal.SIGTERM) -> tuple[int, str, str]:
        """Send a signal and return exit code, the rest of the output, and the errors."""
        self.process.send_signal(number)
        out, err = self.out.read(), self.err.read()
        self.banner += out
        return self.process.wait(30), out, err


def ask(url: str, body: object = None, *, context: ssl.SSLContext | None = None, **headers: str) -> Any:
    """Return the JSON that a URL answers with."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, {**(APP if body is None else ANY), **headers})
    with urllib.request.urlopen(request, timeout=20, context=context) as answer:
        return json.loads(answer.read() or b"{}")


@contextlib.contextmanager
def emulate(folder: Path, *arguments: str) -> Iterator[Running]:
    """Start `ciokit emulate` in a folder and wait until it has said where it serves."""
    with subprocess.Popen(
        [*CIOKIT, "emulate", "--port", "0", *arguments],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield Running(process)
        finally:
            process.kill()


def ciokit(folder: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run `ciokit` in a folder to its end."""
    return subprocess.run(
        [*CIOKIT, *arguments],
        cwd=folder,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


def port_of(url: str) -> int:
    """Return the port of a base URL."""
    return int(url.rpartition(":")[2])


def settings_in(output: str) -> dict[str, str]:
    """Return what `ciokit config` printed."""
    return dict(line.split(maxsplit=1) for line in output.splitlines())


def test_version_and_help(tmp_path: Path) -> None:
    """`ciokit` tells its version and its commands."""
    assert ciokit(tmp_path, "--version").stdout.startswith("ciokit 0.")
    for arguments in (("--help",), ("emulate", "--help"), ("config", "--help")):
        done = ciokit(tmp_path, *arguments)
        assert done.returncode == 0
        assert done.stdout.startswith("usage: ciokit")
    assert "emulate" in ciokit(tmp_path, "--help").stdout


def test_command_is_required(tmp_path: Path) -> None:
    """`ciokit` alone, or with a command it does not have, is a usage error."""
    for arguments in ((), ("emulat",)):
        done = ciokit(tmp_path, *arguments)
        assert done.returncode == 2
        assert "usage: ciokit" in done.stderr


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_emulator_serves_until_it_is_stopped(tmp_path: Path, number: int) -> None:
    """With nothing set up it accepts any key, keeps what it is told, and ends in good order."""
    with emulate(tmp_path) as running:
        running.ask("/v1/identify", {"userId": "42", "traits": {"plan": "pro"}})
        person = running.ask("/v1/customers/42/attributes")["customer"]
        assert person["attributes"]["plan"] == "pro"
        code, out, err = running.stop(number)
    assert (code, err) == (0, "")
    assert out.splitlines()[-1] == "The emulator has stopped."
    assert "any that is not empty" in running.banner
    assert f"{running.url}/_emulator" in running.banner


def test_emulator_stops_with_connections_open(tmp_path: Path) -> None:
    """An idle keep-alive connection does not hold up the end."""
    with emulate(tmp_path) as running, socket.create_connection(("127.0.0.1", port_of(running.url)), 20) as idle:
        code, _, err = running.stop()
        assert (code, err) == (0, "")
        assert idle.recv(1) == b""


def test_named_key_is_the_only_one(tmp_path: Path) -> None:
    """With `--key` the banner names it and another key is refused in strict mode."""
    with emulate(tmp_path, "--key", "key-of-the-test") as running:
        with pytest.raises(urllib.error.HTTPError) as refused:
            running.ask("/v1/identify", {"userId": "42"}, **{"x-strict-mode": "1"})
        with refused.value:
            assert refused.value.code == 401
        running.stop()
    assert "key-of-the-test" in running.banner


def test_quiet_prints_the_base_url_only(tmp_path: Path) -> None:
    """With `--quiet` the output is one URL, for a script to take."""
    with emulate(tmp_path, "--quiet") as running:
        assert running.stop() == (0, "", "")
        assert running.banner == running.url + "\n"


def test_port_in_use_is_told_in_one_line(tmp_path: Path) -> None:
    """A taken port ends with code 2 and says which, and what to do."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = ciokit(tmp_path, "emulate", "--port", str(port))
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr == (
        f"ciokit: port {port} is in use by another program; stop that one, or give another port: "
        "`--port 0` picks a free one\n"
    )


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--host", "0.0.0.0"), "--public"),
        (("--port", "70000"), "65535"),
        (("--tls-port", "0"), "`--tls-ca FILE`"),
        (("--tls-ca", "ca.pem"), "`--tls-port PORT`"),
        (("--tls-name", "x.test"), "`--tls-port PORT`"),
        (("--key", ""), "`--key` is empty"),
        (("--state", " "), "`--state` is empty"),
        (("--switch", "dedupe"), "NAME=VALUE"),
        (("--switch", "dedupe=maybe"), "`dedupe`: must be one of on, off"),
        (("--switch", "dedup=on"), "the switches are"),
    ],
)
def test_wrong_option_is_told_in_one_line(tmp_path: Path, arguments: tuple[str, ...], says: str) -> None:
    """What cannot be meant ends with code 2 and one line, before anything is served."""
    done = ciokit(tmp_path, "emulate", *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("ciokit: ")
    assert done.stderr.count("\n") == 1
    assert says in done.stderr


def test_switches_reach_the_emulator(tmp_path: Path) -> None:
    """A switch changes what the emulator does: text stays text, numbers and truth values are read as such."""
    switches = ("attributes_as_strings=false", "anonymous_merge_days=7", "dedupe=off")
    with emulate(tmp_path, "--switch", *switches) as running:
        running.ask("/v1/identify", {"userId": "42", "traits": {"visits": 7}})
        person = running.ask("/v1/customers/42/attributes")["customer"]
        assert person["attributes"]["visits"] == 7


@pytest.mark.parametrize(("reset", "taken"), [("before", 0), ("after", 1)])
def test_reset_fault_is_set_over_the_control_url(tmp_path: Path, reset: str, taken: int) -> None:
    """A fault rule sent to a running emulator breaks the next connection, before or after the world changes."""
    with emulate(tmp_path) as running:
        running.ask("/_emulator/faults", {"route": "POST /v1/track", "reset": reset, "times": 1})
        with pytest.raises(ConnectionResetError):
            running.ask("/v1/track", {"userId": "42", "event": "Clicked", "messageId": "m-1"})
        assert running.ask("/_emulator/stats")["accepted"] == taken
        running.ask("/v1/track", {"userId": "42", "event": "Clicked", "messageId": "m-1"})
        assert running.ask("/_emulator/stats")["accepted"] == 1
        assert running.stop()[0] == 0


def test_tls_serves_the_same_world(tmp_path: Path) -> None:
    """Over TLS, verified against FILE alone, a client sees what was sent in the clear."""
    options = ("--tls-port", "0", "--tls-ca", "ca.pem", "--tls-name", "cdp.example.test", "127.0.0.2")
    with emulate(tmp_path, *options) as running:
        running.ask("/v1/identify", {"userId": "42", "traits": {"plan": "pro"}})
        secure = running.next_url("https")
        context = ssl.create_default_context(cafile=str(tmp_path / "ca.pem"))
        person = ask(f"{secure}/v1/customers/42/attributes", context=context)["customer"]
        assert person["attributes"]["plan"] == "pro"
        assert running.stop()[0] == 0
    assert "SSL_CERT_FILE=ca.pem" in running.banner


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="Windows cannot be told to kill without warning")
def test_state_outlives_a_killed_process(tmp_path: Path) -> None:
    """With `--state` everything that was answered is there after kill -9 and a restart."""
    with emulate(tmp_path, "--state", "world") as running:
        running.ask("/v1/identify", {"userId": "42", "traits": {"plan": "pro"}})
        running.ask("/v1/batch", {"batch": [{"type": "identify", "userId": str(n)} for n in range(100, 200)]})
        assert running.stop(signal.SIGKILL)[0] == -signal.SIGKILL
    with emulate(tmp_path, "--state", "world") as running:
        person = running.ask("/v1/customers/42/attributes")["customer"]
        assert person["attributes"]["plan"] == "pro"
        assert running.ask("/v1/customers/199/attributes")["customer"]["id"] == "199"
        running.stop()
    assert "world" in running.banner


def test_config_hides_keys(tmp_path: Path) -> None:
    """`ciokit config` prints every setting, and of a key only that it is set."""
    done = ciokit(tmp_path, "config", CUSTOMERIO_API_KEY="source-key-1", CUSTOMERIO_REGION="eu")
    assert done.returncode == 0
    shown = settings_in(done.stdout)
    assert (shown["region"], shown["api_key"], shown["app_api_key"]) == ("eu", "[set]", "[not set]")
    assert "source-key-1" not in done.stdout


def test_config_of_a_profile(tmp_path: Path) -> None:
    """`--profile` names a table of the profile file; one that is not there ends with code 2."""
    profiles = tmp_path / "profiles.toml"
    profiles.write_text('[staging]\nregion = "eu"\n')
    done = ciokit(tmp_path, "config", "--profile", "staging", CUSTOMERIO_PROFILES=str(profiles))
    assert settings_in(done.stdout)["region"] == "eu"
    done = ciokit(tmp_path, "config", "--profile", "live", CUSTOMERIO_PROFILES=str(profiles))
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("ciokit: the profile `live` is not in")


def test_wrong_setting_is_told_in_one_line(tmp_path: Path) -> None:
    """A setting that cannot work ends with code 2 and no traceback."""
    done = ciokit(tmp_path, "config", CUSTOMERIO_REGION="mars")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "ciokit: `region` must be one of us, eu\n"


@pytest.mark.parametrize(
    ("line", "value"),
    [
        ("CUSTOMERIO_CA_FILE=plain", "plain"),
        ("  export CUSTOMERIO_CA_FILE = spaced out  # comment", "spaced out"),
        ("CUSTOMERIO_CA_FILE=with#hash", "with#hash"),
        ("CUSTOMERIO_CA_FILE='single \"#\" $HOME \\n'  # comment", 'single "#" $HOME \\n'),
        ('CUSTOMERIO_CA_FILE="double \\"#\\" \\\\"', 'double "#" \\'),
        ("CUSTOMERIO_CA_FILE=a=b==\r", "a=b=="),
    ],
)
def test_dotenv_of_the_working_directory_is_read(tmp_path: Path, line: str, value: str) -> None:
    """Each usual way to write a line of `.env` is understood; nothing is expanded."""
    (tmp_path / ".env").write_bytes(f"\ufeff# comment\n\n{line}\n".encode())
    done = ciokit(tmp_path, "config")
    assert done.stderr == ""
    assert settings_in(done.stdout)["ca_file"] == value


def test_environment_wins_over_dotenv(tmp_path: Path) -> None:
    """What the environment already holds is not replaced."""
    (tmp_path / ".env").write_text("CUSTOMERIO_REGION=eu\nCUSTOMERIO_API_KEY=source-key-1\n")
    shown = settings_in(ciokit(tmp_path, "config", CUSTOMERIO_REGION="us").stdout)
    assert (shown["region"], shown["api_key"]) == ("us", "[set]")


def test_odd_line_of_dotenv_is_skipped_without_being_shown(tmp_path: Path) -> None:
    """A line of `.env` that cannot be read is named by its number; the others count, and the command goes on."""
    (tmp_path / ".env").write_text('secret words\nCUSTOMERIO_REGION=eu\nSECRET=\'open\nSECRET="a" b\n')
    done = ciokit(tmp_path, "config")
    assert done.returncode == 0
    assert settings_in(done.stdout)["region"] == "eu"
    assert [line.split(" is not")[0] for line in done.stderr.splitlines()] == [
        f"ciokit: .env line {number}" for number in (1, 3, 4)
    ]
    assert "secret words" not in done.stderr


def test_unreadable_dotenv_is_skipped(tmp_path: Path) -> None:
    """A `.env` that is no text file does not stop a command."""
    (tmp_path / ".env").write_bytes(b"\xff\xfe")
    done = ciokit(tmp_path, "config")
    assert done.returncode == 0
    assert done.stderr == "ciokit: .env cannot be read (UnicodeDecodeError) and was skipped\n"


def test_reader_may_leave_early(tmp_path: Path) -> None:
    """Output into a closed pipe ends quietly."""
    with subprocess.Popen([*CIOKIT, "config"], cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 1


def test_command_line_is_quick_to_load() -> None:
    """Loading the command line loads neither the HTTP client nor the emulator."""
    code = "import sys, ciokit.cli; print({'httpx2', 'h11', 'asyncio', 'ciokit.emulator.server'} & sys.modules.keys())"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"

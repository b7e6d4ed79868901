"""The container recipe, the compose example and the systemd unit: read by their own tools, and by ciokit's parser."""

from __future__ import annotations

import argparse
import json
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest
import yaml

from ciokit.cli import parser
from ciokit.cli.beside import STOP_SECONDS
from ciokit.webhooks.serving import ServingLimits
from tests.webhooks.receiving import served

ROOT = Path(__file__).resolve().parents[2]
DEPLOY = ROOT / "deploy"
SCRIPTS = Path(sys.executable).parent


def parsed(words: list[str], monkeypatch: pytest.MonkeyPatch, **environment: str) -> argparse.Namespace:
    """Return what ciokit makes of a command line that begins with `ciokit`."""
    assert Path(words[0]).name == "ciokit"
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    return parser().parse_args(words[1:])


def instructions() -> list[tuple[str, str]]:
    """Return the instructions of the container recipe with their arguments."""
    text = re.sub(r"^#.*\n", "", (DEPLOY / "Containerfile").read_text(), flags=re.MULTILINE)
    lines = text.replace("\\\n", " ").splitlines()
    return [(words[0], words[1].strip()) for line in lines if (words := line.split(maxsplit=1))]


def arguments_of(name: str) -> list[str]:
    """Return the arguments of every instruction of one kind."""
    return [rest for kind, rest in instructions() if kind == name]


@pytest.fixture(scope="module")
def unit() -> dict[str, dict[str, list[str]]]:
    """Return the sections of the systemd unit: every value of every option."""
    sections: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    section = ""
    for line in (DEPLOY / "ciokit-webhooks.service").read_text().splitlines():
        if line.startswith("["):
            section = line.strip("[]")
        elif line and not line.startswith("#"):
            option, _, value = line.partition("=")
            sections[section][option].append(value)
    return sections


@pytest.mark.skipif(sys.platform != "linux", reason="hadolint is packaged for Linux")
def test_the_container_recipe_passes_hadolint() -> None:
    """Hadolint finds nothing in the container recipe."""
    command = [SCRIPTS / "hadolint", "--no-color", "--format", "json", DEPLOY / "Containerfile"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert json.loads(done.stdout) == []


def test_the_container_runs_a_command_that_ciokit_knows(monkeypatch: pytest.MonkeyPatch) -> None:
    """Entry point and command are a receiver that listens on the exposed port and keeps its journal on the volume."""
    [entry], [command] = arguments_of("ENTRYPOINT"), arguments_of("CMD")
    found = parsed(json.loads(entry) + json.loads(command), monkeypatch, CIOKIT_WEBHOOKS_DELTA="s3://b/webhooks")
    assert (found.host, [str(found.port)], found.delta) == ("0.0.0.0", arguments_of("EXPOSE"), "s3://b/webhooks")
    [volume] = arguments_of("VOLUME")
    assert found.journal.is_relative_to(volume)
    assert arguments_of("USER")[-1].split(":")[0] != "0"


def test_what_the_container_copies_is_there() -> None:
    """The recipe copies files that exist and that its ignore file lets through, among them all that the build needs."""
    let_through = {line[1:] for line in (DEPLOY / "Containerfile.dockerignore").read_text().splitlines() if "!" in line}
    copied = {source for words in arguments_of("COPY") for source in words.split()[:-1]}
    assert {source.removeprefix("./") for source in copied} == let_through
    assert all((ROOT / source).exists() for source in copied)
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert {project["readme"], *project["license-files"], "uv.lock"} <= copied


def test_the_health_check_tells_a_receiver_from_none(tmp_path: Path) -> None:
    """The container's health check succeeds on a receiver that runs and fails where none does."""
    [check] = arguments_of("HEALTHCHECK")
    words: list[str] = json.loads(check[check.index("[") :])
    assert words[:2] == ["python", "-c"]
    with served(tmp_path / "journal") as running:
        code = words[2].replace(":8080/", f":{running.port}/")
        assert code != words[2]
        assert subprocess.run([sys.executable, "-c", code], check=False, timeout=30).returncode == 0
        running.stop()
        refused = subprocess.run([sys.executable, "-c", code], check=False, timeout=30, capture_output=True)
        assert refused.returncode != 0


def test_the_compose_example_is_as_its_schema_says(monkeypatch: pytest.MonkeyPatch) -> None:
    """The example is valid, and starts a receiver that ciokit knows."""
    path = DEPLOY / "compose.yaml"
    command = [SCRIPTS / "check-jsonschema", "--builtin-schema", "vendor.compose-spec", path]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stdout
    receiver: Any = yaml.safe_load(path.read_text())["services"]["receiver"]
    found = parsed(["ciokit", *receiver["command"]], monkeypatch, **receiver["environment"])
    assert found.signing_key_file == Path("/run/secrets") / receiver["secrets"][0]
    assert (path.parent / receiver["build"]["context"] / receiver["build"]["dockerfile"]).resolve().is_file()
    assert int(receiver["stop_grace_period"].removesuffix("s")) > longest_end(found)


def longest_end(found: argparse.Namespace) -> float:
    """Return the seconds after which a receiver with these arguments has ended, once it is told to."""
    assert found.drain_seconds == ServingLimits().drain_seconds
    return found.drain_seconds + STOP_SECONDS


def test_the_unit_runs_a_command_that_ciokit_knows(
    unit: dict[str, dict[str, list[str]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The service is a receiver whose journal is in its state folder, and whose key is the credential it loads."""
    service = unit["Service"]
    [line] = service["ExecStart"]
    state, credentials = "/var/lib", "/run/credentials/ciokit-webhooks.service"
    words = shlex.split(line.replace("%S", state).replace("%d", credentials))
    found = parsed(words, monkeypatch, CIOKIT_WEBHOOKS_DELTA="s3://b/webhooks")
    assert found.journal.is_relative_to(f"{state}/{service['StateDirectory'][0]}")
    assert [found.signing_key_file.name] == [each.partition(":")[0] for each in service["LoadCredential"]]
    assert float(service["TimeoutStopSec"][0]) > longest_end(found)
    assert int(service["LimitNOFILE"][0]) > found.connections


# Those of systemd.unit(5), systemd.service(5) and systemd.exec(5) that the unit uses.
KNOWN = {
    "Unit": {"After", "Description", "Documentation", "StartLimitIntervalSec", "Wants"},
    "Service": {
        "CapabilityBoundingSet",
        "DynamicUser",
        "EnvironmentFile",
        "ExecStart",
        "KillMode",
        "LimitCORE",
        "LimitNOFILE",
        "LoadCredential",
        "LockPersonality",
        "NoNewPrivileges",
        "PrivateDevices",
        "PrivateTmp",
        "ProcSubset",
        "ProtectClock",
        "ProtectControlGroups",
        "ProtectHome",
        "ProtectHostname",
        "ProtectKernelLogs",
        "ProtectKernelModules",
        "ProtectKernelTunables",
        "ProtectProc",
        "ProtectSystem",
        "RemoveIPC",
        "Restart",
        "RestartSec",
        "RestrictAddressFamilies",
        "RestrictNamespaces",
        "RestrictRealtime",
        "RestrictSUIDSGID",
        "StateDirectory",
        "StateDirectoryMode",
        "SystemCallArchitectures",
        "SystemCallErrorNumber",
        "SystemCallFilter",
        "TimeoutStopSec",
        "Type",
        "UMask",
        "WorkingDirectory",
    },
    "Install": {"WantedBy"},
}


def test_the_unit_has_only_options_that_systemd_knows(unit: dict[str, dict[str, list[str]]]) -> None:
    """Each option is one of its section, is given once, and has a value, but the empty set of capabilities."""
    assert {name: set(options) for name, options in unit.items()} == KNOWN
    values = {option: found for options in unit.values() for option, found in options.items()}
    assert [option for option, found in values.items() if len(found) != 1] == []
    assert [option for option, found in values.items() if not found[0]] == ["CapabilityBoundingSet"]


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="this machine has no systemd")
def test_systemd_takes_the_unit_and_finds_it_shut_in(tmp_path: Path) -> None:
    """`systemd-analyze verify` says nothing of the unit, and `security` calls it well protected."""
    unit = tmp_path / "ciokit-webhooks.service"
    text = (DEPLOY / unit.name).read_text().replace("/opt/ciokit/bin/ciokit", sys.executable)
    unit.write_text(text)
    verified = subprocess.run(
        ["systemd-analyze", "verify", unit], capture_output=True, text=True, check=False, timeout=60
    )
    assert [line for line in verified.stderr.splitlines() if unit.name in line] == []
    assert verified.returncode == 0
    command = ["systemd-analyze", "security", "--offline=yes", "--threshold=25", unit]
    security = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert security.returncode == 0, security.stdout[-200:]


def test_the_port_of_an_app_is_listened_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without `--port` the port is DATABRICKS_APP_PORT; one that is none is told as a usage error."""
    words = ["webhooks", "serve", "--journal", "j"]
    assert parser().parse_args(words).port == 8080
    monkeypatch.setenv("DATABRICKS_APP_PORT", "8765")
    assert parser().parse_args(words).port == 8765
    assert parser().parse_args(["webhooks", "relay", "--to", "https://x.io"]).port == 8765
    monkeypatch.setenv("DATABRICKS_APP_PORT", "many")
    with pytest.raises(SystemExit):
        parser().parse_args(words)

"""The bundle for Databricks: its resources in Databricks' own types, its commands in ciokit's parser."""

from __future__ import annotations

import argparse
import os
import re
import shlex
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

import pytest
import yaml
from databricks.bundles.apps import App
from databricks.bundles.jobs import Job
from databricks.bundles.schemas import Schema

from ciokit.cli import parser
from ciokit.webhooks.workspace import VARIABLES
from tests.support.webhook_landing import table_ids
from tests.support.workspace import workspace
from tests.webhooks.receiving import KEY, Running, event, hosted, until

ROOT = Path(__file__).resolve().parents[2]
BUNDLE = ROOT / "databricks"
TYPES: dict[str, Any] = {"apps": App, "jobs": Job, "schemas": Schema}
APPS = ("app", "receiver")
# What databricks.yml may hold at its top (Databricks' reference of bundle configuration), as far as this one does.
TOP = {"artifacts", "bundle", "include", "sync", "targets", "variables"}


def loaded(path: Path) -> Any:
    """Return what a YAML file holds."""
    return yaml.safe_load(path.read_text())


def resources() -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Yield each resource of the bundle, of whatever target: its kind, key and content."""
    bundle = loaded(BUNDLE / "databricks.yml")
    files = [path for pattern in bundle["include"] for path in sorted(BUNDLE.glob(pattern))]
    assert files
    parts = [loaded(path) for path in files] + [
        target for target in bundle["targets"].values() if "resources" in target
    ]
    for part in parts:
        for kind, named in part["resources"].items():
            for key, content in named.items():
                yield kind, key, content


def resource(kind: str, key: str) -> dict[str, Any]:
    """Return one resource."""
    return next(content for a_kind, a_key, content in resources() if (a_kind, a_key) == (kind, key))


def variables() -> dict[str, str]:
    """Return the variables of the bundle with their defaults."""
    found = loaded(BUNDLE / "databricks.yml")["variables"]
    return {name: str(each.get("default", f"a-{name}")) for name, each in found.items()}


def filled(text: str) -> str:
    """Return a text with the bundle's variables filled in."""
    text = re.sub(r"\$\{var\.(\w+)\}", lambda found: variables()[found[1]], text)
    return re.sub(r"\$\{resources\.schemas\.webhooks\.name\}", variables()["schema"], text)


def parsed(words: list[str], monkeypatch: pytest.MonkeyPatch, **environment: str) -> argparse.Namespace:
    """Return what ciokit makes of arguments."""
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    return parser().parse_args([filled(word) for word in words])


def app_environment(folder: str) -> dict[str, dict[str, str]]:
    """Return the environment of an App, by variable."""
    return {each["name"]: each for each in loaded(BUNDLE / folder / "app.yaml")["env"]}


@pytest.mark.parametrize(("kind", "key", "content"), list(resources()))
def test_each_resource_is_one_of_databricks_types(kind: str, key: str, content: dict[str, Any]) -> None:
    """Databricks' own classes take every resource, and lose nothing of it; they refuse a field they do not know."""
    made = TYPES[kind].from_dict(content)
    assert made.as_dict() == content
    with pytest.raises(ValueError, match="Unexpected field"):
        TYPES[kind].from_dict({**content, "nam": key})


def test_the_bundle_has_one_root_file_with_known_parts() -> None:
    """There is one databricks.yml, with a name, known parts and one default target; jobs install what it builds."""
    assert [path.relative_to(ROOT) for path in ROOT.glob("databricks/**/databricks.y*ml")] == [
        Path("databricks/databricks.yml")
    ]
    bundle = loaded(BUNDLE / "databricks.yml")
    assert set(bundle) == TOP
    assert bundle["bundle"]["name"]
    assert [name for name, target in bundle["targets"].items() if target.get("default")] == ["dev"]
    artifact = bundle["artifacts"]["ciokit"]
    assert (BUNDLE / artifact["path"] / "pyproject.toml").resolve() == ROOT / "pyproject.toml"
    [built] = [(BUNDLE / each["source"]).resolve() for each in artifact["files"]]
    for kind, _, content in resources():
        if kind == "jobs":
            installed = [dep for each in content["environments"] for dep in each["spec"]["dependencies"]]
            assert [(BUNDLE / "resources" / each).resolve() for each in installed] == [built]


def test_every_reference_of_the_bundle_has_something_behind_it() -> None:
    """Variables that are used are declared and the other way round; resources that are referred to are there."""
    text = "".join(path.read_text() for path in BUNDLE.rglob("*.yml"))
    assert set(re.findall(r"\$\{var\.(\w+)\}", text)) == set(variables())
    keys = {(kind, key) for kind, key, _ in resources()}
    assert set(re.findall(r"\$\{resources\.(\w+)\.(\w+)\.", text)) <= keys


def test_the_wheel_is_built_where_jobs_and_apps_look_for_it(tmp_path: Path) -> None:
    """The build command leaves one wheel in the bundle's dist and one beside each App, under the name they install."""
    artifact = loaded(BUNDLE / "databricks.yml")["artifacts"]["ciokit"]
    (tmp_path / "bin").mkdir()
    for folder in ("dist", *APPS):
        (tmp_path / "databricks" / folder).mkdir(parents=True)
        (tmp_path / "databricks" / folder / "ciokit-0.0.1-py3-none-any.whl").touch()
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    wheel = f"ciokit-{version}-py3-none-any.whl"
    uv = tmp_path / "bin" / "uv"
    uv.write_text(f'#!/bin/sh\nfor last; do :; done\n: > "$last/{wheel}"\n')  # building takes the network
    uv.chmod(0o755)
    environment = {"PATH": f"{uv.parent}:/usr/bin:/bin"}
    subprocess.run(["/bin/sh", "-c", artifact["build"]], cwd=tmp_path, env=environment, check=True, timeout=60)
    assert sorted(path.name for path in tmp_path.rglob("*.whl")) == [wheel] * 3
    for folder in APPS:
        [line] = (BUNDLE / folder / "requirements.txt").read_text().splitlines()
        assert line == f"./{wheel}[webhooks]"


@pytest.mark.parametrize("key", ["webhooks_publish", "webhooks_compact"])
def test_each_job_runs_a_command_that_ciokit_knows(key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A job's task is an entry point of the package, with a command line that publishes from landing to schema."""
    job = resource("jobs", key)
    [task] = job["tasks"]
    wheel = task["python_wheel_task"]
    assert wheel["package_name"] == tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["name"]
    [entry] = [each for each in entry_points(group="console_scripts") if each.name == wheel["entry_point"]]
    assert callable(entry.load())
    found = parsed(wheel["parameters"], monkeypatch)
    assert (found.source, found.schema) == (variables()["landing"], "main.webhooks")
    assert (found.all, found.optimize) == (key == "webhooks_compact",) * 2
    assert (job["max_concurrent_runs"], job["schedule"]["timezone_id"]) == (1, "UTC")
    assert len(job["schedule"]["quartz_cron_expression"].split()) == 6


def test_a_job_that_fails_raises(tmp_path: Path) -> None:
    """The entry point of jobs raises where the command ends with a code, and returns where it does not."""
    run = "import sys; from ciokit.cli import job; sys.argv[1:] = {!r}; job(); print('done')"
    bad = run.format(["webhooks", "compact", "--delta", str(tmp_path / "nothing")])
    done = subprocess.run(
        [sys.executable, "-c", bad], capture_output=True, text=True, check=False, timeout=60, cwd=tmp_path
    )
    assert "RuntimeError: `ciokit` ended with code" in done.stderr
    good = run.format(["webhooks", "sql", "--no-views"])
    done = subprocess.run([sys.executable, "-c", good], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.endswith("done\n")


@pytest.mark.parametrize(("folder", "key"), [("app", "webhooks_status"), ("receiver", "webhooks_receiver")])
def test_each_app_runs_a_command_that_ciokit_knows(folder: str, key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """An App's command is a list for ciokit that listens on every address and the App's port; no part needs a shell."""
    config = loaded(BUNDLE / folder / "app.yaml")
    assert set(config) == {"command", "env"}
    command: list[str] = config["command"]
    assert command[0] == "ciokit"
    assert [word for word in command if shlex.quote(word) != word or "$" in word] == []
    environment = {name: each.get("value", "x") for name, each in app_environment(folder).items()}
    found = parsed(command[1:], monkeypatch, **environment, DATABRICKS_APP_PORT="8000")
    assert (found.host, found.port) == ("0.0.0.0", 8000)
    schema = found.schema if folder == "app" else found.status_schema
    assert schema == f"{variables()['catalog']}.{variables()['schema']}"
    assert resource("apps", key)["source_code_path"].endswith(f"/{folder}")


@pytest.mark.parametrize(("folder", "key"), [("app", "webhooks_status"), ("receiver", "webhooks_receiver")])
def test_what_an_app_takes_from_resources_is_given_to_it(folder: str, key: str) -> None:
    """Each `valueFrom` names a resource of the App and the other way round; a variable has a value or a source."""
    environment = app_environment(folder)
    for each in environment.values():
        assert set(each) in ({"name", "value"}, {"name", "valueFrom"})
    taken = {each["valueFrom"] for each in environment.values() if "valueFrom" in each}
    assert taken == {each["name"] for each in resource("apps", key)["resources"]}
    assert not set(VARIABLES) & set(environment)  # Databricks sets them itself


def test_layout_b_works_from_the_relay_to_the_tables(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The App's own command behind a front that demands tokens: what the relay acknowledges is in the tables."""
    config = loaded(BUNDLE / "receiver" / "app.yaml")
    tables = tmp_path / "tables"
    with workspace() as front:
        for name, value in front.environment.items():
            monkeypatch.setenv(name, value)
        given = {
            "CIOKIT_WEBHOOKS_DELTA": str(tables),
            "DATABRICKS_APP_PORT": "0",
            "CUSTOMERIO_WEBHOOK_SIGNING_KEY": KEY,
        }
        environment = {**os.environ, "DATABRICKS_WAREHOUSE_ID": "w1", **given}
        command = [sys.executable, "-m", *config["command"]]
        with subprocess.Popen(command, cwd=tmp_path, env=environment, stdout=subprocess.PIPE, text=True) as app:
            assert app.stdout is not None
            [port] = re.findall(r":(\d+)/api/webhooks; ", app.stdout.readline())
            front.behind = int(port)
            try:
                with hosted("relay", "--to", f"{front.url}/api/webhooks") as relay:
                    until(lambda: relay.post(event("first")) == 200, 60)
                    names = {name for name in ("second", "third") if relay.post(event(name)) == 200}
                    there = table_ids(tables)
                    page = Running(int(port), app, tmp_path).ask("GET", "/")
            finally:
                app.kill()
    assert (there["first"], {name: there[name] for name in names}) == (1, dict.fromkeys(names, 1))
    assert (page[0], b"taking events in" in page[2]) == (200, True)


def test_the_receiver_of_an_app_acknowledges_what_is_in_the_tables(monkeypatch: pytest.MonkeyPatch) -> None:
    """The disk of an App does not outlive it: events are acknowledged once committed, and the end comes in time."""
    config = loaded(BUNDLE / "receiver" / "app.yaml")
    landing = app_environment("receiver")["CIOKIT_WEBHOOKS_DELTA"]["value"]
    found = parsed(config["command"][1:], monkeypatch, CIOKIT_WEBHOOKS_DELTA=landing)
    assert found.acknowledge == "committed"
    assert found.path.startswith("/api/")
    assert found.delta == variables()["landing"]
    assert found.drain_seconds < 15

"""`ciokit completion`: scripts that a shell takes, with every command and option in them."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from ciokit.cli import parser
from ciokit.cli.parser import all_commands, commands_of
from ciokit.table import TABLE
from tests.cli.conftest import Run

COMPLETE = """
source ./ciokit.bash
COMP_WORDS=({words})
COMP_CWORD=$(({number} - 1))
COMP_LINE="{words}"
COMP_POINT=${{#COMP_LINE}}
_shtab_ciokit ciokit "${{COMP_WORDS[COMP_CWORD]}}" "${{COMP_WORDS[COMP_CWORD-1]}}"
printf '%s\\n' "${{COMPREPLY[@]}}"
"""


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_script_is_one_the_shell_takes(shell: str, run: Run, tmp_path: Path) -> None:
    """Each script names commands and options of every level; a shell that is installed finds no fault in it."""
    done = run("completion", shell)
    assert (done.code, done.err) == (0, "")
    for word in ("doctor", "customers", "find-by-email", "id-type", "dry-run"):
        assert word in done.out
    if shutil.which(shell):
        (tmp_path / "script").write_text(done.out)
        subprocess.run([shell, "-n", str(tmp_path / "script")], check=True)


@pytest.mark.skipif(not shutil.which("bash"), reason="bash is not installed")
@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["ciokit", "doc"], {"doctor"}),
        (["ciokit", "app", "obj"], {"objects"}),
        (["ciokit", "app", "customers", "find"], {"find", "find-by-email"}),
        (["ciokit", "app", "customers", "segments", "u1", "--id"], {"--id-type"}),
        (["ciokit", "app", "customers", "segments", "u1", "--id-type", "c"], {"cio_id"}),
        (["ciokit", "pipelines", "ident"], {"identify"}),
    ],
)
def test_bash_completes(words: list[str], expected: set[str], run: Run, tmp_path: Path) -> None:
    """In bash commands, operations, options and choices are completed."""
    (tmp_path / "ciokit.bash").write_text(run("completion", "bash").out)
    script = COMPLETE.format(words=" ".join(words), number=len(words))
    done = subprocess.run(["bash", "-c", script], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert set(done.stdout.split()) == expected


def test_without_its_extra_it_says_what_to_install(tmp_path: Path) -> None:
    """Where shtab is not installed, one line says how to get it."""
    code = (
        "import sys; sys.modules['shtab'] = None; import ciokit.cli; sys.exit(ciokit.cli.main(['completion', 'bash']))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=tmp_path, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert "pip install 'ciokit[completion]'" in done.stderr
    assert done.stderr.count("\n") == 1


def test_every_declared_operation_is_a_command() -> None:
    """The tree of commands has a leaf for each declared operation and no other for the APIs that answer."""
    whole = parser()
    all_commands(whole)
    apis = {operation.route.surface for operation in TABLE} - {"pipelines"}
    there = {
        f"{surface} {resource} {verb}"
        for surface in apis
        for resource, below in commands_of(commands_of(whole)[surface]).items()
        for verb in commands_of(below)
    }
    routes = [operation.route for operation in TABLE if operation.route.surface != "pipelines"]
    assert there == {
        f"{route.surface} {route.name.replace('_', '-').replace('.', ' ').removesuffix('-')}" for route in routes
    }
    verbs = {operation.route.name.partition(".")[2] for operation in TABLE if operation.route.surface == "pipelines"}
    assert verbs <= commands_of(commands_of(whole)["pipelines"]).keys()

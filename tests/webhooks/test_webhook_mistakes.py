"""What is wrong on a command line of `ciokit webhooks` is told in one line, before anything is begun."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import pytest

from ciokit.cli import main
from ciokit.webhooks.committer import Committer
from ciokit.webhooks.journal_reader import JournalReader
from tests.support.webhook_landing import event, record
from tests.webhooks.receiving import KEY, served, until
from tests.webhooks.receiving import event as webhook

SETTINGS = [
    ("--max-rows", "0"),
    ("--max-rows", "-5"),
    ("--max-bytes", "0"),
    ("--max-age", "-1"),
    ("--window-days", "-1"),
    ("--window-days", "nan"),
    ("--window-days", "inf"),
    ("--history-hours", "-1"),
    ("--keep-hours", "-1"),
    ("--keep-hours", "nan"),
    ("--vacuum-hours", "1e300"),
]


@pytest.fixture
def keyed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have a signing key in the environment."""
    monkeypatch.setenv("CUSTOMERIO_WEBHOOK_SIGNING_KEY", KEY)


def run(*words: str) -> tuple[int, str]:
    """Run `ciokit webhooks` as a process that must end by itself; return its code and what it said on stderr."""
    done = subprocess.run(
        [sys.executable, "-m", "ciokit", "webhooks", *words],
        capture_output=True,
        text=True,
        timeout=50,
        check=False,
        env={**os.environ, "CUSTOMERIO_WEBHOOK_SIGNING_KEY": KEY},
    )
    return done.returncode, done.stderr


@pytest.mark.usefixtures("keyed")
@pytest.mark.parametrize("command", [["commit"], ["serve", "--port", "0"]])
@pytest.mark.parametrize(("option", "value"), SETTINGS)
def test_settings_that_cannot_be_are_told_by_name(
    journal: Path, tables: Path, command: list[str], option: str, value: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """A setting that would commit nothing, or break commits, ends `commit` and `serve` with 2; nothing is made."""
    words = ["webhooks", *command, "--journal", str(journal), "--delta", str(tables), option, value]

    assert main(words) == 2

    assert f"`{option[2:].replace('-', '_')}`" in capsys.readouterr().err
    assert not journal.exists()
    assert not tables.exists()


@pytest.mark.parametrize("command", ["verify", "replay"])
def test_a_window_that_is_none_is_told(
    journal: Path, tables: Path, command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """What compares with a committer takes the windows that a committer takes."""
    record(journal, [event(1)])
    with Committer(journal, tables) as committer:
        committer.drain()

    words = ["webhooks", command, "--journal", str(journal), "--delta", str(tables), "--window-days", "-1"]
    assert main(words) == 2

    assert "`window_days`" in capsys.readouterr().err


@pytest.mark.parametrize("words", [["compact", "--target-mib", "0"], ["vacuum", "--retention-hours", "-1"]])
def test_upkeep_that_cannot_be_is_told(journal: Path, tables: Path, words: list[str]) -> None:
    """Files of no size, and a retention before now, end the command with 2."""
    record(journal, [event(1)])
    with Committer(journal, tables) as committer:
        committer.drain()

    assert main(["webhooks", *words, "--delta", str(tables)]) == 2


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--delta", "foo://bar/x"], "`foo://`, a kind of store that is not known"),
        (["--delta", "s3:/bucket/x"], "begins with `s3://`"),
        (["--delta", "delta", "--storage-options", "missing.json"], "storage options"),
        (["--delta", "delta", "--storage-options", "list.json"], "storage options"),
        (["--delta", "delta", "--journal", "s3://bucket/journal"], "a folder on a local disk"),
        (["--delta", "delta", "--journal", "dbfs:/journal"], "a folder on a local disk"),
        (["--delta", "delta", "--journal", "list.json"], "journal's folder cannot be used"),
        (["--delta", "delta", "--journal", "list.json/below"], "journal's folder cannot be used"),
        (["--delta", "delta", "--journal", "/proc/journal"], "journal's folder cannot be used"),
        (["--delta", "delta", "--tls-cert", "list.json", "--tls-key", "missing.pem"], "PEM files"),
    ],
)
def test_places_that_cannot_be_are_told_at_the_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, options: list[str], said: str
) -> None:
    """A receiver whose journal or tables can never be there ends at once with 2 and one line; no folder is made."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "list.json").write_text("[1]")

    code, words = run("serve", "--port", "0", "--journal", "journal", *options)

    assert (code, len(words.splitlines())) == (2, 1)
    assert said in words
    assert [path.name for path in tmp_path.iterdir()] == ["list.json"]


@pytest.mark.parametrize("command", ["commit", "verify", "tail", "replay"])
def test_a_journal_is_no_address(command: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Commands that read a journal take a folder too, and nothing else."""
    tables = [] if command == "tail" else ["--delta", str(tmp_path / "tables")]

    assert main(["webhooks", command, "--journal", "s3://bucket/journal", *tables]) == 2

    assert "a folder on a local disk" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


# replay


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--type", "emial"], "there is no object type 'emial'; there are customer"),
        (["--since", "2026-02-01", "--until", "2026-01-01"], "--since must be before --until"),
        (["--to", "notaurl"], "begins with http:// or https://"),
        (["--to", "https://"], "begins with http:// or https://"),
    ],
)
@pytest.mark.usefixtures("keyed")
def test_a_selection_of_nothing_is_told(
    journal: Path, tables: Path, options: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Types that are not there, times that exclude all, and what is no URL end `replay` with 2."""
    record(journal, [event(1)])

    assert main(["webhooks", "replay", "--journal", str(journal), "--delta", str(tables), *options]) == 2

    assert said in capsys.readouterr().err


def test_a_time_that_is_none_says_what_is_expected(capsys: pytest.CaptureFixture[str]) -> None:
    """`--since yesterday` is refused with an example."""
    with pytest.raises(SystemExit, match="2"):
        main(["webhooks", "replay", "--journal", "j", "--since", "yesterday"])

    assert "write one such as 2026-01-31" in capsys.readouterr().err


def test_a_receiver_that_is_away_is_told_while_it_is_tried(journal: Path) -> None:
    """What refuses connections is told in one line before the second try; Ctrl-C ends the tries."""
    record(journal, [event(1)])
    with socket.create_server(("127.0.0.1", 0)) as listener:
        nobody: int = listener.getsockname()[1]
    words = ["replay", "--journal", str(journal), "--to", f"http://127.0.0.1:{nobody}/"]
    with subprocess.Popen(
        [sys.executable, "-m", "ciokit", "webhooks", *words],
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "CUSTOMERIO_WEBHOOK_SIGNING_KEY": KEY},
    ) as process:
        assert process.stderr is not None
        assert "trying again" in process.stderr.readline()
        process.send_signal(signal.SIGINT)
        assert process.wait(20) == 130
        assert "Traceback" not in process.stderr.read()


def test_a_journal_posted_to_its_own_receiver_is_posted_once(journal: Path) -> None:
    """What comes in while a journal is posted is not posted in turn."""
    with served(journal) as running:
        for _ in range(5):
            assert running.post(webhook()) == 200

        code, said = run("replay", "--journal", str(journal), "--to", f"http://127.0.0.1:{running.port}/")

        assert (code, said) == (0, "")
        assert len(running.bodies()) == 10


# commit


def test_one_batch_of_no_journal_is_told(journal: Path, tables: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`commit` makes no journal where none is, as a slip in the name of the folder would."""
    assert main(["webhooks", "commit", "--journal", str(journal), "--delta", str(tables)]) == 2

    assert "there is no journal in this folder" in capsys.readouterr().err
    assert not journal.exists()
    assert not tables.exists()


def test_a_journal_that_may_not_be_written_is_told_and_waited_for(journal: Path, tables: Path) -> None:
    """Where the lock cannot be opened, `commit` ends with one line, and with `--follow` it goes on when it can be."""
    record(journal, [event(1)])
    (journal / "committer.lock").symlink_to("committer.lock")
    words = ["commit", "--journal", str(journal), "--delta", str(tables)]

    code, said = run(*words)
    assert (code, len(said.splitlines())) == (1, 1)
    assert "the disk of the journal fails" in said

    with following(*words) as process:
        assert process.stderr is not None
        assert "the disk of the journal fails" in process.stderr.readline()
        (journal / "committer.lock").unlink()
        until(lambda: JournalReader(journal).backlog() == 0, seconds=50)
        process.send_signal(signal.SIGINT)
        assert process.wait(50) == 0
        assert "disk of the journal" not in process.stderr.read()


def test_a_second_receiver_says_once_that_one_committer_is_enough(journal: Path, tables: Path) -> None:
    """Beside another committer of the journal, one waits; it names the option that leaves it out, and takes over."""
    record(journal, [event(1)])
    words = ["serve", "--port", "0", "--journal", str(journal), "--delta", str(tables)]
    with Committer(journal, tables) as committer, following(*words, follow=False) as process:
        assert process.stderr is not None
        lines = iter(process.stderr.readline, "")
        assert "start this receiver with `--no-commit`" in next(
            line for line in lines if "taking events in" not in line
        )
        committer.drain()
        record(journal, [event(2)])
        committer.close()
        until(lambda: JournalReader(journal).backlog() == 0, seconds=50)
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 0
        assert "committer" not in process.stderr.read()


@contextmanager
def following(*words: str, follow: bool = True) -> Generator[subprocess.Popen[str]]:
    """Run a command of `ciokit webhooks` that goes on until it is ended, and end it."""
    with subprocess.Popen(
        [sys.executable, "-m", "ciokit", "webhooks", *words, *(["--follow"] if follow else [])],
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "CUSTOMERIO_WEBHOOK_SIGNING_KEY": KEY},
    ) as process:
        try:
            yield process
        finally:
            process.kill()


# publishing


@pytest.mark.parametrize("schema", ["main.web hooks; drop", "main.", "a.b.c.d", "main.x'", "main.`x"])
def test_what_is_no_schema_is_told(schema: str, capsys: pytest.CaptureFixture[str]) -> None:
    """A name that would break a statement is refused before any is printed."""
    assert main(["webhooks", "sql", "--schema", schema]) == 2

    printed = capsys.readouterr()
    assert "is no name of a schema" in printed.err
    assert printed.out == ""


@pytest.mark.parametrize("schema", ["hooks", "main.web_hooks", "main.`web hooks`", "a-b.c"])
def test_a_name_in_quotes_is_a_schema(schema: str, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    """What stands in backquotes may hold anything."""
    assert main(["webhooks", "sql", "--schema", schema]) == 0

    assert f"CREATE TABLE IF NOT EXISTS {schema}.webhook_raw_events".encode() in capfdbinary.readouterr().out


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="Linux has a file that is always full")
def test_a_full_disk_under_the_output_is_told() -> None:
    """`sql` ends with 1 and a line where its output cannot be written."""
    with Path("/dev/full").open("wb") as full:
        command = [sys.executable, "-m", "ciokit", "webhooks", "sql"]
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, timeout=50, check=False)

    assert (done.returncode, len(done.stderr.splitlines())) == (1, 1)
    assert "could not be written" in done.stderr


# serving


@pytest.mark.parametrize(("host", "said"), [("300.1.1.1", "an address of this machine"), ("127.0.0.1", "a free port")])
@pytest.mark.usefixtures("keyed")
def test_an_address_that_cannot_be_used_says_which_part_is_wrong(
    journal: Path, host: str, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """A host that is none is not told to be a port that is taken."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        words = ["--journal", str(journal), "--no-commit", "--host", host, "--port", str(port)]
        assert main(["webhooks", "serve", *words]) == 2

    assert f"choose {said}" in capsys.readouterr().err

"""What calling an API from the command line adds to an operation: input from files, pages, tables, errors."""

from __future__ import annotations

import json
import shlex
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ciokit.emulator.app import Emulator
from ciokit.emulator.server import EmulatorServer
from tests.cli.conftest import KEY, Run
from tests.support.wire import Answer, ScriptedServer, scripted_server

FILTER = '{"attribute": {"field": "plan", "operator": "eq", "value": "pro"}}'

SEND = ("app", "send", "email", "--to", "a@x.io", "--identifiers", '{"id": "u1"}', "--transactional-message-id", "1")


@pytest.fixture
def scripted(keys: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[ScriptedServer]:
    """Yield a server that answers as it is told, which the command line finds by its environment."""
    with scripted_server() as server:
        monkeypatch.setenv("CUSTOMERIO_BASE_URL", server.base_url)
        yield server


@pytest.fixture
def people(server: EmulatorServer, ciokit_emulator: Emulator) -> list[str]:
    """Put seven people into the emulator."""
    ids = [f"u{number}" for number in range(7)]
    ciokit_emulator.seed([{"type": "identify", "userId": each, "traits": {"plan": "pro"}} for each in ids])
    return ids


# Arguments


@pytest.mark.parametrize("given", [FILTER, "@filter.json", "-", "@-"])
def test_json_is_typed_or_read(given: str, run: Run, people: list[str], tmp_path: Path) -> None:
    """A nested argument is JSON as it is, in a file, or on standard input."""
    (tmp_path / "filter.json").write_text(FILTER)
    done = run("app", "customers", "find", "--filter", given, stdin=FILTER.encode())
    assert (done.code, done.err) == (0, "")
    assert sorted(row["id"] for row in done.rows) == people


def test_help_says_what_an_option_takes_and_needs(run: Run) -> None:
    """A list of several kinds of objects is JSON, and what a check insists on is said to be needed."""
    assert "--batch JSON" in run("track", "v2", "batch-once", "--help").out
    assert "always needed" in run("app", "send", "email", "--help").out


def test_list_is_repeated_or_read_by_lines(run: Run, people: list[str], tmp_path: Path) -> None:
    """An option for a list is given as often as there are values; a file holds one a line."""
    (tmp_path / "ids.txt").write_text("u1\n\nu2\n")
    done = run("app", "customers", "attributes-of", "--ids", "u0", "--ids", "@ids.txt")
    assert [each["customer"]["id"] for each in done.rows[0]["customers"]] == ["u0", "u1", "u2"]


def test_text_of_a_body_is_typed_or_read(run: Run, keys: None, tmp_path: Path) -> None:
    """Text in a body may come from a file; written @@ an @ is one; in a path it is never anything else."""
    (tmp_path / "mail.html").write_text("<p>ä</p>")
    to = (*SEND, "--dry-run")
    assert run(*to, "--body", "@mail.html").rows[0]["body"]["body"] == "<p>ä</p>"
    assert run(*to, "--body", "@@everyone").rows[0]["body"]["body"] == "@everyone"
    shown = run("app", "customers", "segments", "@mail.html", "--dry-run")
    assert "/v1/customers/%40mail.html/segments" in shown.rows[0]["url"]


@pytest.mark.parametrize(
    ("arguments", "field", "says"),
    [
        (("customers", "find", "--filter", "{"), "--filter", "not valid JSON at line 1"),
        (("customers", "find", "--filter", "@none.json"), "--filter", "FileNotFoundError"),
        (("customers", "attributes-of", "--ids", "@none.txt"), "--ids", "FileNotFoundError"),
        (("send", "email", "--to", "@latin.txt"), "--to", "UTF-8"),
        (("customers", "find", "--filter", FILTER, "--limit", "many"), "--limit", "must be a whole number"),
        (("customers", "segments", ""), "customer_id", "empty"),
        (
            ("send", "push", "--transactional-message-id", "1", "--identifiers", "-", "--message-data", "-"),
            None,
            "read",
        ),
        (("customers", "find"), None, "--filter"),
        (("customers", "segments", "u1", "--id-type", "name"), None, "invalid choice: 'name'"),
        (("customers", "segments", "u1", "--app-api-key", KEY), None, "unrecognized arguments: --app-api-key"),
        (("customers", "segments", "u1", "u2"), None, "one argument too many; see `ciokit app customers segments"),
        (("customers", "segments", "u1", "u2", "u3"), None, "2 arguments too many"),
        (("customers", "search"), None, "search"),
        (("custom",), None, "custom"),
    ],
)
def test_bad_input_ends_with_code_2_and_one_line(
    arguments: tuple[str, ...], field: str | None, says: str, run: Run, server: EmulatorServer, tmp_path: Path
) -> None:
    """What cannot be meant is told as one line of JSON that names the option, before anything is sent."""
    (tmp_path / "latin.txt").write_bytes(b"\xe4")
    done = run("app", *arguments, stdin=b"{}")
    assert (done.code, done.out) == (2, "")
    assert done.error["error"] == "ValidationError"
    assert says in done.error["message"]
    assert KEY not in done.err
    assert field in (None, done.error["field"])
    assert done.error["retryable"] is False


def test_missing_key_is_told_unless_nothing_is_sent(run: Run) -> None:
    """Without a key a call is an error that says where one goes; a dry run needs none and says that it is not set."""
    done = run("app", "objects", "types")
    assert (done.code, done.error["error"]) == (2, "ConfigurationError")
    assert "CUSTOMERIO_APP_API_KEY" in done.error["message"]
    shown = run("app", "objects", "types", "--dry-run")
    assert shown.code == 0
    assert shown.rows[0]["headers"]["authorization"] == "[not set]"


def test_workspace_is_named_by_options(run: Run, keys: None) -> None:
    """`--region` and `--base-url` say where a request goes."""
    shown = run("app", "objects", "types", "--dry-run", "--region", "eu")
    assert shown.rows[0]["url"] == "https://api-eu.customer.io/v1/object_types"
    shown = run("app", "objects", "types", "--dry-run", "--base-url", "http://127.0.0.1:1")
    assert shown.rows[0]["url"] == "http://127.0.0.1:1/v1/object_types"


def test_key_may_come_from_dotenv_or_profile(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A key in `.env`, or in the profile that `--profile` names, is one."""
    profiles = tmp_path / "profiles.toml"
    profiles.write_text(f'[staging]\napp_api_key = "{KEY}"\nregion = "eu"\n')
    monkeypatch.setenv("CUSTOMERIO_PROFILES", str(profiles))
    shown = run("app", "objects", "types", "--dry-run", "--profile", "staging")
    assert shown.rows[0]["headers"]["authorization"] == "[set]"
    assert shown.rows[0]["url"].startswith("https://api-eu.")
    monkeypatch.setenv("CUSTOMERIO_APP_API_KEY", "")
    monkeypatch.delenv("CUSTOMERIO_APP_API_KEY")
    (tmp_path / ".env").write_text(f"CUSTOMERIO_APP_API_KEY={KEY}\n")
    shown = run("app", "objects", "types", "--dry-run")
    monkeypatch.delenv("CUSTOMERIO_APP_API_KEY")
    assert shown.rows[0]["headers"]["authorization"] == "[set]"


def test_dry_run_hides_secrets_in_the_body(run: Run, keys: None) -> None:
    """Members of a body that are named like secrets are shown as set, the rest as it is typed."""
    data = '{"password": "p1", "nested": [{"apiKey": "k1", "token": "device"}]}'
    done = run(*SEND, "--message-data", data, "--dry-run")
    assert done.rows[0]["body"]["message_data"] == {
        "password": "[set]",
        "nested": [{"apiKey": "[set]", "token": "device"}],
    }


# Answers


def test_first_page_says_where_the_list_goes_on(run: Run, people: list[str]) -> None:
    """Without `--all` a list gives its first page, and stderr the cursor to go on from, which works."""
    find = ("app", "customers", "find", "--filter", FILTER, "--limit", "3")
    first = run(*find)
    assert (first.code, len(first.rows)) == (0, 3)
    assert "--all" in first.error["note"]
    rest: list[Any] = []
    done = first
    while done.err:
        done = run(*find, "--start", done.error["cursor"])
        rest += done.rows
    assert sorted(row["id"] for row in first.rows + rest) == people


def test_all_reads_every_page(run: Run, people: list[str], ciokit_emulator: Emulator) -> None:
    """`--all` gives every row once, page after page, and has nothing more to say."""
    done = run("app", "customers", "find", "--filter", FILTER, "--limit", "3", "--all")
    assert (done.code, done.err) == (0, "")
    assert sorted(row["id"] for row in done.rows) == people
    assert ciokit_emulator.traffic.requests == 3


def test_stopped_list_says_where_to_go_on(run: Run, scripted: ScriptedServer) -> None:
    """When a page fails, the rows before it are printed, and stderr has the cursor of that page and the error."""
    page = {"identifiers": [{"id": "u1", "email": None, "cio_id": "c1"}], "next": "second"}
    scripted.script = [Answer(body=json.dumps(page).encode()), Answer(400)]
    done = run("app", "customers", "find", "--filter", FILTER, "--all")
    assert (done.code, len(done.rows)) == (3, 1)
    note, error = done.told
    assert note["cursor"] == "second"
    assert error["error"] == "RefusedError"


def test_rows_that_come_again_are_told(run: Run, scripted: ScriptedServer) -> None:
    """Rows that were on an earlier page too are printed and counted on stderr."""
    row = {"id": "u1", "email": None, "cio_id": "c1"}
    pages = [{"identifiers": [row], "next": "second"}, {"identifiers": [row], "next": ""}]
    scripted.script = [Answer(body=json.dumps(page).encode()) for page in pages]
    done = run("app", "customers", "find", "--filter", FILTER, "--all")
    assert (done.code, done.rows) == (0, [row, row])
    assert done.error["repeated"] == 1


def test_unknown_fields_are_printed(run: Run, scripted: ScriptedServer) -> None:
    """Fields the service adds are printed like the others."""
    scripted.script = [Answer(body=b'{"types": [], "added": "\xc3\xa4"}')]
    assert run("app", "objects", "types").rows == [{"types": [], "added": "ä"}]


def test_table_is_aligned(run: Run, scripted: ScriptedServer) -> None:
    """`--table` prints one row a line under the names of the fields; nested values are JSON, long ones are cut."""
    rows = [{"id": "u1", "email": None, "cio_id": "c" * 99}, {"id": "u200", "more": {"a": [1]}, "cio_id": "c\n2"}]
    scripted.script = [Answer(body=json.dumps({"identifiers": rows}).encode())]
    done = run("app", "customers", "find", "--filter", FILTER, "--table")
    assert done.out.splitlines() == [
        f"id    email  {'cio_id':60}  more",
        f"----  -----  {'-' * 60}  ---------",
        f"u1           {'c' * 57}...",
        f'u200         {"c 2":60}  {{"a":[1]}}',
    ]


@pytest.mark.parametrize(
    ("answer", "lines"),
    [
        ({"types": [{"id": "1", "name": "A"}]}, ["id  name", "--  ----", "1   A"]),
        ({"types": [], "count": 2}, ["field  value", "-----  -----", "types  []", "count  2"]),
        ({"types": []}, []),
    ],
)
def test_table_of_one_answer(answer: Any, lines: list[str], run: Run, scripted: ScriptedServer) -> None:
    """An answer that holds nothing but a list is a table of it; any other a table of its fields."""
    scripted.script = [Answer(body=json.dumps(answer).encode())]
    assert run("app", "objects", "types", "--table").out.splitlines() == lines


# Errors

TYPES = ("app", "objects", "types")


@pytest.mark.parametrize(
    ("arguments", "answers", "code", "error"),
    [
        (TYPES, [Answer(400)], 3, "RefusedError"),
        (TYPES, [Answer(404)], 3, "RefusedError"),
        (TYPES, [Answer(401)], 4, "AuthenticationError"),
        (TYPES, [Answer(403)], 4, "AuthenticationError"),
        (TYPES, [Answer(429, headers={"retry-after": "0"})] * 6, 5, "RateLimitError"),
        (SEND, [Answer(500)], 6, "ServerError"),
        (SEND, [Answer(break_it=True)], 7, "NetworkError"),
        (TYPES, [Answer(body=b"[]")], 8, "UnexpectedAnswerError"),
        (TYPES, [Answer(body=b"<html>")], 8, "UnexpectedAnswerError"),
    ],
)
def test_error_has_its_code_and_one_line(
    arguments: tuple[str, ...], answers: list[Answer], code: int, error: str, run: Run, scripted: ScriptedServer
) -> None:
    """Each class of error has its exit code, and is told as one line of JSON on stderr, without key or address."""
    scripted.script = list(answers)
    done = run(*arguments)
    assert (done.code, done.out) == (code, "")
    assert done.error.keys() == {"error", "message", "request", "field", "status", "retryable"}
    assert done.error["error"] == error
    assert done.error["request"] == ("GET /v1/object_types" if arguments is TYPES else "POST /v1/send/email")
    assert done.error["status"] == (None if code == 7 else answers[0].status)
    assert done.error["retryable"] is (code == 5)  # a send is not, once it may have left
    assert KEY not in done.err
    assert "a@x.io" not in done.err
    assert f"\n  {code} " in run("--help").out


def test_interrupted_call_ends_with_130(scripted: ScriptedServer, tmp_path: Path) -> None:
    """Ctrl-C while the service keeps silent ends with code 130 and no traceback."""
    asked = threading.Event()
    hold = threading.Event()

    def judge(_: object) -> Answer:
        asked.set()
        return Answer(hold=hold)

    scripted.judge = judge
    with subprocess.Popen([sys.executable, "-m", "ciokit", *TYPES], cwd=tmp_path, stderr=subprocess.PIPE) as process:
        assert asked.wait(30)
        process.send_signal(signal.SIGINT)
        assert process.stderr is not None
        assert process.stderr.read() == b""
        assert process.wait(30) == 130
    hold.set()


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_list_that_is_ended_says_where_it_goes_on(
    number: int, code: int, scripted: ScriptedServer, tmp_path: Path
) -> None:
    """Ctrl-C and SIGTERM while a later page is awaited leave the rows before it, its cursor, and no traceback."""
    asked = threading.Event()
    hold = threading.Event()
    page = {"identifiers": [{"id": "u1", "email": None, "cio_id": "c1"}], "next": "second"}
    answers = iter([Answer(body=json.dumps(page).encode()), Answer(hold=hold)])

    def judge(_: object) -> Answer:
        answer = next(answers)
        if answer.hold is hold:
            asked.set()
        return answer

    scripted.judge = judge
    find = [sys.executable, "-m", "ciokit", "app", "customers", "find", "--filter", FILTER, "--all"]
    with subprocess.Popen(find, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert asked.wait(30)
        process.send_signal(number)
        out, err = process.communicate(timeout=30)
    hold.set()
    assert (process.returncode, len(out.splitlines())) == (code, 1)
    [note] = map(json.loads, err.splitlines())
    assert note["cursor"] == "second"


def _shell(redirected: str, *arguments: str, cwd: Path) -> tuple[int, list[Any]]:
    """Run `ciokit` in a shell, with what it writes or reads led elsewhere; return code and stderr."""
    command = f"{shlex.join([sys.executable, '-m', 'ciokit', *arguments])} {redirected}"
    done = subprocess.run(["/bin/sh", "-c", command], cwd=cwd, stderr=subprocess.PIPE, check=False, timeout=60)
    return done.returncode, [json.loads(line) for line in done.stderr.splitlines()]


def test_output_that_cannot_be_written_is_told(scripted: ScriptedServer, tmp_path: Path) -> None:
    """On a full disk a list ends with code 1, and says where it goes on: before the rows that were lost."""
    page = {"identifiers": [{"id": "u1", "email": None, "cio_id": "c1"}], "next": "third"}
    scripted.script = [Answer(body=json.dumps(page).encode())]
    find = ("app", "customers", "find", "--filter", FILTER, "--all", "--start", "second")
    code, [note, error] = _shell("> /dev/full", *find, cwd=tmp_path)
    assert (code, error["error"], note["cursor"]) == (1, "OutputError", "second")
    assert "could not be written" in error["message"]


@pytest.mark.parametrize(
    ("redirected", "error", "says"),
    [(">&-", "ConfigurationError", "output is closed"), ("<&-", "ValidationError", "input cannot be read")],
)
def test_closed_output_or_input_is_told_before_anything_is_sent(
    redirected: str, error: str, says: str, scripted: ScriptedServer, tmp_path: Path
) -> None:
    """Without anywhere to print to, or to read from, a call ends with code 2 and one line."""
    find = ("app", "customers", "find", "--filter", "-" if redirected == "<&-" else FILTER)
    code, [told] = _shell(redirected, *find, cwd=tmp_path)
    assert (code, told["error"]) == (2, error)
    assert says in told["message"]
    assert scripted.seen == []


def test_table_rules_no_terminal(run: Run, scripted: ScriptedServer) -> None:
    """Control characters in data, names of fields among them, are shown as what they are."""
    rows = [{"id": "a\x1b[2Jb\x07\x9b", "\x1bname": "\u202ex"}]
    scripted.script = [Answer(body=json.dumps({"identifiers": rows}).encode())]
    out = run("app", "customers", "find", "--filter", FILTER, "--table").out
    assert out.splitlines()[-1].split() == [r"a\x1b[2Jb\x07\x9b", r"\u202ex"]
    assert all(character.isprintable() or character == "\n" for character in out)


# Start


def test_interrupt_while_modules_are_loaded_has_no_traceback(tmp_path: Path) -> None:
    """Ctrl-C before the command has begun ends with 130 and nothing on stderr."""
    code = (
        "import os, signal, sys\n"
        "class Meanwhile:\n"
        "    def find_spec(self, name, *_):\n"
        "        if name == 'ciokit.cli.api': os.kill(os.getpid(), signal.SIGINT)\n"
        "sys.meta_path.insert(0, Meanwhile())\n"
        "from ciokit.cli import main\n"
        "sys.exit(main(['--help']))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, cwd=tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "")


def test_help_is_quick_and_loads_no_client(tmp_path: Path) -> None:
    """`ciokit --help` takes less than half a second of CPU, and loads no client and no operation."""
    code = (
        "import sys, time, ciokit.cli\n"
        "try: ciokit.cli.main(['--help'])\n"
        "except SystemExit: pass\n"
        "print(time.process_time(), {'httpx2', 'asyncio', 'ciokit.table', 'ciokit.settings'} & sys.modules.keys())"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=tmp_path)
    seconds, _, loaded = done.stdout.splitlines()[-1].partition(" ")
    assert loaded == "set()"
    assert float(seconds) < 0.5


def test_digits_of_numbers_are_sent_as_typed(run: Run, scripted: ScriptedServer) -> None:
    """Numbers that a float would round leave with every digit, from the command line and from a file."""
    digits = '{"a":123456789012345678901234567890,"b":0.1234567890123456789012,"c":1.5}'
    done = run("track", "v1", "identify", "u1", "--body", digits)
    assert done.code == 0, done.err
    assert scripted.seen[0].body.decode() == digits
    Path("lines.jsonl").write_text('{"type":"track","userId":"u1","event":"E","properties":' + digits + "}", "utf-8")
    done = run("pipelines", "batch", "lines.jsonl")
    assert done.code == 0, done.err
    assert digits in scripted.seen[1].body.decode()


@pytest.mark.parametrize("text", ['{"a":NaN}', '{"a":' + "1" * 5000 + "}", "{", "[" * 100_000])
def test_json_that_is_none_is_told(text: str, run: Run, scripted: ScriptedServer) -> None:
    """What is no JSON, or is more than can be read, ends with one line and nothing sent."""
    done = run("track", "v1", "identify", "u1", "--body", text)
    assert (done.code, done.error["message"][:14], scripted.seen) == (2, "not valid JSON", [])

"""Every declared operation is a command, made from its declaration: help, arguments and requests."""

from __future__ import annotations

import json
import re
from dataclasses import is_dataclass
from pathlib import Path
from typing import Any, Literal, get_args, get_origin, get_type_hints, is_typeddict
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

from ciokit.cli.arguments import of_operation
from ciokit.core import codec
from ciokit.core.endpoint import Declared, In, Paged
from ciokit.core.flow import Call
from ciokit.emulator.app import Emulator
from ciokit.emulator.server import EmulatorServer
from ciokit.errors import ValidationError
from ciokit.table import TABLE
from tests.cli.conftest import KEY, Run
from tests.support.operations import check, mended

AWKWARD = "+a b/c@x.com%2F"
MESSAGE = {"type": "identify", "userId": "u1", "traits": {"plan": "pro"}}

CALLED = [operation for operation in TABLE if operation.route.surface != "pipelines"]

over_table = pytest.mark.parametrize("operation", TABLE, ids=lambda each: each.route.name)
over_called = pytest.mark.parametrize("operation", CALLED, ids=lambda each: each.route.name)


def command(operation: Declared[..., Any]) -> list[str]:
    """Return the words that name an operation on the command line."""
    resource, _, verb = operation.route.name.replace("_", "-").partition(".")
    return [verb.rstrip("-")] if resource == "pipelines" else [resource, verb.rstrip("-")]


def option(operation: Declared[..., Any], name: str) -> str:
    """Return what an argument is called on the command line."""
    return "body" if operation.route.where[name] is In.BODY else name.rstrip("_").replace("_", "-")


def sample(hint: Any, folder: Path, depth: int = 0) -> Any:
    """Return a value of a type."""
    # An `Identity` cannot be typed; what is typed is one of the other forms of a person.
    hint = next(kind for kind in codec.alternatives(hint) if not is_dataclass(kind))
    if get_origin(hint) is Literal:
        return get_args(hint)[-1]
    if get_origin(hint) is list:
        return [sample(get_args(hint)[0], folder, depth + 1)] * 2
    if is_typeddict(hint):
        return {name: sample(kind, folder, depth + 1) for name, kind in get_type_hints(hint).items() if depth < 4}
    if hint is Path:
        file = folder / "upload.bin"
        file.write_bytes(b"%PDF-1.7")
        return file
    if hint is Any or hint is dict or get_origin(hint) is not None:
        return {"key": AWKWARD}
    return {str: AWKWARD, int: 7, float: 1.5, bool: True, bytes: b"content"}[hint]


def typed(operation: Declared[..., Any], arguments: dict[str, Any]) -> list[str]:
    """Return the command line that says these arguments."""
    words: list[str] = []
    for name, value in arguments.items():
        flag = "--" + option(operation, name)
        place = operation.route.where[name]
        if place is In.PATH:
            words.append(str(value))
        elif isinstance(value, list) and place is not In.BODY:
            words += [word for item in value for word in (flag, text(item))]
        elif value is True:
            words.append(flag)
        else:
            words += [flag, text(value)]
    return words


def text(value: Any) -> str:
    """Return a value as it is typed."""
    return json.dumps(value) if isinstance(value, dict | list) else str(value)


def some_arguments(operation: Declared[..., Any], folder: Path, *, all_of_them: bool) -> dict[str, Any]:
    """Return values for the arguments of an operation."""
    route = operation.route
    chosen = [name for name in route.where if all_of_them or name in route.required]
    found = {name: sample(route.types[name], folder) for name in chosen}
    return mended(operation, found) if route.surface == "app" else found


def agreed(body: Any, call: Call) -> Any:
    """Return a body without the ids that every call gets anew."""
    told = json.loads(call.body or b"null")
    if isinstance(body, dict) and isinstance(told, dict):
        assert body.keys() == told.keys()
        return {name: value for name, value in body.items() if not (name == "id" and len(str(value)) == 26)}
    return body


@over_table
def test_help_is_the_declaration(operation: Declared[..., Any], run: Run) -> None:
    """The help of an operation says what its docstring says and names every argument; the list names it too."""
    words = [operation.route.surface, *command(operation)]
    done = run(*words, "--help")
    assert (done.code, done.err) == (0, "")
    assert done.out.startswith(f"usage: ciokit {' '.join(words)} ")
    if operation.route.surface != "pipelines":  # there the words are those of the function that builds the message
        flat = " ".join(done.out.split())
        assert operation.route.summary in flat
        assert operation.route.label in flat
        for name, place in operation.route.where.items():
            assert (" " if place is In.PATH else " --") + option(operation, name) in flat
        listed = " ".join(run(*words[:-1], "--help").out.split())
        assert f"{words[-1]} {operation.route.summary}" in listed


@over_called
@pytest.mark.parametrize("all_of_them", [True, False], ids=["all", "required"])
def test_dry_run_shows_the_request_of_the_arguments(
    operation: Declared[..., Any], all_of_them: bool, run: Run, keys: None, tmp_path: Path
) -> None:
    """A dry run prints the request the library makes of these arguments, or the same error, and no key."""
    route = operation.route
    arguments = some_arguments(operation, tmp_path, all_of_them=all_of_them)
    done = run(route.surface, *command(operation), "--dry-run", *typed(operation, arguments))
    assert KEY not in done.out + done.err
    if done.code == 2:
        with pytest.raises(ValidationError) as refused:
            check(operation.call(**arguments))
        assert done.error["message"] == refused.value.message
        return
    assert (done.code, done.err) == (0, "")
    call, again = operation.call(**arguments), operation.call(**arguments)
    [request] = done.rows
    url = urlsplit(request["url"])
    assert (request["method"], url.path) == (route.method, call.path)
    assert parse_qs(url.query) == parse_qs(urlencode(call.query, doseq=True))
    assert request["headers"].items() >= {"authorization": "[set]", **call.headers}.items()
    if any(place is In.PART for place in route.where.values()):
        assert request["body"] == f"[{len(call.body)} B of multipart/form-data]"
    else:
        assert agreed(request.get("body"), again) == agreed(json.loads(call.body or b"null"), again)


@over_called
def test_emulator_answers_the_command(
    operation: Declared[..., Any], run: Run, server: EmulatorServer, ciokit_emulator: Emulator, tmp_path: Path
) -> None:
    """Sent to the emulator an operation prints JSON lines and ends with 0, or tells why it was refused."""
    route = operation.route
    arguments = some_arguments(operation, tmp_path, all_of_them=False)
    done = run(operation.route.surface, *command(operation), *typed(operation, arguments))
    assert ciokit_emulator.traffic.requests == (done.code != 2)
    if done.code == 0:
        assert route.returns in (str, bytes) or all(isinstance(row, dict | list | str) for row in done.rows)
        assert not isinstance(operation, Paged) or done.err == "" or "cursor" in done.error
    elif done.code == 2:
        with pytest.raises(ValidationError, match=re.escape(done.error["message"])):
            check(operation.call(**arguments))
    else:
        assert (done.code, done.error["request"]) == (3, route.label)
        assert done.error["status"] in (400, 404, 409, 422)


@pytest.mark.parametrize(
    ("verb", "own"),
    [
        ("identify", {}),
        ("track", {"event": "Seen"}),
        ("page", {"name": "Home"}),
        ("screen", {"name": "Home"}),
        ("group", {"groupId": "g1"}),
        ("alias", {"previousId": "u0"}),
    ],
)
def test_dry_run_of_a_message(verb: str, own: dict[str, str], run: Run, keys: None) -> None:
    """A message given whole is shown as it would be sent, to the operation of its type."""
    message = {"userId": "u1", "messageId": "m1", **own}
    done = run("pipelines", verb, "--body", json.dumps(message), "--dry-run")
    assert (done.code, done.err) == (0, "")
    [request] = done.rows
    assert (request["method"], urlsplit(request["url"]).path) == ("POST", f"/v1/{verb}")
    assert request["headers"]["authorization"] == "[set]"
    assert request["headers"]["x-strict-mode"] == "1"
    assert request["body"] == {**message, "type": verb}


@over_called
def test_each_option_says_what_it_is_for(operation: Declared[..., Any]) -> None:
    """No option of a call stands without words, nor with words that lead to where a command does not."""
    options = [each for each in of_operation(operation) if each.place is not In.PATH]
    assert [each.name for each in options if not each.words] == []
    assert [each.name for each in options if "the group" in each.words or "`from_`" in each.words] == []

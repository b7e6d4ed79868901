"""Checked sends: what they refuse before anything leaves, what they let through, with either client."""

from __future__ import annotations

import asyncio
import base64
import inspect
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, cast

import pytest

from ciokit import (
    AppClient,
    AsyncAppClient,
    Limits,
    RefusedError,
    ValidationError,
    attachments_from,
    send_email,
    send_in_app,
    send_inbox_message,
    send_push,
    send_sms,
    send_transactional,
    send_whatsapp,
    trigger_broadcast,
    values,
)
from tests.support.wire import Answer, ScriptedServer, scripted_server

ANN: Any = {"id": "u1"}
TAKEN = b'{"delivery_id":"d1","queued_at":1}'
SENDS: dict[str, tuple[Any, dict[str, Any]]] = {
    "email": (send_email, {"to": "ann@x.io", "transactional_message_id": 1}),
    "push": (send_push, {"transactional_message_id": 1}),
    "sms": (send_sms, {"transactional_message_id": 1, "to": "+41790000000"}),
    "whatsapp": (send_whatsapp, {"transactional_message_id": 1, "to": "+41790000000"}),
    "in_app": (send_in_app, {"transactional_message_id": 1}),
    "inbox_message": (send_inbox_message, {"transactional_message_id": 1}),
}
over_sends = pytest.mark.parametrize("channel", SENDS)


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    """A server that takes everything."""
    with scripted_server() as running:
        running.judge = lambda _: Answer(200, TAKEN)
        yield running


@pytest.fixture
def app(server: ScriptedServer) -> Iterator[AppClient]:
    """A client of that server, in no hurry to keep the pace of broadcasts."""
    with AppClient("k", base_url=server.base_url) as made:
        yield made


def _expect_refusal(server: ScriptedServer, make: Callable[[], object], field: str | None, said: str) -> None:
    with pytest.raises(ValidationError, match=said) as refusal:
        make()
    assert refusal.value.field == field
    assert refusal.value.request is not None
    assert refusal.value.request.startswith("POST /v1/")
    assert server.seen == []


# --- every send ------------------------------------------------------------------------------------------------------


@over_sends
def test_good_send_goes_out_as_given(server: ScriptedServer, app: AppClient, channel: str) -> None:
    """Each reaches its own path with just what was given, and returns the answer."""
    send, arguments = SENDS[channel]
    assert send(app, identifiers=ANN, **arguments) == {"delivery_id": "d1", "queued_at": 1}
    [seen] = server.seen
    assert seen.path == f"/v1/send/{channel}"
    assert seen.json == {"identifiers": ANN, **arguments}


@over_sends
def test_awaitable_client_sends_the_same(server: ScriptedServer, channel: str) -> None:
    """The same function, given the awaitable client, is awaited, and checks as well."""
    send, arguments = SENDS[channel]

    async def run() -> Any:
        async with AsyncAppClient("k", base_url=server.base_url) as client:
            with pytest.raises(ValidationError):
                await send(client, identifiers={}, **arguments)
            return await send(client, identifiers=ANN, **arguments)

    assert asyncio.run(run())["delivery_id"] == "d1"
    assert [seen.path for seen in server.seen] == [f"/v1/send/{channel}"]


@over_sends
@pytest.mark.parametrize(
    ("identifiers", "field", "said"),
    [
        ({}, "identifiers", "has 0 entries; give exactly one of id, email, cio_id"),
        ({"id": "u1", "email": "a@x.io"}, "identifiers", "has 2 entries"),
        ({"phone": "+41790000000"}, "identifiers.phone", "cannot name a person here"),
        ({"user_id": "u1"}, "identifiers.user_id", "is no identifier here"),
        ({"id": ""}, "identifiers.id", "is empty"),
        ({"id": 7}, "identifiers.id", "must be text.*int"),
        ("u1", "identifiers", "must be a dict"),
    ],
)
def test_person_is_named_in_exactly_one_way(
    server: ScriptedServer, app: AppClient, channel: str, identifiers: Any, field: str, said: str
) -> None:
    """None, two, a phone, an unknown kind, an empty one and a number are each refused by name."""
    send, arguments = SENDS[channel]
    _expect_refusal(server, lambda: send(app, identifiers=identifiers, **arguments), field, said)


@over_sends
def test_ninety_days_ahead_is_the_most(server: ScriptedServer, app: AppClient, channel: str) -> None:
    """A send in 90 days goes out; one a day later, milliseconds and a fraction are refused."""
    send, arguments = SENDS[channel]
    now = int(time.time())
    for when, said in ((now + 91 * 86_400, "90 days"), (now * 1000, "milliseconds"), (1.5, "a whole number")):
        _expect_refusal(server, lambda at=when: send(app, identifiers=ANN, send_at=at, **arguments), "send_at", said)  # type: ignore[misc]
    send(app, identifiers=ANN, send_at=now + 90 * 86_400 - 60, **arguments)
    assert len(server.seen) == 1


@over_sends
def test_request_of_a_megabyte_is_the_most(server: ScriptedServer, app: AppClient, channel: str) -> None:
    """The exact bytes count: a body of 1,000,000 goes out, one more is refused."""
    send, arguments = SENDS[channel]
    empty = len(values.encode({**arguments, "identifiers": ANN, "message_data": {"k": ""}}))
    full = {"k": "x" * (1_000_000 - empty)}
    _expect_refusal(
        server,
        lambda: send(app, identifiers=ANN, message_data={"k": full["k"] + "x"}, **arguments),
        None,
        "1,000,001 B",
    )
    send(app, identifiers=ANN, message_data=full, **arguments)
    assert len(server.seen[0].body) == 1_000_000


def test_services_own_words_come_through(server: ScriptedServer, app: AppClient) -> None:
    """What only the service can know is refused in its words."""
    server.judge = lambda _: Answer(400, b'{"meta":{"error":"language is not supported"}}')
    with pytest.raises(RefusedError, match="language is not supported"):
        send_push(app, transactional_message_id=1, identifiers=ANN, language="xx")


# --- e-mail ----------------------------------------------------------------------------------------------------------


def _mails(count: int) -> str:
    return ", ".join(f'"Doe, Ann" <a{number}@x.io>' for number in range(count))


def test_fifteen_recipients_are_the_most(server: ScriptedServer, app: AppClient) -> None:
    """`to`, `cc` and `bcc` count together; a comma inside a quoted name separates nobody."""
    _expect_refusal(
        server,
        lambda: send_email(
            app, to=_mails(10), cc=_mails(4), bcc=_mails(2), identifiers=ANN, transactional_message_id=1
        ),
        "to",
        "has 16 recipients",
    )
    send_email(app, to=_mails(10), cc=_mails(4), bcc=_mails(1), identifiers=ANN, transactional_message_id=1)
    assert len(server.seen) == 1


@pytest.mark.parametrize(("name", "value"), [("to", ""), ("to", ["a@x.io"]), ("cc", " "), ("bcc", 3)])
def test_addresses_are_text(server: ScriptedServer, app: AppClient, name: str, value: Any) -> None:
    """Nothing, a list and a number are no addresses."""
    arguments = {"to": "a@x.io", "identifiers": ANN, "transactional_message_id": 1, name: value}
    _expect_refusal(server, lambda: cast("Any", send_email)(app, **arguments), name, "must be text with addresses")


@pytest.mark.parametrize("left_out", ["subject", "body", "from_"])
def test_without_a_template_all_is_needed(server: ScriptedServer, app: AppClient, left_out: str) -> None:
    """An e-mail written out in the call has a subject, a body and a sender."""
    parts = {"subject": "S", "body": "<p>B</p>", "from_": "me@x.io"}
    less = {name: text for name, text in parts.items() if name != left_out}
    send = cast("Any", send_email)
    _expect_refusal(
        server, lambda: send(app, to="a@x.io", identifiers=ANN, **less), left_out, "transactional_message_id"
    )
    send(app, to="a@x.io", identifiers=ANN, **parts)
    assert server.seen[0].json["from"] == "me@x.io"


def test_attachments_are_read_from_paths(server: ScriptedServer, app: AppClient, tmp_path: Path) -> None:
    """Files arrive as base64 by name, whatever bytes are in them; they do not count as data of the request."""
    content = bytes(range(256)) * 7_000
    (tmp_path / "a b.bin").write_bytes(content)
    attached = attachments_from(tmp_path / "a b.bin")
    send_email(app, to="a@x.io", identifiers=ANN, transactional_message_id=1, attachments=attached)
    assert base64.b64decode(server.seen[0].json["attachments"]["a b.bin"]) == content


def test_two_megabytes_of_attachments_are_the_most(server: ScriptedServer, app: AppClient, tmp_path: Path) -> None:
    """2.1 MB are refused, from paths before they are read, and as base64; all files count together."""
    for name in ("a.pdf", "b.pdf"):
        (tmp_path / name).write_bytes(b"x" * 1_050_000)
    with pytest.raises(ValidationError, match="2,100,000 B in all, over the limit of 2,000,000 B"):
        attachments_from(tmp_path / "a.pdf", tmp_path / "b.pdf")
    large = attachments_from(tmp_path / "a.pdf", tmp_path / "b.pdf", limit=3_000_000)
    mail: Any = {"to": "a@x.io", "identifiers": ANN, "transactional_message_id": 1, "attachments": large}
    _expect_refusal(server, lambda: send_email(app, **mail), "attachments", "2,100,000 B in all")
    with AppClient("k", base_url=server.base_url, limits=Limits(attachment_bytes=3_000_000)) as generous:
        send_email(generous, **mail)
    assert len(server.seen) == 1


@pytest.mark.parametrize("content", ["no base64", "abc", 3])
def test_attachment_is_base64_text(server: ScriptedServer, app: AppClient, content: Any) -> None:
    """Anything else is refused, and how to make it is said; bytes no value of a request can be."""
    attached: Any = {"a.pdf": content}
    _expect_refusal(
        server,
        lambda: send_email(app, to="a@x.io", identifiers=ANN, transactional_message_id=1, attachments=attached),
        "attachments",
        "number 1 is not base64 text; `attachments_from`",
    )


def test_files_that_cannot_be_attached_are_refused(tmp_path: Path) -> None:
    """A missing file, a folder, and two of one name."""
    (tmp_path / "sub").mkdir()
    for name in ("a.pdf", "sub/a.pdf"):
        (tmp_path / name).write_bytes(b"x")
    with pytest.raises(ValidationError, match=r"cannot be read \(FileNotFoundError"):
        attachments_from(tmp_path / "none.pdf")
    with pytest.raises(ValidationError, match=r"cannot be read \(IsADirectoryError"):
        attachments_from(tmp_path / "sub")
    with pytest.raises(ValidationError, match="same name"):
        attachments_from(str(tmp_path / "a.pdf"), tmp_path / "sub" / "a.pdf")


# --- broadcasts ------------------------------------------------------------------------------------------------------

AUDIENCES: dict[str, Any] = {
    "recipients": {"segment": {"id": 1}},
    "ids": ["u1"],
    "emails": ["a@x.io"],
    "per_user_data": [{"id": "u1", "data": {"n": 1}}, {"email": "a@x.io"}],
    "data_file_url": "https://x.io/people.jsonl",
}
trigger = cast("Any", trigger_broadcast)


@pytest.mark.parametrize("name", AUDIENCES)
def test_trigger_takes_each_audience(server: ScriptedServer, app: AppClient, name: str) -> None:
    """One of the five goes out as given, beside data."""
    server.judge = lambda _: Answer(200, b'{"id":4}')
    assert trigger(app, 12, data={"headline": "H"}, **{name: AUDIENCES[name]}) == {"id": 4}
    [seen] = server.seen
    assert (seen.path, seen.json) == ("/v1/campaigns/12/triggers", {"data": {"headline": "H"}, name: AUDIENCES[name]})


def test_trigger_takes_the_broadcasts_own_audience(server: ScriptedServer, app: AppClient) -> None:
    """Without an audience nothing but the trigger is sent."""
    trigger(app, 12)
    assert server.seen[0].body == b""


def test_two_audiences_are_refused(server: ScriptedServer, app: AppClient) -> None:
    """Which of two would win is not for the service to guess."""
    _expect_refusal(server, lambda: trigger(app, 12, emails=["a@x.io"], ids=["u1"]), "emails", "together with `ids`")


@pytest.mark.parametrize("name", AUDIENCES)
def test_empty_audience_is_not_everybody(server: ScriptedServer, app: AppClient, name: str) -> None:
    """An empty list must not become the broadcast's own audience."""
    _expect_refusal(server, lambda: trigger(app, 12, **{name: type(AUDIENCES[name])()}), name, "is empty")


@pytest.mark.parametrize("name", ["ids", "emails", "per_user_data"])
def test_ten_thousand_recipients_are_the_most(server: ScriptedServer, app: AppClient, name: str) -> None:
    """One more is refused, and so is text where a list belongs."""
    one = AUDIENCES[name][0]
    _expect_refusal(server, lambda: trigger(app, 12, **{name: [one] * 10_001}), name, "10,001 entries")
    _expect_refusal(server, lambda: trigger(app, 12, **{name: "u1"}), name, "must be a list, not str")
    trigger(app, 12, **{name: [one] * 10_000})
    assert len(server.seen[0].json[name]) == 10_000


@pytest.mark.parametrize("person", [{}, {"id": "u1", "email": "a@x.io"}, {"data": {}}, "u1"])
def test_person_with_data_is_named_in_one_way(server: ScriptedServer, app: AppClient, person: Any) -> None:
    """The place of the one at fault is told, not who it is."""
    people = [{"id": "u0"}, person]
    _expect_refusal(
        server, lambda: trigger(app, 12, per_user_data=people), "per_user_data[1]", "exactly one of id and email"
    )


def test_fifty_thousand_bytes_of_data_are_the_most(server: ScriptedServer, app: AppClient) -> None:
    """`data` is measured as it is sent; one byte more is refused."""
    full = {"k": "x" * (50_000 - len('{"k":""}'))}
    _expect_refusal(
        server, lambda: trigger(app, 12, data={"k": full["k"] + "x"}), "data", "50,001 B, over the limit of 50,000"
    )
    trigger(app, 12, data=full)
    assert len(server.seen) == 1


def test_trigger_has_a_largest_body(server: ScriptedServer) -> None:
    """A body over the limit is refused with the way out."""
    with AppClient("k", base_url=server.base_url, limits=Limits(trigger_bytes=100)) as client:
        _expect_refusal(
            server, lambda: trigger(client, 12, ids=["u" * 100]), None, "over the limit of 100 B.*data_file_url"
        )


# --- how they present themselves -------------------------------------------------------------------------------------


def test_transactional_is_email() -> None:
    """`send_transactional` is `send_email`."""
    assert send_transactional is send_email


def test_help_shows_the_arguments() -> None:
    """The signature is the operation's with the client first, the docs are the operation's."""
    assert list(inspect.signature(trigger_broadcast).parameters)[:3] == ["client", "broadcast_id", "data"]  # type: ignore[arg-type]
    assert "at most 10,000" in (trigger_broadcast.__doc__ or "")
    assert repr(send_push).startswith("<operation send_push(client")


def test_unknown_argument_is_refused_by_python(server: ScriptedServer, app: AppClient) -> None:
    """A misspelled argument never becomes a field."""
    with pytest.raises(TypeError, match="titel"):
        cast("Any", send_push)(app, transactional_message_id=1, identifiers=ANN, titel="T")
    assert server.seen == []

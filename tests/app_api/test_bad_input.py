"""Bad input, one row each, with either client: named before anything leaves, or told in the service's own words."""

from __future__ import annotations

import asyncio
import base64
import re
import time
from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest

from ciokit import AppClient, AsyncAppClient, Identity, values
from ciokit.app_api.client import GROUPS
from ciokit.core.clock import FakeClock
from ciokit.core.endpoint import Declared, In, Paged, declared
from ciokit.core.wire import Response
from ciokit.emulator.app import Emulator
from ciokit.errors import ApiError, AuthenticationError, RefusedError, ValidationError
from ciokit.table import TABLE
from ciokit.track_api import AsyncTrackClient, TrackClient
from tests.support.operations import AsyncWire, Wire, kinds, method, sample

KEY = "the-secret-key-of-ours"
PERSON = "p77-Q.secret_person"
ANN: Any = {"id": PERSON}
DAY = 86_400
NOW = int(time.time())
WORDS = b"x" * 2_100_000

Use = Callable[[Any], Any]
"""One use of a client, of either kind; untyped, as bad input does not pass a type checker."""


def _email(**changed: Any) -> Use:
    given = {"to": "ann@x.io", "identifiers": ANN, "transactional_message_id": 1, **changed}
    return lambda app: app.send.email(**given)


def _trigger(**audience: Any) -> Use:
    return lambda app: app.broadcasts.trigger(12, **audience)


def _newsletter(**changed: Any) -> Use:
    given = {"type": "email", "name": "N", "subject": "S", "body": "B", "recipients": {"and": []}, **changed}
    return lambda app: app.newsletters.create(**given)


KNOWN_BEFORE: dict[str, tuple[Use, str | None, str]] = {
    # use, field, what is said
    "two identifiers": (_email(identifiers={"id": PERSON, "email": "a@x.io"}), "identifiers", "exactly one"),
    "no identifier": (_email(identifiers={}), "identifiers", "exactly one of id, email, cio_id"),
    "no identifiers at all": (_email(identifiers=None), "identifiers", "must be a dict"),
    "a phone where not allowed": (
        lambda app: app.send.push(transactional_message_id=1, identifiers={"phone": "+41790000000"}),
        "identifiers.phone",
        "cannot name a person here",
    ),
    "two identifiers of a live notification": (
        lambda app: app.live_notifications.start(
            identifiers={"id": PERSON, "phone": "+41790000000"}, notification_type="t", attributes={}, content_state={}
        ),
        "identifiers",
        "exactly one of id, email, phone, internal",
    ),
    "a 16th recipient": (_email(to=", ".join(f"a{n}@x.io" for n in range(16))), "to", "has 16 recipients"),
    "commas alone": (_email(to=" , ,"), "to", "has no address"),
    "no address": (_email(to="ann@x.io, nonsense"), "to", "number 2 has no @"),
    "a copy to nobody": (_email(cc="nonsense"), "cc", "number 1 has no @"),
    "headers that are no JSON": (_email(headers="notjson"), "headers", "must be JSON text"),
    "headers that are an object": (_email(headers='{"X-A": "1"}'), "headers", "a list of"),
    "headers without text": (_email(headers='[{"name": "X-A", "value": 1}]'), "headers", "both text"),
    "a send before there was time": (_email(send_at=-5), "send_at", "is no time"),
    "a 2.1 MB attachment": (
        _email(attachments={"a.pdf": base64.b64encode(WORDS).decode()}),
        "attachments",
        "2,100,000 B in all, over the limit of 2,000,000 B",
    ),
    "10,001 ids": (_trigger(ids=[PERSON] * 10_001), "ids", "10,001 entries, over the limit of 10,000"),
    "10,001 addresses": (_trigger(emails=["a@x.io"] * 10_001), "emails", "10,001 entries"),
    "two audiences": (_trigger(ids=[PERSON], recipients={"segment": {"id": 7}}), "ids", "together with `recipients`"),
    "deliveries of a person over six months": (
        lambda app: app.customers.messages(PERSON, start_ts=NOW - 190 * DAY),
        "start_ts",
        "over 184 days before `end_ts`",
    ),
    "deliveries over six months": (
        lambda app: app.messages.find(start_ts=NOW - 400 * DAY, end_ts=NOW - 200 * DAY),
        "start_ts",
        "ask for one range after the other",
    ),
    "deliveries of a campaign over a year": (
        lambda app: app.campaigns.messages(3, start_ts=NOW - 370 * DAY, end_ts=NOW),
        "start_ts",
        "over 366 days",
    ),
    "deliveries of a newsletter over a year": (
        lambda app: app.newsletters.messages(3, start_ts=0),
        "start_ts",
        "over 366 days",
    ),
    "deliveries of a broadcast over a year": (
        lambda app: app.broadcasts.messages(12, start_ts=0, end_ts=NOW),
        "start_ts",
        "over 366 days",
    ),
    "an export over a year": (
        lambda app: app.exports.create_deliveries(campaign_id=3, start=NOW - 370 * DAY),
        "start",
        "over 366 days before `end`",
    ),
    "a range that ends before it begins": (
        lambda app: app.exports.create_deliveries(campaign_id=3, start=NOW, end=NOW - 1),
        "start",
        "is after `end`",
    ),
    "metrics of a range without its end": (
        lambda app: app.campaigns.metrics(3, version="2", res="days", start=NOW),
        "end",
        "is needed with `version` 2",
    ),
    "metrics of journeys that ended before they began": (
        lambda app: app.campaigns.journey_metrics(3, start=NOW, end=NOW - 1, resolution="days"),
        "end",
        "is before `start`",
    ),
    "metrics in milliseconds": (
        lambda app: app.campaigns.journey_metrics(3, start=NOW * 1000, end=NOW * 1000, resolution="days"),
        "start",
        "looks like milliseconds",
    ),
    "metrics of 46 days": (lambda app: app.newsletters.metrics(3, steps=46), "steps", "must be 1 to 45"),
    "metrics of 25 hours": (
        lambda app: app.transactional.metrics(3, period="hours", steps=25),
        "steps",
        "must be 1 to 24: so many hours",
    ),
    "metrics of no month": (
        lambda app: app.broadcasts.links(12, period="months", steps=0),
        "steps",
        "must be 1 to 121",
    ),
    "a range in milliseconds": (lambda app: app.messages.find(end_ts=NOW * 1000), "end_ts", "looks like milliseconds"),
    "a send in 91 days": (_email(send_at=NOW + 91 * DAY), "send_at", "more than 90 days ahead"),
    "an export of two sources": (
        lambda app: app.exports.create_deliveries(campaign_id=3, action_id=4),
        "action_id",
        "together with `campaign_id`",
    ),
    "an export of no source": (lambda app: app.exports.create_deliveries(), "newsletter_id", "only one"),
    "a collection of rows and a URL": (
        lambda app: app.collections.create(name="c", data=[], url="https://x.io/c.csv"),
        "url",
        "together with `data`",
    ),
    "a collection of nothing": (lambda app: app.collections.create(name="c"), "data", "only one"),
    "both for a collection that is there": (
        lambda app: app.collections.update(3, data=[], url="https://x.io/c.csv"),
        "url",
        "together with `data`",
    ),
    "101 attributes": (
        lambda app: app.data_index.update_attributes([{"name": "plan"}] * 101),
        "attributes",
        "101 entries, over the limit of 100",
    ),
    "no events": (lambda app: app.data_index.update_events([]), "events", "is empty"),
    "a long description": (
        lambda app: app.data_index.update_events([{"name": "a"}, {"name": "b", "description": "x" * 256}]),
        "events[1].description",
        "256 characters, over the limit of 255",
    ),
    "101 people": (lambda app: app.customers.attributes_of([PERSON] * 101), "ids", "101 entries"),
    "one person as text": (lambda app: app.customers.attributes_of(PERSON), "ids", "must be a list, not str"),
    "an import that is only a name": (lambda app: app.imports.create("people.csv"), "import_", "a dict, not str"),
    "an import of nothing": (lambda app: app.imports.create(None), "import_", "is needed, and None was given"),
    "an import that is a list": (lambda app: app.imports.create([]), "import_", "a dict, not list"),
    "an import of people without an identifier": (
        lambda app: app.imports.create({"name": "I", "data_file_url": "https://x.io/a.csv", "type": "people"}),
        "identifier",
        "needed for all but objects",
    ),
    "an import of objects of no type": (
        lambda app: app.imports.create({"name": "I", "data_file_url": "https://x.io/a.csv", "type": "object"}),
        "object_type_id",
        "needed for objects",
    ),
    "a newsletter now and later": (
        _newsletter(send_now=True, scheduled_at=NOW + DAY),
        "scheduled_at",
        "together with `send_now`",
    ),
    "a newsletter from two": (_newsletter(from_="a@x.io", from_id=3), "from_id", "together with `from_`"),
    "a newsletter with half a pace": (_newsletter(rate_limit_email_rate=5), "rate_limit_time_period", "needed with"),
    "a newsletter with a long name": (_newsletter(name="n" * 191), "name", "191 characters"),
    "a time without its zone": (
        lambda app: app.newsletters.schedule(3, scheduled_at=NOW + DAY),
        "timezone",
        "needed with `scheduled_at`",
    ),
    "a page that would be cut": (lambda app: app.esp_suppression.find("bounces", limit=1001), "limit", "1 to 1,000"),
}

THEIR_WORDS: dict[str, tuple[Use, int, str]] = {
    # use, status, some of what the emulator says
    "a segment that does not exist": (lambda app: app.segments.get(999), 404, "no such segment"),
    "its members": (lambda app: app.segments.members(999), 404, "no such segment"),
    "a filter on it": (lambda app: app.customers.find({"segment": {"id": 999}}), 400, "segment"),
    "an export of it": (lambda app: app.exports.create_customers({"segment": {"id": 999}}), 400, "segment"),
    "a broadcast to it": (_trigger(recipients={"segment": {"id": 999}}), 400, "segment"),
    "a broadcast that does not exist": (lambda app: app.broadcasts.trigger(999), 404, "no such broadcast"),
    "a template that does not exist": (_email(transactional_message_id=999), 400, "no such transactional message"),
}


def _blocking(client: Any, use: Use) -> Any:
    found = use(client)
    return list(found) if hasattr(found, "__next__") else found


def _awaited(make: Callable[[], Any], use: Use) -> Any:
    async def run() -> Any:
        async with make() as client:
            found = use(client)
            return [row async for row in found] if hasattr(found, "__anext__") else await found

    return asyncio.run(run())


def _either(kind: str, wire: Wire, use: Use, clock: FakeClock | None = None) -> Any:
    """Use a client of a kind at a wire."""
    clock = clock or FakeClock()
    if kind == "blocking":
        return _blocking(AppClient(KEY, transport=wire, clock=clock), use)
    awaited = AsyncWire(*wire.answers)
    awaited.sent = wire.sent
    return _awaited(lambda: AsyncAppClient(KEY, transport=awaited, clock=clock), use)


both_kinds = pytest.mark.parametrize("kind", ["blocking", "awaitable"])


@both_kinds
@pytest.mark.parametrize("case", KNOWN_BEFORE)
def test_what_can_be_known_is_refused_before_it_is_sent(case: str, kind: str) -> None:
    """Nothing is sent; the error names the field and the request, says what is wrong, and tells no value."""
    use, field, said = KNOWN_BEFORE[case]
    wire = Wire()
    with pytest.raises(ValidationError, match=said) as caught:
        _either(kind, wire, use)
    assert wire.sent == []
    assert caught.value.field == field
    assert (caught.value.request or "").startswith(("GET /v1/", "POST /v1/", "PUT /v1/"))
    assert caught.value.fault == "caller"
    assert PERSON not in f"{caught.value} {caught.value!r} {vars(caught.value)}"


@both_kinds
@pytest.mark.parametrize("case", THEIR_WORDS)
def test_what_only_the_service_knows_is_told_in_its_words(case: str, kind: str, ciokit_emulator: Emulator) -> None:
    """The status and the words of the answer reach the caller, with the request and without the key."""
    use, status, said = THEIR_WORDS[case]
    ciokit_emulator.seed({"people": [{"id": PERSON}], "broadcasts": [{"id": 12, "name": "B", "messages": []}]})
    options: Any = {"app_api_key": KEY, "clock": FakeClock()}
    blocking = AppClient(transport=ciokit_emulator.transport, **options)
    awaitable = AsyncAppClient(transport=ciokit_emulator.async_transport, **options)
    with pytest.raises(RefusedError, match=said) as caught:
        _blocking(blocking, use) if kind == "blocking" else _awaited(lambda: awaitable, use)
    assert caught.value.status == status
    assert f"answered {status}" in str(caught.value)
    assert KEY not in str(caught.value)


@both_kinds
def test_unknown_language_is_the_services_to_refuse(kind: str) -> None:
    """Which languages there are only the service knows; what it repeats of the call comes without the person."""
    words = values.encode({"meta": {"error": f"language xx is not supported, said to {PERSON} with {KEY}"}})
    with pytest.raises(RefusedError, match="language xx is not supported") as caught:
        _either(kind, Wire(Response(400, {}, words)), _email(language="xx"))
    assert PERSON not in str(caught.value)
    assert KEY not in str(caught.value)


@both_kinds
@pytest.mark.parametrize("status", [401, 403])
def test_key_of_another_region_is_hinted_at(kind: str, status: int) -> None:
    """The service only says no; the error adds what to look at, and never the key."""
    words = values.encode({"errors": [{"detail": f"invalid key {KEY}", "status": str(status)}]})
    with pytest.raises(AuthenticationError, match="invalid key") as caught:
        _either(kind, Wire(Response(status, {}, words)), lambda app: app.customers.attributes(PERSON))
    assert ("region" in str(caught.value)) == (status == 401)
    assert caught.value.retryable is False
    assert not {KEY, PERSON} & set(str(caught.value).replace(",", " ").split())
    assert KEY not in f"{caught.value} {vars(caught.value)}"


@both_kinds
def test_answer_that_leads_to_another_region_is_hinted_at(kind: str) -> None:
    """An account that lives elsewhere is told so, not followed with the key in hand."""
    wire = Wire(Response(307, {"location": "https://api-eu.customer.io/v1/segments"}, b""))
    with pytest.raises(ApiError, match="check the region"):
        _either(kind, wire, lambda app: app.segments.find())
    assert len(wire.sent) == 1


@both_kinds
def test_now_is_what_the_clients_clock_says(kind: str) -> None:
    """How far a range reaches back and a send ahead is measured from the time of the client, not of the machine."""
    then = 4_000_000_000  # in the year 2096
    clock = FakeClock(unix=then)

    def refused(use: Use) -> bool:
        try:
            _either(kind, Wire(), use, clock)
        except ValidationError:
            return True
        return False

    uses: list[Use] = [
        lambda app: app.messages.find(start_ts=then - 184 * DAY),
        lambda app: app.messages.find(start_ts=then - 185 * DAY),
        _email(send_at=then + 90 * DAY),
        _email(send_at=then + 91 * DAY),
    ]
    assert [refused(use) for use in uses] == [False, True, False, True]
    clock.sleep(DAY)
    assert [refused(use) for use in uses] == [True, True, False, False]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({}, "it has none"),
        ({"id": "u1", "email": "a@x.io"}, "it has id and email"),
        ({"phone": "0790000000"}, "E.164"),
        ({"email": "nobody"}, "has no @"),
    ],
)
def test_identity_is_exactly_one_identifier(given: dict[str, Any], said: str) -> None:
    """None, two, and what is no phone number or address are refused where they are written."""
    with pytest.raises(ValidationError, match=said):
        Identity(**given)


@both_kinds
def test_phone_does_not_name_a_person_in_a_path(kind: str) -> None:
    """It would be taken for an id: the Track API's first version refuses it, and says which call does not."""
    identity, wire = Identity(phone="+41790000000"), Wire()
    made: Any = TrackClient if kind == "blocking" else AsyncTrackClient
    track = made("site", KEY, transport=wire if kind == "blocking" else AsyncWire(), clock=FakeClock())
    with pytest.raises(ValidationError, match=r"use `track\.v2`"):
        track.v1.identify(identity)
    assert wire.sent == []


LIMITED = [
    operation for operation in declared(*GROUPS) if isinstance(operation, Paged) and "limit" in operation.route.types
]


@pytest.mark.parametrize("operation", LIMITED, ids=lambda operation: operation.route.name)
def test_a_page_of_no_rows_or_too_many_is_refused_before_it_is_sent(operation: Paged[Any, Any]) -> None:
    """Every list with pages of a chosen size refuses 0, less, and more than the maximum its own words state."""
    stated = re.search(r"limit: \w+ a page, at most ([\d,]+)", operation.__doc__ or "")
    wire = Wire()
    app = AppClient(KEY, transport=wire, clock=FakeClock())
    required = {name: sample(operation.route.types[name], "u1") for name in operation.route.required}
    for limit in (0, -3, *([int(stated[1].replace(",", "")) + 1] if stated else [])):
        with pytest.raises(ValidationError, match="must be") as caught:
            list(method(app, operation)(**required, limit=limit))
        assert caught.value.field == "limit"
    assert wire.sent == []


NUMBERS = [
    pytest.param(operation, name, id=f"{operation.route.name}-{name}")
    for operation in TABLE
    if operation.route.surface != "pipelines"
    for name, hint in operation.route.types.items()
    if int in kinds(hint) and datetime not in kinds(hint) and operation.route.where[name] is not In.PATH
]


@pytest.mark.parametrize(("operation", "name"), NUMBERS)
def test_what_is_no_number_is_refused_where_one_is_declared(operation: Declared[..., Any], name: str) -> None:
    """A truth value or a fraction would be sent as it is, and read as something else or not at all."""
    required = {each: sample(operation.route.types[each], "u1") for each in operation.route.required}
    for wrong in (True, False, 1.5, float("nan"), b"1"):
        with pytest.raises(ValidationError, match=r"must be .*a whole number, not") as caught:
            operation.call(**{**required, name: wrong})
        assert (caught.value.field, caught.value.request) == (name, operation.route.label)


NEEDED = [
    pytest.param(operation, name, id=f"{operation.route.name}-{name}")
    for operation in TABLE
    if operation.route.surface == "app"
    for name in sorted(operation.route.required)
]


@pytest.mark.parametrize(("operation", "name"), NEEDED)
def test_none_is_refused_where_something_is_needed(operation: Declared[..., Any], name: str) -> None:
    """None would leave out what the service cannot do without."""
    required = {each: sample(operation.route.types[each], "u1") for each in operation.route.required}
    with pytest.raises(ValidationError, match=r"is needed, and None|is missing|not NoneType") as caught:
        operation.call(**{**required, name: None})
    assert (caught.value.field, caught.value.request) == (name, operation.route.label)


def test_number_may_be_text_outside_a_body() -> None:
    """The cursor of a page is text, and goes on where it stopped, also where pages are counted."""
    wire = Wire()
    app: Any = AppClient(KEY, transport=wire, clock=FakeClock())
    list(app.assets.find(page="2", limit="100"))
    assert "page=2&limit=100" in wire.sent[0].url
    with pytest.raises(ValidationError, match="must be 1 to 10,000"):
        list(app.assets.find(limit="10001"))
    with pytest.raises(ValidationError, match="must be a whole number, not str"):
        app.assets.find(page="second")
    with pytest.raises(ValidationError, match="must be a whole number, not str"):
        app.asset_folders.create("name", parent_folder_id="2")

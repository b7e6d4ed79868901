"""What a receiver answers, over real sockets, the same on uvicorn, on gunicorn, and mounted in Flask."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from ciokit.webhooks.journal_reader import JournalReader
from tests.webhooks.receiving import KEY, MAX_BODY, Running, event, gunicorn, request, served, signed

KINDS = ("uvicorn", "gunicorn", "flask")


@pytest.fixture(scope="module", params=KINDS)
def running(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Generator[Running]:
    """Return a receiver that runs; tests share it, and look for events of their own."""
    journal = tmp_path_factory.mktemp("journal")
    server = {
        "uvicorn": lambda: served(journal, "--max-body-bytes", str(MAX_BODY)),
        "gunicorn": lambda: gunicorn(journal, "plain"),
        "flask": lambda: gunicorn(journal, "mounted"),
    }[request.param]
    with server() as started:
        yield started


def test_a_genuine_webhook_is_on_disk_when_it_is_acknowledged(running: Running) -> None:
    """Its body is in the journal, byte for byte, with its headers but none that hold credentials."""
    body = event() + b"  \n"
    headers = {**signed(body), "X-Extra": "kept", "Authorization": "Bearer x", "Cookie": "a=b"}
    assert running.post(body, headers) == 200
    reader = JournalReader(running.journal)
    (record,) = [r for lane in reader.lanes() for r in reader.all_records(lane) if r.body == body]
    assert record.headers["x-extra"] == "kept"
    assert record.headers["x-cio-signature"] == headers["X-CIO-Signature"]
    assert record.headers.keys().isdisjoint({"authorization", "cookie"})
    assert abs(record.received_at.timestamp() - (running.journal / "id").stat().st_mtime) < 300


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"X-CIO-Timestamp": "1700000000"},
        {"X-CIO-Signature": "0" * 64},
        {"X-CIO-Signature": "0" * 64, "X-CIO-Timestamp": "1700000000"},
        {"X-CIO-Signature": "", "X-CIO-Timestamp": ""},
        {"X-CIO-Signature": "\xe9" * 64, "X-CIO-Timestamp": "1700000000"},
        {"X-CIO-Signature": "0" * 5000, "X-CIO-Timestamp": "9" * 5000},
        signed(b"another body"),
    ],
)
def test_what_is_not_genuine_is_refused_and_not_kept(running: Running, headers: dict[str, str]) -> None:
    """Missing, wrong and odd signatures are answered 401 with the check that failed, and nothing is stored."""
    body = event()
    status, _, answer = running.ask("POST", "/", body, headers)
    assert status == 401
    assert re.fullmatch(r"(signature|timestamp)_(missing|invalid)", json.loads(answer)["reason"])
    assert body not in running.bodies()


@pytest.mark.parametrize("spelling", [str.upper, str.lower, str.title])
def test_names_of_headers_are_found_in_any_case(running: Running, spelling: object) -> None:
    """However the names of the signature's headers are spelled, the webhook is taken."""
    body = event()
    assert callable(spelling)
    assert running.post(body, {spelling(name): value for name, value in signed(body).items()}) == 200


def test_a_signature_with_its_version_is_taken(running: Running) -> None:
    """A `v0=` before the hex is tolerated."""
    body = event()
    headers = signed(body)
    assert running.post(body, {**headers, "X-CIO-Signature": "v0=" + headers["X-CIO-Signature"].upper()}) == 200


@pytest.mark.parametrize(
    ("method", "path", "status", "allow"),
    [
        ("GET", "/", 405, "POST"),
        ("HEAD", "/", 405, "POST"),
        ("PUT", "/", 405, "POST"),
        ("DELETE", "/", 405, "POST"),
        ("POST", "/elsewhere", 404, None),
        ("GET", "/healthy", 404, None),
        ("POST", "/health", 405, "GET, HEAD"),
        ("GET", "/health", 200, None),
        ("HEAD", "/health", 200, None),
        ("GET", "/ready", 200, None),
        ("GET", "/metrics", 200, None),
    ],
)
def test_other_methods_and_paths(running: Running, method: str, path: str, status: int, allow: str | None) -> None:
    """Only POST to the path is a webhook; the three probes answer GET and HEAD; nothing else is there."""
    found, headers, _ = running.ask(method, path, event() if method in ("POST", "PUT") else b"")
    assert (found, headers.get("allow")) == (status, allow)


def test_metrics_count_what_was_answered(running: Running) -> None:
    """Acknowledgements and refusals are in /metrics, in the text format of Prometheus."""
    body = event()
    assert (running.post(body), running.post(body, {})) == (200, 401)
    _, headers, text = running.ask("GET", "/metrics")
    assert headers["content-type"].startswith("text/plain; version=0.0.4")
    found = dict(re.findall(r"^(ciokit_\w+\{.*\}) (.*)$", text.decode(), re.MULTILINE))
    assert float(found['ciokit_webhooks_requests_total{lane="0",reason="ok",status="200"}']) >= 1
    assert float(found['ciokit_webhooks_requests_total{lane="0",reason="signature_missing",status="401"}']) >= 1
    assert float(found['ciokit_webhooks_ready{lane="0"}']) == 1
    assert float(found['ciokit_webhooks_acknowledge_seconds_count{lane="0"}']) == float(
        found['ciokit_webhooks_journal_records_total{lane="0"}']
    )


def test_a_body_in_chunks_is_taken_whole(running: Running) -> None:
    """A body without a length, in chunks of any size, is verified and kept as one."""
    body = event() + b" " * 100_000
    pieces = [body[at : at + 9_999] for at in range(0, len(body), 9_999)]
    assert running.ask("POST", "/", iter(pieces), {**signed(body), "Transfer-Encoding": "chunked"})[0] == 200
    assert body in running.bodies()


@pytest.mark.parametrize("chunked", [False, True])
def test_a_body_that_is_too_long_is_refused(running: Running, *, chunked: bool) -> None:
    """One byte over the limit is answered 413, with a length or in chunks, and is not kept; the limit is fine."""
    longest = event() + b" " * (MAX_BODY - len(event()))
    assert running.post(longest) == 200
    body = longest + b" "
    sent = iter([body[:1000], body[1000:]]) if chunked else body
    headers = {**signed(body), **({"Transfer-Encoding": "chunked"} if chunked else {})}
    assert running.ask("POST", "/", sent, headers)[0] == 413
    assert body not in running.bodies()


def test_an_empty_body_is_a_body(running: Running) -> None:
    """A genuine webhook of no bytes is acknowledged: what it means is for others to say."""
    before = running.bodies().count(b"")
    assert running.post(b"") == 200
    assert running.bodies().count(b"") == before + 1


def test_requests_that_are_sent_without_waiting_are_answered_in_order(running: Running) -> None:
    """Pipelined requests, genuine and forged, each get their own answer, in order."""
    bodies = [event() for _ in range(6)]
    pieces = [request(body, {} if number % 3 == 2 else None) for number, body in enumerate(bodies)]
    assert running.raw(b"".join(pieces), answers=6) == [200, 200, 401, 200, 200, 401]
    stored = running.bodies()
    assert [body in stored for body in bodies] == [True, True, False, True, True, False]


def test_a_poisoned_event_holds_nothing_up(running: Running) -> None:
    """A signed body that is no JSON is acknowledged like the thousand good ones behind it, and all are kept."""
    poison = [b"\x00\xff not json", b"[]", b'{"event_id": 7', b"{}" * 50]
    good = [event() for _ in range(1000)]
    with ThreadPoolExecutor(8) as threads:
        found = list(threads.map(lambda part: _post_all(running, part), [poison, *(good[n::7] for n in range(7))]))
    assert {status for part in found for status in part} == {200}
    assert set(good) | set(poison) <= set(running.bodies())


def _post_all(running: Running, bodies: list[bytes]) -> list[int]:
    connection = running.connect()
    found: list[int] = []
    for body in bodies:
        connection.request("POST", "/", body, signed(body))
        answer = connection.getresponse()
        answer.read()
        found.append(answer.status)
    connection.close()
    return found


def test_thousands_of_forged_and_malformed_requests_store_nothing(running: Running) -> None:
    """Whatever is thrown at it, nothing forged is stored, nothing is answered 5xx, and a good one gets through."""
    before = len(running.bodies())
    dice = random.Random(7)
    with ThreadPoolExecutor(8) as threads:
        found = list(threads.map(lambda seed: _attack(running, seed), [dice.randrange(1 << 30) for _ in range(100)]))
    answered = {status for part in found for status in part}
    assert answered <= {400, 401, 404, 405, 408, 413, 414, 417, 431, 501, 505}
    assert 401 in answered
    assert len(running.bodies()) == before
    assert running.post(event()) == 200


def _attack(running: Running, seed: int) -> list[int]:
    """Send thirty bad requests and return how they were answered."""
    dice = random.Random(seed)
    found: list[int] = []
    forged = [request(body, signed(body, "guess")) for body in (event() for _ in range(25))]
    found += running.raw(b"".join(forged), answers=25)
    genuine = request(event())
    for _ in range(4):
        broken = bytearray(genuine)
        for _ in range(dice.randrange(1, 6)):
            broken[dice.randrange(len(broken))] ^= dice.randrange(1, 256)
        cut = dice.randrange(1, len(broken))
        found += running.raw(bytes(broken[:cut]) + b"\r\n\r\n\x00", answers=0)
    noise = dice.randbytes(dice.randrange(1, 2000))
    found += running.raw(noise + b"\r\n\r\n", answers=0)
    return found


def test_several_keys_are_taken_while_one_replaces_another(tmp_path: Path) -> None:
    """Of the keys that the environment lists each is good; a third is not."""
    with served(tmp_path) as running:
        body = event()
        assert running.post(body, signed(body, "an-older-key")) == 200
        assert running.post(body, signed(body, KEY)) == 200
        assert running.post(body, signed(body, f"an-older-key, {KEY}")) == 401


def test_each_worker_of_a_preloaded_application_has_its_own_lane(tmp_path: Path) -> None:
    """With two workers forked from one application both write, each a lane of its own, and nothing is missing."""
    with gunicorn(tmp_path, "plain", "--workers", "2", "--preload") as running:
        sent: list[bytes] = []
        reader = JournalReader(tmp_path)
        while len(sent) < 2000 and not (len(reader.lanes()) == 2 and all(reader.read(lane) for lane in (0, 1))):
            bodies = [event() for _ in range(16)]
            with ThreadPoolExecutor(8) as threads:
                assert set(threads.map(running.post, bodies)) == {200}
            sent += bodies
        assert reader.lanes() == [0, 1]
        assert sorted(running.bodies()) == sorted(sent)

"""What every client promises of its connections: forks, threads, loops, TLS, proxies, regions, and silence in logs."""

from __future__ import annotations

import asyncio
import logging
import multiprocessing
import os
import subprocess
import sys
import threading
from enum import Enum
from pathlib import Path

import pytest
import trustme

import ciokit
from ciokit import (
    AppClient,
    AsyncCustomerIOClient,
    Attempt,
    ConfigurationError,
    CustomerIOClient,
    NetworkError,
    Rate,
    RefusedError,
    RetryPolicy,
    SlidingWindow,
    ValidationError,
)
from ciokit.client import limiters_for
from ciokit.core.clock import FakeClock
from ciokit.core.transport import TransportOptions
from ciokit.pipelines_api.packing import Chunk, Envelope
from ciokit.settings import Limits, Settings
from ciokit.surfaces import PIPELINES, SURFACES
from tests.support.wire import Answer, ScriptedServer, scripted_server

ONCE = RetryPolicy(attempts=1)


def test_the_request_carries_key_and_strict_mode(server: ScriptedServer) -> None:
    """Basic auth with the key as user, JSON, strict mode on; off when told so."""
    with CustomerIOClient("k", base_url=server.base_url) as client:
        client.identify("u1")
    with CustomerIOClient("k", base_url=server.base_url, strict_mode=False) as client:
        client.identify("u1")
    strict, loose = (seen.headers for seen in server.seen)
    assert strict["authorization"] == "Basic azo="
    assert strict["content-type"] == "application/json"
    assert strict["user-agent"].startswith("ciokit/")
    assert strict["x-strict-mode"] == "1"
    assert "x-strict-mode" not in loose


def test_a_client_made_before_a_fork_sends_from_parent_and_child(server: ScriptedServer) -> None:
    """Celery, gunicorn preload and Airflow fork after making clients: both sides work, on connections of their own."""
    with CustomerIOClient("k", base_url=server.base_url) as client:
        client.track("parent", "Before")
        child = multiprocessing.get_context("fork").Process(target=_send_and_exit, args=(client,))
        child.start()
        child.join(20)
        client.track("parent", "After")
    assert child.exitcode == 0
    assert [seen.json["userId"] for seen in server.seen] == ["parent", "child", "parent"]
    before, inside, after = (seen.port for seen in server.seen)
    assert before == after != inside


def _send_and_exit(client: CustomerIOClient) -> None:
    client.track("child", "Inside")
    os._exit(0)


def test_a_fork_while_another_thread_waits_for_the_limit_does_not_hang(server: ScriptedServer) -> None:
    """The child does not inherit a waiting thread's place in the queue."""
    limits = Limits(rates={"pipelines": Rate(1, 0.5)})
    with CustomerIOClient("k", base_url=server.base_url, limits=limits) as client:
        client.track("parent", "First")
        waiting = threading.Thread(target=client.track, args=("parent", "Second"))
        waiting.start()
        child = multiprocessing.get_context("fork").Process(target=_send_and_exit, args=(client,))
        child.start()
        child.join(20)
        waiting.join()
    assert child.exitcode == 0
    assert len(server.seen) == 3


def test_threads_share_a_client(server: ScriptedServer) -> None:
    """Sixteen threads on one client lose and repeat nothing."""
    with CustomerIOClient("k", base_url=server.base_url) as client:
        threads = [threading.Thread(target=client.track, args=(f"u{n}", "E")) for n in range(16)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert sorted(seen.json["userId"] for seen in server.seen) == sorted(f"u{n}" for n in range(16))


def test_an_async_client_works_in_one_loop_after_another(server: ScriptedServer) -> None:
    """Notebooks and schedulers call asyncio.run more than once with the same client."""
    client = AsyncCustomerIOClient("k", base_url=server.base_url)
    for name in ("first", "second"):
        asyncio.run(client.track(name, "E"))  # type: ignore[arg-type]  # a coroutine, declared as awaitable
    assert [seen.json["userId"] for seen in server.seen] == ["first", "second"]


def test_an_async_client_works_in_several_loops_at_once(server: ScriptedServer) -> None:
    """Threads that each run a loop share a client; no loop closes the connections of another."""
    failed: list[BaseException] = []
    client = AsyncCustomerIOClient("k", base_url=server.base_url, retry=ONCE)
    together = threading.Barrier(3)

    async def work(name: str) -> None:
        together.wait(20)
        for _ in range(10):
            answers = await asyncio.gather(*(client.track(name, "E") for _ in range(3)), return_exceptions=True)
            failed.extend(answer for answer in answers if isinstance(answer, BaseException))

    threads = [threading.Thread(target=lambda n=n: asyncio.run(work(f"u{n}"))) for n in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert failed == []
    assert len(server.seen) == 90
    assert len({seen.port for seen in server.seen}) <= 9


@pytest.mark.parametrize("proxy", ["ftp://me:pa55@proxy", "nonsense", "http://proxy:port", "socks5://127.0.0.1:9"])
def test_a_proxy_that_cannot_be_used_is_a_setting_at_fault(proxy: str) -> None:
    """The error names the setting, shows no password, and nothing is sent."""
    with (
        CustomerIOClient("k", base_url="http://customer.invalid", proxy=proxy) as client,
        pytest.raises(ConfigurationError, match="`proxy`") as caught,
    ):
        client.identify("u1")
    assert "pa55" not in str(caught.value)


def test_an_answer_that_cannot_be_unpacked_is_a_network_error(server: ScriptedServer) -> None:
    """A proxy that spoils the body raises nothing of the HTTP library's own."""
    server.script = [Answer(200, b"this is not gzip", {"content-encoding": "gzip"})]
    with CustomerIOClient("k", base_url=server.base_url, retry=ONCE) as client, pytest.raises(NetworkError) as caught:
        client.identify("u1")
    assert caught.value.maybe_sent


def test_an_address_that_becomes_too_long_is_bad_input(server: ScriptedServer) -> None:
    """An argument of the App API that no address can hold is named as such, unsent."""
    with AppClient("k", base_url=server.base_url) as app, pytest.raises(ValidationError, match="address"):
        app.customers.attributes("x" * 70_000)
    assert server.seen == []


@pytest.mark.parametrize("base_url", ["HTTP://LOCALHOST:{}/", "http://localhost:{}"])
def test_a_base_url_may_be_written_in_any_case_and_with_a_slash(server: ScriptedServer, base_url: str) -> None:
    """Scheme and host are what they are in capitals, too."""
    with CustomerIOClient("k", base_url=base_url.format(server.server_address[1])) as client:
        client.identify("u1")
    assert server.seen[0].path == "/v1/identify"


def test_ids_of_a_message_stay_out_of_what_the_service_says_of_it(server: ScriptedServer) -> None:
    """The service may quote an id; the error does not."""
    server.script = [Answer(400, b'{"meta":{"errors":["userId user-7788 is suppressed"]}}')]
    with CustomerIOClient("k", base_url=server.base_url) as client, pytest.raises(RefusedError) as caught:
        client.track("user-7788", "E")
    assert "7788" not in str(caught.value)
    assert "userId [redacted] is suppressed" in str(caught.value)


def test_a_choice_given_as_an_enum_is_its_value(server: ScriptedServer) -> None:
    """An address holds the value of an enum's member, as a body does."""

    class Kind(str, Enum):  # noqa: UP042 - the older form, whose str() is not the value
        EMAIL = "email"

    with AppClient("k", base_url=server.base_url) as app:
        app.customers.attributes("u1", id_type=Kind.EMAIL)  # type: ignore[arg-type]  # its value is right
    assert server.seen[0].path == "/v1/customers/u1/attributes?id_type=email"


def test_connections_are_kept(server: ScriptedServer) -> None:
    """Calls one after another use one connection."""
    with CustomerIOClient("k", base_url=server.base_url) as client:
        for _ in range(3):
            client.identify("u1")
    assert len({seen.port for seen in server.seen}) == 1


def test_importing_and_making_a_client_starts_no_thread() -> None:
    """Nothing runs in the background."""
    before = threading.active_count()
    with CustomerIOClient("k"):
        assert threading.active_count() == before


def test_a_custom_ca_is_trusted_and_the_default_is_not_fooled(tmp_path: Path) -> None:
    """`ca_file` decides whom to trust."""
    import ssl

    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    bundle = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(str(bundle))
    with scripted_server(context) as server:
        with CustomerIOClient("k", base_url=server.base_url, ca_file=str(bundle)) as client:
            client.identify("u1")
        assert len(server.seen) == 1
        with (
            CustomerIOClient("k", base_url=server.base_url, retry=ONCE) as client,
            pytest.raises(NetworkError, match="certificate is not trusted"),
        ):
            client.identify("u1")
        assert len(server.seen) == 1


def test_tls_to_a_server_without_it_says_so(server: ScriptedServer) -> None:
    """The wrong scheme in base_url is told as that."""
    url = server.base_url.replace("http://", "https://")
    with (
        CustomerIOClient("k", base_url=url, retry=ONCE) as client,
        pytest.raises(NetworkError, match="TLS could not be agreed on"),
    ):
        client.identify("u1")


def test_a_page_that_is_not_there_points_at_the_base_url(server: ScriptedServer) -> None:
    """Another server's 404 is not taken for the service's."""
    server.script = [Answer(404, b"<html>nothing here</html>")]
    with CustomerIOClient("k", base_url=server.base_url) as client, pytest.raises(RefusedError, match="`base_url`"):
        client.identify("u1")


def test_a_missing_ca_file_is_a_setting_at_fault(server: ScriptedServer) -> None:
    """The error names the setting and nothing is sent."""
    with (
        CustomerIOClient("k", base_url=server.base_url, ca_file="/nowhere.pem") as client,
        pytest.raises(ConfigurationError, match="ca_file"),
    ):
        client.identify("u1")


@pytest.mark.parametrize("by_environment", [True, False])
def test_a_proxy_is_used(server: ScriptedServer, monkeypatch: pytest.MonkeyPatch, by_environment: bool) -> None:
    """A proxy given or found in the environment gets the request, with the whole address."""
    options = {}
    if by_environment:
        monkeypatch.setenv("HTTP_PROXY", server.base_url)
    else:
        options = {"proxy": server.base_url}
    with CustomerIOClient("k", base_url="http://customer.invalid", **options) as client:  # type: ignore[arg-type]
        client.identify("u1")
    assert server.seen[0].path == "http://customer.invalid/v1/identify"


def test_no_proxy_is_respected(server: ScriptedServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """A host that needs no proxy is not asked for through one, here in vain since it does not exist."""
    monkeypatch.setenv("HTTP_PROXY", server.base_url)
    monkeypatch.setenv("NO_PROXY", "customer.invalid")
    with CustomerIOClient("k", base_url="http://customer.invalid", retry=ONCE) as client, pytest.raises(NetworkError):
        client.identify("u1")
    assert server.seen == []


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_this_machine_is_reached_past_the_proxy(
    server: ScriptedServer, monkeypatch: pytest.MonkeyPatch, host: str
) -> None:
    """A proxy in the environment is not asked for what runs on this machine, such as an emulator."""
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    with CustomerIOClient("k", base_url=server.base_url.replace("127.0.0.1", host)) as client:
        client.identify("u1")
    assert len(server.seen) == 1


@pytest.mark.parametrize("surface", SURFACES, ids=lambda surface: surface.name)
def test_every_host_of_an_eu_client_is_an_eu_host(surface) -> None:
    """Data of an EU workspace never leaves for a US host."""
    assert surface.base_url("eu", None).endswith("-eu.customer.io")
    assert "-eu" not in surface.base_url("us", None)


def test_the_region_reaches_the_client() -> None:
    """The clients use the host of their region."""
    with CustomerIOClient("k", "eu") as pipelines, AppClient("k", "eu") as app:
        assert repr(pipelines) == "CustomerIOClient('https://cdp-eu.customer.io')"
        assert "api-eu.customer.io" in repr(app)


def test_a_closed_client_says_so(server: ScriptedServer) -> None:
    """A call after close is a clear error, blocking and awaitable."""
    client = CustomerIOClient("k", base_url=server.base_url)
    client.close()
    with pytest.raises(ConfigurationError, match="closed"):
        client.identify("u1")
    with pytest.raises(ConfigurationError, match="closed"):
        client.batch([])

    async def twin() -> None:
        async_client = AsyncCustomerIOClient("k", base_url=server.base_url)
        await async_client.aclose()
        with pytest.raises(ConfigurationError, match="closed"):
            await async_client.identify("u1")

    asyncio.run(twin())


def test_nothing_secret_or_personal_is_logged_at_any_level(
    server: ScriptedServer, caplog: pytest.LogCaptureFixture
) -> None:
    """Keys, ids, addresses and bodies stay out of every logger, of ours and of the HTTP library's, and of errors."""
    private = ("sk-live-51f0c0ffee", "jane.doe@example.com", "user-7788", "+49 170 1234567", "secret-plan")
    server.script = [
        Answer(500),
        Answer(400, b'{"meta":{"errors":["jane.doe@example.com of sk-live-51f0c0ffee: +49 170 1234567 is taken"]}}'),
    ]
    caplog.set_level(logging.DEBUG)
    with (
        CustomerIOClient(private[0], base_url=server.base_url, clock=FakeClock()) as client,
        pytest.raises(RefusedError) as caught,
    ):
        client.identify(private[2], {"email": private[1], "phone": private[3], "plan": private[4]})
    told = caplog.text + str(caught.value) + repr(caught.value) + repr(client) + repr(client.settings)
    assert "POST /v1/identify attempt 1: 500" in told
    assert "[email] of [redacted]: [phone] is taken" in told
    assert [word for word in private if word in told] == []


def test_a_program_without_logging_is_left_in_peace(server: ScriptedServer) -> None:
    """A retry is told to who asked for logs, and printed for nobody else."""
    server.script = [Answer(503)]
    program = f"import ciokit; ciokit.CustomerIOClient('k', base_url='{server.base_url}').identify('u1')"
    ran = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True, timeout=30)
    assert (ran.stdout, ran.stderr) == ("", "")
    assert len(server.seen) == 2


def test_the_parts_of_a_client_print_without_secrets_or_bodies(server: ScriptedServer) -> None:
    """Tools that print a traceback's variables see neither the key nor a proxy's password nor what is sent."""
    chunk = Chunk(Envelope({}, Settings()), ["message-7788"], [b'{"userId":"user-7788"}'])
    with CustomerIOClient("sk-live-51f0c0ffee", base_url=server.base_url) as client:
        told = repr(client._sender.connection) + repr(TransportOptions(proxy="http://me:pa55@proxy")) + repr(chunk)
    assert "authorization" not in told
    assert [word for word in ("sk-live", "c2st", "pa55", "7788") if word in told] == []


def test_hooks_are_told_of_each_attempt_and_may_fail(server: ScriptedServer, caplog: pytest.LogCaptureFixture) -> None:
    """Metrics see every try; a broken hook costs no answer."""
    told: list[Attempt] = []

    def broken(attempt: Attempt) -> None:
        raise RuntimeError("metrics are down")

    server.script = [Answer(503)]
    with CustomerIOClient("k", base_url=server.base_url, clock=FakeClock(), hooks=[broken, told.append]) as client:
        client.identify("u1")
    assert [(one.request, one.number, one.status, one.error) for one in told] == [
        ("POST /v1/identify", 1, 503, "ServerError"),
        ("POST /v1/identify", 2, 200, None),
    ]
    assert caplog.text.count("a hook failed") == 2


def test_two_clients_share_one_limit(server: ScriptedServer) -> None:
    """A limiter handed to both counts the calls of both."""
    clock, shared = FakeClock(), SlidingWindow(2, 1.0)
    with (
        CustomerIOClient("k", base_url=server.base_url, clock=clock, limiter=shared) as one,
        CustomerIOClient("k", base_url=server.base_url, clock=clock, limiter=shared) as two,
    ):
        for client in (one, two, one):
            client.identify("u1")
    assert sum(clock.sleeps) == pytest.approx(1.01)


def test_the_default_pace_is_the_vendors() -> None:
    """Three thousand requests per three seconds, from the table of limits."""
    limiter = limiters_for(Settings()).of(PIPELINES.name)
    assert (limiter.requests, limiter.seconds) == (3000, 3.0)


def test_unknown_names_are_attribute_errors() -> None:
    """A misspelled name of the package says so."""
    with pytest.raises(AttributeError, match="CustomerIOCleint"):
        ciokit.CustomerIOCleint  # noqa: B018 - reading it is the test

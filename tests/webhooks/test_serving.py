"""`ciokit webhooks serve` among bad clients, bad disks and kill -9: what it acknowledged is there."""

from __future__ import annotations

import http.client
import json
import os
import resource
import signal
import socket
import ssl
import threading
import time
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
import trustme

from ciokit.cli import main
from ciokit.webhooks import journal_format as layout
from ciokit.webhooks.journal_reader import JournalReader
from tests.webhooks.receiving import Running, event, hung, request, served, signed, statuses, until

UNLIMITED = (resource.RLIM_INFINITY, resource.RLIM_INFINITY)


class Load:
    """Threads that post events of their own, one after the other, and keep which were acknowledged."""

    def __init__(self, running: Running, threads: int = 4) -> None:
        self.acknowledged: list[bytes] = []
        self.answers: set[int] = set()
        self._running = running
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._post) for _ in range(threads)]
        for thread in self._threads:
            thread.start()

    def stop(self) -> list[bytes]:
        """End, and return what was acknowledged."""
        self._stop.set()
        for thread in self._threads:
            thread.join()
        return self.acknowledged

    def _post(self) -> None:
        connection = self._running.connect()
        with suppress(OSError, Exception):
            while not self._stop.is_set():
                body = event()
                connection.request("POST", "/", body, signed(body))
                answer = connection.getresponse()
                answer.read()
                self.answers.add(answer.status)
                if answer.status == 200:
                    self.acknowledged.append(body)
        connection.close()


@contextmanager
def load(running: Running) -> Generator[Load]:
    """Have load as long as the block lasts."""
    started = Load(running)
    try:
        yield started
    finally:
        started.stop()


def test_over_tls_it_is_the_same(tmp_path: Path) -> None:
    """With a certificate webhooks are received over TLS."""
    authority = trustme.CA()
    certificate = authority.issue_cert("localhost")
    certificate.cert_chain_pems[0].write_to_path(tmp_path / "cert.pem")
    certificate.private_key_pem.write_to_path(tmp_path / "key.pem")
    context = ssl.create_default_context()
    authority.configure_trust(context)
    options = ("--tls-cert", str(tmp_path / "cert.pem"), "--tls-key", str(tmp_path / "key.pem"))
    with served(tmp_path / "journal", *options) as running:
        connection = http.client.HTTPSConnection("localhost", running.port, context=context, timeout=20)
        body = event()
        connection.request("POST", "/", body, signed(body))
        assert connection.getresponse().status == 200
        connection.close()
    assert running.bodies() == [body]


# The end


@pytest.mark.parametrize("count", [1, 30, 300])
def test_what_was_acknowledged_before_kill_9_is_in_the_journal(tmp_path: Path, count: int) -> None:
    """Killed under load, the receiver has every event on disk that it acknowledged, and starts again beside them."""
    acknowledged: list[bytes] = []
    for _ in range(2):
        with served(tmp_path) as running, load(running) as posting:
            until(lambda posting=posting: len(posting.acknowledged) >= count)
            running.process.send_signal(signal.SIGKILL)
            acknowledged += posting.stop()
    found = JournalReader(tmp_path)
    stored = [record.body for record in found.all_records(0)]
    assert found.lanes() == [0]
    assert set(acknowledged) <= set(stored)
    assert len(stored) == len(set(stored))
    assert {damage.kind for damage in found.damage} <= {"torn"}


def test_on_sigterm_requests_under_way_are_answered(tmp_path: Path) -> None:
    """Told to end, it answers what it has begun, says goodbye to the others, and exits with 0."""
    with served(tmp_path) as running, socket.create_connection(("127.0.0.1", running.port), timeout=20) as slow:
        body = event()
        whole = request(body)
        slow.sendall(whole[:-5])
        until(lambda: running.ask("GET", "/health")[0] == 200)
        running.process.send_signal(signal.SIGTERM)
        until(lambda: _refuses(running.port))
        slow.sendall(whole[-5:])
        assert statuses(slow.recv(65_536)) == [200]
        assert running.process.wait(20) == 0
    assert running.bodies() == [body]


def test_what_has_not_arrived_when_it_ends_is_to_come_again_soon(tmp_path: Path) -> None:
    """A request that is still on its way when the time to drain is over is answered 503, which costs no hour."""
    with (
        served(tmp_path, "--drain-seconds", "0.5") as running,
        socket.create_connection(("127.0.0.1", running.port), timeout=20) as slow,
    ):
        slow.sendall(request(event())[:-5])
        until(lambda: running.ask("GET", "/health")[0] == 200)
        running.process.send_signal(signal.SIGTERM)
        assert statuses(slow.recv(65_536)) == [503]
        assert running.process.wait(20) == 0


def _refuses(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return True
    return False


# Disks


def test_a_full_disk_is_answered_503_until_there_is_room(tmp_path: Path) -> None:
    """While the disk takes no more the answer is 503; afterwards it is 200 again, and nothing acknowledged is lost."""
    with served(tmp_path) as running, load(running) as posting:
        until(lambda: len(posting.acknowledged) > 20)
        resource.prlimit(running.process.pid, resource.RLIMIT_FSIZE, (100_000, resource.RLIM_INFINITY))
        until(lambda: 503 in posting.answers)
        until(lambda: running.ask("GET", "/ready")[0] == 503)
        assert running.ask("GET", "/health")[0] == 200
        resource.prlimit(running.process.pid, resource.RLIMIT_FSIZE, UNLIMITED)
        until(lambda: running.ask("GET", "/ready")[0] == 200)
        before = len(posting.acknowledged)
        until(lambda: len(posting.acknowledged) > before + 20)
        acknowledged = posting.stop()
    assert posting.answers == {200, 503}
    assert set(acknowledged) <= set(running.bodies())


def test_a_folder_that_cannot_be_written_is_answered_503_until_it_can(tmp_path: Path) -> None:
    """It starts where its journal cannot be written, says that it is not ready, and takes events in once it can."""
    (tmp_path / "mount").symlink_to("mount")  # goes round in circles, as no mistake of a name does
    with served(tmp_path / "mount" / "journal") as running:
        assert running.post(event()) == 503
        assert running.ask("GET", "/ready")[0] == 503
        (tmp_path / "mount").unlink()
        until(lambda: running.ask("GET", "/ready")[0] == 200)
        body = event()
        assert running.post(body) == 200
    assert running.bodies() == [body]


def test_a_journal_that_is_behind_is_answered_503_until_it_is_committed(tmp_path: Path) -> None:
    """When too much waits to be committed nothing more is taken in; once the committer has moved on it is."""
    with served(tmp_path, "--max-backlog-bytes", "2000") as running:
        for _ in range(20):
            running.post(event())
        until(lambda: running.post(event()) == 503)
        assert json.loads(running.ask("GET", "/ready")[2]) == {"reason": "behind"}
        reader = JournalReader(tmp_path)
        reader.move_cursor(0, "delta", reader.newest(0))
        until(lambda: running.post(event()) == 200)


def test_a_disk_that_hangs_is_answered_503_in_time(tmp_path: Path) -> None:
    """A disk that neither answers nor fails costs no time-out of 4 s; when it answers again, so does the receiver."""
    with served(tmp_path) as running:
        with hung(tmp_path):
            status = 200
            while status == 200:
                began = time.monotonic()
                status = running.post(event())
            assert (status, time.monotonic() - began < 4) == (503, True)
            until(lambda: running.ask("GET", "/ready")[0] == 503)
            assert json.loads(running.ask("GET", "/ready")[2]) == {"reason": "stalled"}
            assert running.ask("GET", "/health")[0] == 200
            metrics = running.ask("GET", "/metrics")[2]
            assert b'{lane="0",reason="stalled",status="503"} 1.0' in metrics
            assert b'ciokit_webhooks_ready{lane="0"} 0.0' in metrics
        until(lambda: running.ask("GET", "/ready")[0] == 200)
        assert running.post(event()) == 200


def test_a_receiver_ends_though_its_disk_hangs(tmp_path: Path) -> None:
    """Told to end, it does not wait for a disk that does not answer."""
    with served(tmp_path, "--drain-seconds", "1") as running, hung(tmp_path):
        until(lambda: running.ask("GET", "/ready")[0] == 503)
        assert running.stop() == 0


# Slow and many clients


def test_slow_clients_are_cut_off_while_good_ones_are_served(tmp_path: Path) -> None:
    """Headers that trickle, bodies that trickle and silence end within seconds; others are answered all the while."""
    with served(tmp_path, "--request-seconds", "1", "--idle-seconds", "1") as running:
        whole = request(event())
        beginnings = [b"", whole[:1], whole[:40], whole[:-1], b"\r\n", b"GET /health HTTP/1.1\r\n\r\n", whole + b"\r\n"]
        slow = [socket.create_connection(("127.0.0.1", running.port), timeout=20) for _ in beginnings * 5]
        for connection, beginning in zip(slow, beginnings * 5, strict=True):
            connection.sendall(beginning)
        with ThreadPoolExecutor(len(slow)) as threads, load(running) as posting:
            ended = [threads.submit(_trickled, connection) for connection in slow]
            assert all(each.result() for each in ended)
            until(lambda: len(posting.acknowledged) > 20)
            posting.stop()
        assert posting.answers == {200}
        assert running.post(event()) == 200
        for connection in slow:
            connection.close()


def _trickled(connection: socket.socket) -> bool:
    """Send a byte now and then until the other side ends the connection; False if it never does."""
    connection.settimeout(0.2)
    for _ in range(60):
        try:
            if not connection.recv(65_536):
                return True
        except TimeoutError:
            with suppress(OSError):
                connection.sendall(b"a")
        except OSError:
            return True
    return False


def test_endless_headers_are_cut_off(tmp_path: Path) -> None:
    """A head beyond its limit is answered 431 and the connection ends, long before the memory does."""
    with served(tmp_path) as running, socket.create_connection(("127.0.0.1", running.port), timeout=20) as connection:
        connection.sendall(b"POST / HTTP/1.1\r\n")
        received = b""
        with suppress(ConnectionError):
            for _ in range(10_000):
                connection.sendall(b"x-more: " + b"y" * 1000 + b"\r\n")
        with suppress(ConnectionError):
            received = connection.recv(65_536)
        assert statuses(received) in ([431], [])  # a reset may overtake the answer
        assert running.post(event()) == 200


def test_a_large_body_in_one_piece_is_no_long_head(tmp_path: Path) -> None:
    """Large requests one after the other on a connection are all taken."""
    with served(tmp_path) as running:
        bodies = [event() + b" " * 300_000 for _ in range(5)]
        assert running.raw(b"".join(map(request, bodies)), answers=5) == [200] * 5
        assert running.bodies() == bodies


def test_a_crowd_of_idle_connections_makes_room(tmp_path: Path) -> None:
    """With all connections taken by idle clients a new one is served; the one quiet for longest is closed."""
    with served(tmp_path, "--connections", "20") as running:
        idle = [socket.create_connection(("127.0.0.1", running.port), timeout=20) for _ in range(60)]
        assert running.post(event()) == 200
        assert idle[0].recv(1) == b""
        for connection in idle:
            connection.close()


# The committer beside it


def test_the_committer_is_started_again_and_ends_with_the_receiver(tmp_path: Path) -> None:
    """Killed, the process beside it is started again; when the receiver is killed, it ends by itself."""
    with served(tmp_path / "journal", "--delta", str(tmp_path / "delta"), committing=True) as running:
        until(lambda: _children(running.process.pid))
        (first,) = _children(running.process.pid)
        os.kill(first, signal.SIGKILL)
        until(lambda: _children(running.process.pid) not in ([], [first]))
        (second,) = _children(running.process.pid)
        assert running.post(event()) == 200
        running.process.send_signal(signal.SIGKILL)
        until(lambda: not _alive(second))


def test_what_is_acknowledged_is_committed_beside_it(tmp_path: Path) -> None:
    """While the receiver runs its journal is committed; told to end, both do."""
    with served(tmp_path / "journal", "--delta", str(tmp_path / "delta"), committing=True) as running:
        for _ in range(50):
            assert running.post(event()) == 200
        reader = JournalReader(tmp_path / "journal")
        until(lambda: reader.backlog() == 0, seconds=50)
        (committer,) = _children(running.process.pid)
        assert running.stop() == 0
        assert not _alive(committer)
    assert "add" in _log_of(tmp_path / "delta" / "webhook_raw_events")


def _log_of(table: Path) -> str:
    """Return what a Delta table's log says."""
    return "".join(path.read_text() for path in sorted((table / "_delta_log").glob("*.json")))


def _children(pid: int) -> list[int]:
    found: list[int] = []
    for thread in Path(f"/proc/{pid}/task").glob("*/children"):  # each thread has those it started
        with suppress(OSError):
            found += map(int, thread.read_text().split())
    return found


def _alive(pid: int) -> bool:
    try:
        return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return False


# The command


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ([], "say with --delta"),
        (["--no-commit", "--tls-cert", "x.pem"], "TLS needs both"),
        (["--no-commit", "--signing-key-file", "keys", "--tls-cert", "x.pem", "--tls-key", "y.pem"], "PEM files"),
        (["--no-commit", "--signing-key-file", "keys", "--tls-cert", "keys", "--tls-key", "keys"], "PEM files"),
        (["--no-commit", "--signing-key-file", "missing"], "cannot be read"),
        (["--no-commit"], "CUSTOMERIO_WEBHOOK_SIGNING_KEY"),
        (["--no-commit", "--signing-key-file", "keys", "--path", "health"], "must begin with /"),
        (["--no-commit", "--signing-key-file", "keys", "--max-body-bytes", "999999999"], "must be from 1 to"),
        (["--no-commit", "--signing-key-file", "keys", "--host", "192.0.2.1"], "cannot listen"),
    ],
)
def test_a_wrong_set_up_is_told_before_anything_is_served(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    options: list[str],
    said: str,
) -> None:
    """Each mistake ends the command with code 2 and one line that says what to do; no journal is begun."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "keys").write_text("one\ntwo\n")
    assert main(["webhooks", "serve", "--port", "0", "--journal", str(tmp_path / "journal"), *options]) == 2
    assert said in capsys.readouterr().err
    assert layout.lanes(tmp_path / "journal") == []

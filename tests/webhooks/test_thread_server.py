"""A receiver served from a thread, as notebooks and tests serve it."""

from __future__ import annotations

import http.client
import threading
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from ciokit.errors import ConfigurationError
from ciokit.webhooks import JournalReader, WebhookReceiver, WebhookServer
from ciokit.webhooks.journal import Journal
from tests.support.webhook_landing import LIMITS
from tests.webhooks.receiving import KEY, event, signed


def _receiver(folder: Path, path: str = "/hooks") -> WebhookReceiver:
    return WebhookReceiver(KEY, Journal(folder, LIMITS), path=path)


def _posted(url: str, body: bytes, key: str = KEY) -> int:
    to = urlsplit(url)
    connection = http.client.HTTPConnection(str(to.hostname), to.port, timeout=10)
    try:
        connection.request("POST", to.path, body, signed(body, key))
        return connection.getresponse().status
    finally:
        connection.close()


def test_it_receives_until_the_end_of_the_block(tmp_path: Path) -> None:
    """What is posted to its URL is in the journal, and afterwards nothing listens, runs or holds the journal."""
    threads = threading.active_count()
    body = event()
    with WebhookServer(_receiver(tmp_path)) as server:
        assert [_posted(server.url, body), _posted(server.url, body, "another key")] == [200, 401]
    with pytest.raises(ConnectionRefusedError):
        _posted(server.url, body)
    assert threading.active_count() == threads
    reader = JournalReader(tmp_path)
    assert [record.body for lane in reader.lanes() for record in reader.all_records(lane)] == [body]
    with Journal(tmp_path, LIMITS) as journal:
        journal.append(b"{}", body, 1)
    assert len(reader.lanes()) == 1


def test_it_is_started_and_stopped_without_a_block(tmp_path: Path) -> None:
    """A page of cells starts it in one and stops it in another; stopping again changes nothing."""
    server = WebhookServer(_receiver(tmp_path, "/"), "::1").start()
    assert server.url.startswith("http://[::1]:")
    assert _posted(server.url, event()) == 200
    server.stop()
    server.stop()
    with pytest.raises(ConnectionRefusedError):
        _posted(server.url, event())


def test_wrong_use_is_told(tmp_path: Path) -> None:
    """There is no address before it is started, it is started once, and not where another listens."""
    server = WebhookServer(_receiver(tmp_path / "one"))
    with pytest.raises(ConfigurationError, match="start the server first"):
        _ = server.url
    server.stop()
    with server:
        with pytest.raises(ConfigurationError, match="started before"):
            server.start()
        taken = urlsplit(server.url).port or 0
        with pytest.raises(ConfigurationError, match="cannot listen"):
            WebhookServer(_receiver(tmp_path / "two"), port=taken).start()


class _Unable(WebhookReceiver):
    def start(self) -> None:
        """Fail, as a machine without memory would."""
        raise MemoryError


def test_a_server_that_cannot_start_says_so(tmp_path: Path) -> None:
    """Whoever starts it is told, and not left waiting; nothing listens."""
    server = WebhookServer(_Unable(KEY, Journal(tmp_path, LIMITS)))
    with pytest.raises(ConfigurationError, match="before it listened"):
        server.start()
    with pytest.raises(ConfigurationError, match="start the server first"):
        _ = server.url

"""Files the emulator keeps for others to read: assets, exports under signed links, and CSV that callers put to import.

A signed link needs no key and says when it ends, like those of the service's storage: one that is over, or was altered,
is answered 403. The signature hides nothing, since nothing under `/_emulator` is closed; it only behaves so.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from urllib.parse import parse_qs, quote, urlsplit

from ciokit.core.transport import HttpTransport, TransportOptions
from ciokit.core.wire import Request, Response
from ciokit.emulator.clock import EmulatorClock
from ciokit.emulator.envelopes import envelope
from ciokit.emulator.reply import in_json
from ciokit.emulator.routing import ApiFault
from ciokit.emulator.world import World
from ciokit.errors import NetworkError

FILES = "/_emulator/files"
"""Where files are: `POST` puts one there, `GET .../<name>` with the query of its link reads it."""

EXPORT_LINK_SECONDS = 15 * 60
"""How long a link to an export lives (App spec, `/exports/{export_id}/download`)."""

_HERE = "http://emulator.invalid"
_SECRET = b"a link of the emulator"
_CSV = "text/csv; charset=utf-8"
_FETCH_SECONDS = 10.0


def is_file(path: str) -> bool:
    """Whether a path is one of these files, or where they are put."""
    return path == FILES or path.startswith(FILES + "/")


def link(origin: str, name: str, until: int) -> str:
    """Return a link to a file that lives until a time in unix seconds."""
    return f"{origin}{FILES}/{quote(name)}?until={until}&signature={_signature(name, until)}"


def preferences_link(origin: str, cio_id: str, until: int) -> tuple[str, str]:
    """Return a token that stands for a person until a time in unix seconds, and a link to what they chose."""
    name = f"preferences-{cio_id}.json"
    return f"{cio_id}.{until}.{_signature(name, until)}", link(origin, name, until)


def asset_link(origin: str, number: int, name: str) -> str:
    """Return the address of a file in the asset library, which everybody can read for as long as it is there."""
    return f"{origin}{FILES}/asset-{number}/{quote(name)}"


class Files:
    """The files of one emulator: those of its world's exports, and those put here, which end with the process."""

    def __init__(self, world: World, clock: EmulatorClock) -> None:
        self._world = world
        self._clock = clock
        self._put: dict[str, bytes] = {}

    def put(self, content: bytes, *, origin: str = _HERE) -> str:
        """Keep a file and return a URL that this emulator can import from; no other program can read the default one.

        Served by `ciokit emulate`, `POST /_emulator/files` gives a URL that everybody can read.
        """
        name = f"upload-{len(self._put) + 1}.csv"
        self._put[name] = content
        return f"{origin}{FILES}/{name}"

    def fetch(self, url: str) -> bytes | None:
        """Return what a URL holds, at most a few seconds later; None if nothing can be read there."""
        parts = urlsplit(url)
        if is_file(parts.path):  # asking ourselves over a socket would wait for ourselves
            found = self.handle("GET", parts.path, parse_qs(parts.query), b"")
            return found.body if found.status == 200 else None
        if parts.scheme not in ("http", "https") or not parts.netloc:
            return None
        transport = HttpTransport(TransportOptions())
        try:
            answer = transport.send(Request("GET", url, {}, label="GET a file", timeout=_FETCH_SECONDS))
        except NetworkError:
            return None
        finally:
            transport.close()
        return answer.body if answer.status == 200 else None

    def handle(self, method: str, path: str, query: Mapping[str, list[str]], body: bytes) -> Response:
        """Answer one request under `FILES`; no key is asked for."""
        name = path.removeprefix(FILES).strip("/")
        if method == "POST" and not name:
            url = self.put(body, origin=self._world.origin)
            return in_json(200, {"url": url})
        if method not in ("GET", "HEAD"):
            return _wrong(405, "files are read with GET, and put with POST /_emulator/files")
        if name in self._put:
            return Response(200, {"content-type": _CSV}, self._put[name])
        kind, _, rest = name.partition("-")
        number = rest.partition("/")[0]
        if kind == "asset" and number.isascii() and number.isdigit():
            return self._asset(int(number))
        until, signature = (query.get(each, [""])[-1] for each in ("until", "signature"))
        if not _lives(name, until, signature, self._clock.now()):
            return _wrong(403, "the link is over, or is none of this emulator's; ask for a new one")
        return self._linked(name)

    def _asset(self, number: int) -> Response:
        node = self._world.held.assets.get("file", number)
        if node is None:
            return _wrong(404, "there is no such file")
        return Response(200, {"content-type": node.fields["media_type"]}, node.fields["content"])

    def _linked(self, name: str) -> Response:
        kind, _, rest = name.partition("-")
        which = rest.partition(".")[0]
        export = self._world.held.exports.get(int(which)) if kind == "export" and which.isdigit() else None
        if export is not None and export.done(self._clock.now()):
            return Response(200, {"content-type": _CSV}, export.content)
        person = self._world.person(which, "cio_id") if kind == "preferences" else None
        if person is not None:
            chosen = {"unsubscribed": person.unsubscribed, **person.subscription_preferences}
            return in_json(200, chosen)
        return _wrong(404, "there is no such file")


def _signature(subject: str, until: int) -> str:
    return hmac.new(_SECRET, f"{subject}\n{until}".encode(), "sha256").hexdigest()[:32]


def _lives(subject: str, until: str, signature: str, now: float) -> bool:
    if not (until.isascii() and until.isdigit() and len(until) < 15):
        return False
    return hmac.compare_digest(_signature(subject, int(until)).encode(), signature.encode()) and now < int(until)


def _wrong(status: int, detail: str) -> Response:
    return envelope(None, ApiFault(status, detail))

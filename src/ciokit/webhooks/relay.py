"""Passes webhooks on to a receiver that only lets in who has a Databricks token, as each Databricks App demands.

It stands where Customer.io can reach it and keeps nothing: a webhook is acknowledged once the receiver behind has
acknowledged it, and answered with 503 otherwise, so that the service sends it again. Bodies and signature headers pass
untouched, so the receiver can verify them; whoever gives the relay the signing keys too keeps forged ones from it.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from typing import Final

import orjson

from ciokit.core.wire import Request, Response
from ciokit.errors import ConfigurationError, CustomerIOError
from ciokit.webhooks.asgi import Bodies, Message, Receive, Send, answer
from ciokit.webhooks.receiver import ACKNOWLEDGED, MAX_BODY, SIGNATURE, TIMESTAMP, TOO_LARGE, Reply, refusal
from ciokit.webhooks.signature import Verifier
from ciokit.webhooks.workspace import Workspace

_LOG: Final = logging.getLogger("ciokit.webhooks.relay")
_PASSED: Final = (SIGNATURE, TIMESTAMP, b"content-type", b"user-agent")
_SECONDS: Final = 3.5  # the service waits for 4 (reporting webhooks, "Timeouts and failures")
_FRONT_REFUSES: Final = frozenset({302, 401, 403})


class Relay:
    """An ASGI application that passes webhooks on.

    Args:
        target: where the receiver takes webhooks, such as `https://hooks-123.aws.databricksapps.com/api/webhooks`.
        workspace: gives the tokens.
        path: where webhooks are posted here.
        verifier: refuses what is not signed right, with 401; None leaves that to the receiver.
        max_body: the longest body, in bytes.
        most: webhooks that are being passed on at once; what comes beyond is answered with 503.

    Raises:
        ConfigurationError: `target` is no address of a server.
    """

    def __init__(
        self,
        target: str,
        workspace: Workspace,
        *,
        path: str = "/",
        verifier: Verifier | None = None,
        max_body: int = MAX_BODY,
        most: int = 200,
    ) -> None:
        if not target.startswith(("https://", "http://127.0.0.1:", "http://[::1]:")):
            raise ConfigurationError("the receiver's address must begin with https://, as a token is sent there")
        self.counts: Counter[str] = Counter()
        self._target = target
        self._workspace = workspace
        self._path = path
        self._verifier = verifier
        self._max_body = max_body
        self._bodies = Bodies(max_body)
        self._most = most
        self._under_way = 0

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Answer one request, or take part in the server's start and end."""
        if scope["type"] == "lifespan":
            await receive()
            try:  # so that the first webhook need not wait for it
                await self._workspace.token()
            except CustomerIOError as error:
                _LOG.warning("there is no token yet: %s", error)
            await send({"type": "lifespan.startup.complete"})
            await receive()
            await self._workspace.transport.aclose()
            await send({"type": "lifespan.shutdown.complete"})
            return
        reply = self._other(scope["method"], scope["path"])
        if reply is None:
            try:
                reply = await self._webhook(dict(scope["headers"]), receive)
            except asyncio.CancelledError:  # the server ends; its own answer to that would be 500
                await answer(send, self._failed("stopping"))
                raise
        if reply is not None:
            await answer(send, reply)

    def _other(self, method: str, path: str) -> Reply | None:
        if path == self._path:
            return None if method == "POST" else refusal(405, "method_not_allowed", allow="POST")
        return Reply(200, b"ok\n", "text/plain") if path in {"/health", "/ready"} else refusal(404, "not_found")

    async def _webhook(self, headers: dict[bytes, bytes], receive: Receive) -> Reply | None:
        """Return the answer to a webhook; None if whoever sent it has gone."""
        body = await self._bodies.read(receive)
        if body is None:
            return None
        if isinstance(body, Reply) or self._under_way >= self._most:
            return self._failed("crowded")
        if len(body) > self._max_body:
            return TOO_LARGE
        if self._verifier is not None:
            verification = self._verifier.verify(body, headers.get(SIGNATURE), headers.get(TIMESTAMP))
            if not verification:
                return refusal(401, verification.reason)
        self._under_way += 1
        try:
            async with asyncio.timeout(_SECONDS):
                return await self._passed(headers, body)
        except TimeoutError:
            return self._failed("late")
        except CustomerIOError as error:
            return self._failed(type(error).__name__)
        except Exception:  # noqa: BLE001 - a 500 would hold every later event up for an hour
            _LOG.exception("a webhook could not be passed on")
            return self._failed("failed")
        finally:
            self._under_way -= 1

    async def _passed(self, headers: dict[bytes, bytes], body: bytes) -> Reply:
        """Pass a webhook on, with a new token if the one at hand is refused; acknowledge it if it was acknowledged."""
        passed = {name.decode("latin-1"): headers[name].decode("latin-1") for name in _PASSED if name in headers}
        token = await self._workspace.token()
        answer = await self._sent(passed, body, token)
        if answer.status in _FRONT_REFUSES and not _is_receivers(answer.body):
            self._workspace.forget(token)
            answer = await self._sent(passed, body, await self._workspace.token())
        if answer.status == 200 and not answer.body:  # a page to log in at is 200 too, and not empty
            self.counts["ok"] += 1
            return ACKNOWLEDGED
        return self._failed(f"answered_{answer.status}")

    async def _sent(self, headers: dict[str, str], body: bytes, token: str) -> Response:
        given = {**headers, "authorization": f"Bearer {token}"}
        request = Request("POST", self._target, given, body, "POST to the receiver", timeout=_SECONDS)
        return await self._workspace.transport.send(request)

    def _failed(self, reason: str) -> Reply:
        self.counts[reason] += 1
        if str(self.counts[reason]).strip("0") == "1":  # 1, 10, 100 ...
            _LOG.warning("not passed on, %s: %d so far", reason, self.counts[reason])
        return refusal(503, reason)


def _is_receivers(body: bytes) -> bool:
    """Tell the receiver's own refusal from one of whoever stands in front of it."""
    try:
        return "reason" in orjson.loads(body)
    except (ValueError, TypeError):
        return False

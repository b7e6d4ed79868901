"""What the receiver of webhooks is compared with: a handler that does nothing, and Flask that only verifies.

`python -m benchmarks.webhook_servers noop|flask` listens on a free port of this machine and prints its address.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Awaitable, Callable
from typing import Any

from ciokit.webhooks.serving import bind, serve
from ciokit.webhooks.signature import verify_headers

Message = dict[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

KEY = "the-key-of-a-measurement"
THREADS = 16


async def noop(
    scope: Message, receive: Callable[[], Awaitable[Message]], send: Callable[[Message], Awaitable[None]]
) -> None:
    """Read the request and answer 200."""
    message = await receive()
    if scope["type"] == "lifespan":
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await send({"type": "lifespan.shutdown.complete"})
        return
    while message["type"] == "http.request" and message["more_body"]:
        message = await receive()
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"0")]})
    await send({"type": "http.response.body", "body": b""})


def flask_app() -> Any:
    """Return an application whose view verifies the signature and answers 200; nothing is kept."""
    from flask import Flask, request

    app = Flask("benchmark")

    @app.post("/")
    def webhook() -> tuple[str, int]:
        genuine = verify_headers(request.get_data(), dict(request.headers), KEY)
        return "", 200 if genuine else 401

    return app


def main(which: str) -> None:
    """Print the address and serve."""
    listener = bind("127.0.0.1", 0)
    address = f"http://127.0.0.1:{listener.getsockname()[1]}"
    print(address, flush=True)
    if which == "noop":
        serve(noop, listener)
    else:
        listener.set_inheritable(True)
        command = [sys.executable, "-m", "gunicorn", "--bind", f"fd://{listener.fileno()}", "--worker-class", "gthread"]
        command += ["--workers", "1", "--threads", str(THREADS), "--keep-alive", "75", "--log-level", "error"]
        os.execv(command[0], [*command, "benchmarks.webhook_servers:flask_app()"])  # noqa: S606 - named here


if __name__ == "__main__":
    main(sys.argv[1])

"""What gunicorn is told to serve in tests, as people set it up: plain WSGI, and mounted in Flask."""

from __future__ import annotations

from typing import Any

from ciokit.webhooks.receiver import WebhookReceiver
from ciokit.webhooks.wsgi import WsgiApp
from tests.webhooks.receiving import KEY, MAX_BODY


def plain(journal: str) -> WsgiApp:
    """Return the receiver as it is."""
    return WsgiApp(WebhookReceiver(KEY, journal, max_body=MAX_BODY))


def mounted(journal: str) -> Any:
    """Return a Flask application that has the receiver under a path, moved to the root for the tests."""
    from flask import Flask
    from werkzeug.middleware.dispatcher import DispatcherMiddleware

    app = Flask("shop")
    app.wsgi_app = DispatcherMiddleware(app.wsgi_app, {"/webhooks": plain(journal)})  # type: ignore[method-assign]

    def moved(environ: dict[str, Any], start_response: Any) -> Any:
        environ["PATH_INFO"] = "/webhooks" + environ.get("PATH_INFO", "")
        return app(environ, start_response)

    return moved

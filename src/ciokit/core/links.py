"""Files behind links the service gives out, such as that of a finished export: read without any credentials."""

from __future__ import annotations

from ciokit.core.endpoint import Route
from ciokit.core.flow import Call, Flow, ask
from ciokit.core.retry import Retry

LINKED_FILE = Route("link", "GET", "/a-linked-file", Retry.SAFE, docs="")
"""What logs and errors say of it: the link itself opens the file, and must not be told."""


def read_link(url: str) -> Flow[bytes]:
    """Return the flow that reads a whole file from an absolute URL; nothing of the client's is sent there.

    Raises `UnexpectedAnswerError` for what is no URL, or no https one while the client itself uses https.
    """
    response = yield from ask(Call(LINKED_FILE, "", link=url))
    return response.body

"""Send to people by functions that take the client first, and attach files from paths.

send_email(app, to="ann@example.com", identifiers={"id": "u1"}, transactional_message_id="welcome")   -> Sent
await send_push(async_app, transactional_message_id=3, identifiers={"id": "u1"})                      -> Sent
trigger_broadcast(app, 12, ids=["u1", "u2"], data={"headline": "Hello"})                              -> Triggered

Each is an operation (`app.send.email`, `app.broadcasts.trigger`) by a name of its own: arguments, checks and answer are
the same.
"""

from __future__ import annotations

import base64
import inspect
from collections.abc import Coroutine
from operator import attrgetter
from os import PathLike
from pathlib import Path
from typing import Any, Generic, ParamSpec, TypeVar, overload

from ciokit.app_api import checks
from ciokit.app_api.broadcasts import Broadcasts
from ciokit.app_api.client import AppClient, AsyncAppClient, of_app
from ciokit.app_api.sends import Send
from ciokit.core.endpoint import Endpoint
from ciokit.errors import ValidationError
from ciokit.settings import Limits

P = ParamSpec("P")
T = TypeVar("T")


class ClientFirst(Generic[P, T]):
    """An operation as a function; call it with either client."""

    def __init__(self, name: str, operation: Endpoint[P, T]) -> None:
        self.operation = operation
        self.__name__ = name
        self.__doc__ = operation.__doc__
        client = inspect.Parameter("client", inspect.Parameter.POSITIONAL_ONLY, annotation="AppClient | AsyncAppClient")
        parameters = operation.signature.parameters.values()
        self.__signature__ = operation.signature.replace(parameters=[client, *parameters])

    def __repr__(self) -> str:
        return f"<operation {self.__name__}{self.__signature__}>"

    @overload
    def __call__(self, client: AppClient, /, *args: P.args, **kwargs: P.kwargs) -> T: ...
    @overload
    def __call__(self, client: AsyncAppClient, /, *args: P.args, **kwargs: P.kwargs) -> Coroutine[Any, Any, T]: ...
    def __call__(self, client: AppClient | AsyncAppClient, /, *args: P.args, **kwargs: P.kwargs) -> Any:
        """Make the call."""
        return attrgetter(self.operation.route.name)(of_app(client))(*args, **kwargs)


def attachments_from(*paths: str | PathLike[str], limit: int = Limits().attachment_bytes) -> dict[str, str]:
    """Return files as the `attachments` of an e-mail: base64 by file name.

    Their sizes are looked at before they are read: at most `limit` bytes in all.

    Raises:
        ValidationError: too large, a file cannot be read, or two have the same name.
    """
    files = [Path(path) for path in paths]
    if len({file.name for file in files}) < len(files):
        raise ValidationError("two have the same name; rename one", field="attachments")
    try:
        checks.small_enough(sum(file.stat().st_size for file in files), limit)
        return {file.name: base64.b64encode(file.read_bytes()).decode() for file in files}
    except OSError as error:
        text = f"one cannot be read ({type(error).__name__}); give paths of files"
        raise ValidationError(text, field="attachments") from None


send_email = ClientFirst("send_email", Send.email)
send_transactional = send_email
"""`send_email` by the name of what it is for: a message from a template, by e-mail."""
send_push = ClientFirst("send_push", Send.push)
send_sms = ClientFirst("send_sms", Send.sms)
send_whatsapp = ClientFirst("send_whatsapp", Send.whatsapp)
send_in_app = ClientFirst("send_in_app", Send.in_app)
send_inbox_message = ClientFirst("send_inbox_message", Send.inbox_message)
trigger_broadcast = ClientFirst("trigger_broadcast", Broadcasts.trigger)

"""Send to people with a check before: what the service would refuse, or take for something else, is refused by name.

send_email(app, to="ann@example.com", identifiers={"id": "u1"}, transactional_message_id="welcome")   -> Sent
await send_push(async_app, transactional_message_id=3, identifiers={"id": "u1"})                      -> Sent
trigger_broadcast(app, 12, ids=["u1", "u2"], data={"headline": "Hello"})                              -> Triggered

Each takes the arguments of the operation it checks (`app.send.email`, `app.broadcasts.trigger`), whose own methods send
what they are given. Limits come from the client's `settings.limits`.
"""

from __future__ import annotations

import base64
import inspect
import re
import time
from collections.abc import Callable, Coroutine, Mapping
from operator import attrgetter
from os import PathLike
from pathlib import Path
from typing import Any, Generic, ParamSpec, TypeVar, cast, overload

from ciokit import values
from ciokit.app_api.broadcasts import Broadcasts
from ciokit.app_api.client import AppClient, AsyncAppClient
from ciokit.app_api.sends import Send
from ciokit.core.endpoint import Endpoint
from ciokit.errors import ValidationError
from ciokit.settings import Limits

P = ParamSpec("P")
T = TypeVar("T")
Arguments = Mapping[str, Any]
Check = Callable[[Arguments, Callable[[], int], Limits], None]

_KINDS = ("id", "email", "cio_id")
_AUDIENCES = ("recipients", "ids", "emails", "per_user_data", "data_file_url")
_LISTS = {"ids", "emails", "per_user_data"}
_QUOTED = re.compile(r'"[^"]*"')
_MILLISECONDS = 10**11  # as seconds this is the year 5138


class Checked(Generic[P, T]):
    """An operation that refuses bad input before anything is sent; call it with either client."""

    def __init__(self, name: str, operation: Endpoint[P, T], check: Check) -> None:
        self.operation = operation
        self._check = check
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
        """Check the arguments, then make the call."""
        arguments = self.operation.signature.bind(*args, **kwargs).arguments
        try:
            self._check(arguments, lambda: len(self.operation.call(*args, **kwargs).body), client.settings.limits)
        except ValidationError as error:
            error.request = self.operation.route.label
            raise
        return attrgetter(self.operation.route.name)(client)(*args, **kwargs)


def check_send(arguments: Arguments, size: Callable[[], int], limits: Limits) -> None:
    """Refuse a send without exactly one identifier, too far ahead, or too large; `size` gives the bytes of its body."""
    _one_identifier(arguments.get("identifiers"))
    _soon_enough(arguments.get("send_at"), limits.send_ahead)
    attachments = arguments.get("attachments")
    body = size() - (len(values.encode(attachments)) if attachments else 0)
    if body > limits.send_bytes:
        text = f"the request has {body:,} B without attachments, over the limit of {limits.send_bytes:,} B"
        raise ValidationError(f"{text}; send less data")


def check_email(arguments: Arguments, size: Callable[[], int], limits: Limits) -> None:
    """Refuse too many recipients, half an e-mail, attachments that are too large, and what `check_send` does."""
    recipients = sum(_addresses(name, arguments.get(name)) for name in ("to", "cc", "bcc"))
    if recipients > limits.send_recipients:
        text = f"has {recipients} recipients with `cc` and `bcc`, over the limit of {limits.send_recipients}"
        raise ValidationError(f"{text}; send several e-mails", field="to")
    if arguments.get("transactional_message_id") is None:
        for name in ("subject", "body", "from_"):
            if not arguments.get(name):
                raise ValidationError("is needed without a `transactional_message_id`", field=name)
    contents = cast("Mapping[str, Any]", arguments.get("attachments") or {}).values()
    _small_enough(sum(_attached(place, content) for place, content in enumerate(contents, 1)), limits.attachment_bytes)
    check_send(arguments, size, limits)


def check_trigger(arguments: Arguments, size: Callable[[], int], limits: Limits) -> None:
    """Refuse a trigger with two audiences, an empty one, too many recipients, or too much data."""
    given = [name for name in _AUDIENCES if arguments.get(name) is not None]
    if len(given) > 1:
        raise ValidationError(f"cannot be given together with `{given[0]}`; give one audience", field=given[1])
    for name in given:
        if not arguments[name]:
            raise ValidationError("is empty; leave it out to send to the broadcast's own audience", field=name)
    for name in _LISTS & set(given):
        _short_enough(name, arguments[name], limits.trigger_recipients)
    for place, person in enumerate(cast("list[Any]", arguments.get("per_user_data") or [])):
        if not isinstance(person, Mapping) or len({"id", "email"} & cast("Mapping[str, Any]", person).keys()) != 1:
            raise ValidationError("must have exactly one of id and email", field=f"per_user_data[{place}]")
    data = len(values.encode(arguments.get("data") or {}, field="data"))
    if data > limits.trigger_data_bytes:
        text = f"has {data:,} B, over the limit of {limits.trigger_data_bytes:,} B; send less data"
        raise ValidationError(text, field="data")
    body = size()
    if body > limits.trigger_bytes:
        text = f"the request has {body:,} B, over the limit of {limits.trigger_bytes:,} B"
        raise ValidationError(f"{text}; put the people in a file and give its `data_file_url`")


def _one_identifier(identifiers: Any) -> None:
    if not isinstance(identifiers, Mapping):
        raise ValidationError(f"must be a dict with one of {', '.join(_KINDS)}", field="identifiers")
    given = cast("Mapping[str, Any]", identifiers)
    if len(given) != 1:
        raise ValidationError(f"has {len(given)} entries; give exactly one of {', '.join(_KINDS)}", field="identifiers")
    [(kind, value)] = given.items()
    if kind not in _KINDS:
        text = "cannot name a person" if kind == "phone" else "is no identifier"
        raise ValidationError(f"{text} here; give one of {', '.join(_KINDS)}", field=f"identifiers.{kind}")
    if not isinstance(value, str) or not value.strip():
        raise ValidationError(
            f"must be text that is not empty, not {type(value).__name__}", field=f"identifiers.{kind}"
        )


def _soon_enough(send_at: Any, ahead: int) -> None:
    if send_at is None:
        return
    if not isinstance(send_at, int) or isinstance(send_at, bool):
        raise ValidationError(f"must be whole Unix seconds, not {type(send_at).__name__}", field="send_at")
    if send_at > _MILLISECONDS:
        raise ValidationError("looks like milliseconds; give Unix seconds", field="send_at")
    if send_at > time.time() + ahead:
        raise ValidationError(f"is more than {ahead / 86_400:g} days ahead; send it later", field="send_at")


def _addresses(name: str, text: Any) -> int:
    if text is None and name != "to":
        return 0
    if not isinstance(text, str) or not text.strip():
        raise ValidationError("must be text with addresses, commas between them", field=name)
    return sum(1 for address in _QUOTED.sub("", text).split(",") if address.strip())


def _attached(place: int, content: Any) -> int:
    if isinstance(content, str):
        try:
            return len(base64.b64decode(content, validate=True))
        except ValueError:
            pass
    text = f"number {place} is not base64 text; `attachments_from` makes it from a path"
    raise ValidationError(text, field="attachments")


def _small_enough(total: int, limit: int) -> None:
    if total > limit:
        text = f"have {total:,} B in all, over the limit of {limit:,} B; send links instead"
        raise ValidationError(text, field="attachments")


def _short_enough(name: str, people: Any, limit: int) -> None:
    if not isinstance(people, list | tuple):
        raise ValidationError(f"must be a list, not {type(people).__name__}", field=name)
    count = len(cast("list[Any]", people))
    if count > limit:
        text = f"has {count:,} entries, over the limit of {limit:,}; trigger it several times, or give `data_file_url`"
        raise ValidationError(text, field=name)


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
        _small_enough(sum(file.stat().st_size for file in files), limit)
        return {file.name: base64.b64encode(file.read_bytes()).decode() for file in files}
    except OSError as error:
        text = f"one cannot be read ({type(error).__name__}); give paths of files"
        raise ValidationError(text, field="attachments") from None


send_email = Checked("send_email", Send.email, check_email)
send_transactional = send_email
"""`send_email` by the name of what it is for: a message from a template, by e-mail."""
send_push = Checked("send_push", Send.push, check_send)
send_sms = Checked("send_sms", Send.sms, check_send)
send_whatsapp = Checked("send_whatsapp", Send.whatsapp, check_send)
send_in_app = Checked("send_in_app", Send.in_app, check_send)
send_inbox_message = Checked("send_inbox_message", Send.inbox_message, check_send)
trigger_broadcast = Checked("trigger_broadcast", Broadcasts.trigger, check_trigger)

"""What operations of the App API refuse before anything is sent; each is named on the declaration it belongs to.

A check gets the arguments of a call, and the terms of the client that is to send it. It raises `ValidationError`
for what the service would refuse, cut short without a word, or take for something else.
"""

from __future__ import annotations

import base64
import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, cast

from ciokit import values
from ciokit.app_api.metrics import MOST_STEPS
from ciokit.core import pictures
from ciokit.core.endpoint import Check, Terms
from ciokit.core.multipart import Upload
from ciokit.errors import ValidationError

Arguments = Mapping[str, Any]

DAY = 86_400
SIX_MONTHS = 184 * DAY  # the longest six and twelve months there are: what is over them is so in any reading
TWELVE_MONTHS = 366 * DAY

_KINDS = ("id", "email", "cio_id")
_AUDIENCES = ("recipients", "ids", "emails", "per_user_data", "data_file_url")
_LISTS = {"ids", "emails", "per_user_data"}
_QUOTED = re.compile(r'"[^"]*"')
_MILLISECONDS = 10**11  # as seconds this is the year 5138
_ASSET_BYTES = pictures.MOST_MB * 1_000_000  # the smaller reading of MB


# Made for a declaration


def every(*checks: Check) -> Check:
    """Make several checks one after the other."""

    def check(arguments: Arguments, terms: Terms) -> None:
        for each in checks:
            each(arguments, terms)

    return check


def exactly_one(*names: str) -> Check:
    """Refuse none of these arguments, and more than one."""

    def check(arguments: Arguments, terms: Terms) -> None:
        if not _given(arguments, names):
            others = " or ".join(f"`{name}`" for name in names[1:])
            raise ValidationError(f"is needed, or {others} instead, and only one", field=names[0])
        at_most_one(*names)(arguments, terms)

    return check


def at_most_one(*names: str) -> Check:
    """Refuse more than one of these arguments."""

    def check(arguments: Arguments, _terms: Terms) -> None:
        given = _given(arguments, names)
        if len(given) > 1:
            raise ValidationError(f"cannot be given together with `{given[0]}`; give one of them", field=given[1])

    return check


def together(*names: str) -> Check:
    """Refuse some of these arguments without the others."""

    def check(arguments: Arguments, _terms: Terms) -> None:
        given = _given(arguments, names)
        missing = [name for name in names if name not in given]
        if given and missing:
            raise ValidationError(f"is needed with `{given[0]}`", field=missing[0])

    return check


def entries(name: str, most: int) -> Check:
    """Refuse what is no list, an empty one, and one of more than `most` entries."""

    def check(arguments: Arguments, _terms: Terms) -> None:
        if not _listed(name, arguments[name]):
            raise ValidationError(f"is empty; give 1 to {most}", field=name)
        _short_enough(name, arguments[name], most, "make several calls")

    return check


def longest(name: str, most: int) -> Check:
    """Refuse text of more than `most` characters; `items[].name` is that of each entry in a list."""
    lists, _, inner = name.rpartition("[].")

    def check(arguments: Arguments, _terms: Terms) -> None:
        if not lists:
            _fits(name, arguments.get(name), most)
            return
        for place, entry in enumerate(_listed(lists, arguments.get(lists) or [])):
            if isinstance(entry, Mapping):
                _fits(f"{lists}[{place}].{inner}", cast("Arguments", entry).get(inner), most)

    return check


def page_of(most: int | None = None) -> Check:
    """Refuse a `limit` below 1, and one over `most` where the vendor states a maximum.

    A list that goes on by numbers is read past rows, or ends early, when the service makes its pages smaller.
    """
    wanted = "at least 1" if most is None else f"1 to {most:,}"

    def check(arguments: Arguments, _terms: Terms) -> None:
        limit = arguments.get("limit")
        if limit is None:
            return
        if int(limit) < 1 or (most is not None and int(limit) > most):
            raise ValidationError(f"must be {wanted}; pages follow each other by themselves", field="limit")

    return check


def window(start: str, end: str, seconds: int) -> Check:
    """Refuse a range of time that is longer than the service looks at: it would leave out the rest without a word."""

    def check(arguments: Arguments, terms: Terms) -> None:
        for name in (start, end):
            if arguments.get(name) is not None:
                _unix_seconds(name, arguments[name])
        begins, ends = arguments.get(start), arguments.get(end)
        until = terms.now if ends is None else ends
        if begins is None:
            return
        if begins > until:
            raise ValidationError(f"is after `{end}`, which is now unless given", field=start)
        if until - begins > seconds:
            text = f"is over {seconds // DAY} days before `{end}`, and the service leaves out what is older"
            raise ValidationError(f"{text}; ask for one range after the other", field=start)

    return check


def over_time(arguments: Arguments, _terms: Terms) -> None:
    """Refuse more steps of metrics than there can be, and a range that is half given or ends before it begins."""
    if arguments.get("version") == "2":
        for name in ("res", "start", "end"):
            if arguments.get(name) is None:
                raise ValidationError("is needed with `version` 2", field=name)
    begins, ends = arguments.get("start"), arguments.get("end")
    for name, moment in (("start", begins), ("end", ends)):
        if moment is not None:
            _unix_seconds(name, moment)
    if begins is not None and ends is not None and begins > ends:
        raise ValidationError("is before `start`", field="end")
    steps, period = arguments.get("steps"), arguments.get("period") or "days"
    most = MOST_STEPS.get(period)
    if steps is not None and most is not None and not 1 <= int(steps) <= most:
        raise ValidationError(f"must be 1 to {most}: so many {period} there can be", field="steps")


def identified_by(*kinds: str) -> Check:
    """Refuse `identifiers` that are not exactly one of these kinds, as text that is not empty."""

    def check(arguments: Arguments, _terms: Terms) -> None:
        _one_identifier(arguments.get("identifiers"), kinds)

    return check


# Of sends and triggers


def send(arguments: Arguments, terms: Terms) -> None:
    """Refuse a send without exactly one identifier, too far ahead, or too large."""
    _one_identifier(arguments.get("identifiers"), _KINDS)
    _soon_enough("send_at", arguments.get("send_at"), terms)
    attachments = arguments.get("attachments")
    limits = terms.limits
    body = terms.size - (len(values.encode(attachments)) if attachments else 0)
    if body > limits.send_bytes:
        text = f"the request has {body:,} B without attachments, over the limit of {limits.send_bytes:,} B"
        raise ValidationError(f"{text}; send less data")


def email(arguments: Arguments, terms: Terms) -> None:
    """Refuse too many recipients, half an e-mail, attachments that are too large, and what `send` does."""
    limits = terms.limits
    recipients = sum(_addresses(name, arguments.get(name)) for name in ("to", "cc", "bcc"))
    if recipients > limits.send_recipients:
        text = f"has {recipients} recipients with `cc` and `bcc`, over the limit of {limits.send_recipients}"
        raise ValidationError(f"{text}; send several e-mails", field="to")
    if arguments.get("transactional_message_id") is None:
        for name in ("subject", "body", "from_"):
            if not arguments.get(name):
                raise ValidationError("is needed without a `transactional_message_id`", field=name)
    _mail_headers(arguments.get("headers"))
    attachments: Any = arguments.get("attachments") or {}
    if not isinstance(attachments, Mapping):
        raise ValidationError("must be a dict, base64 by file name", field="attachments")
    contents = cast("Arguments", attachments).values()
    small_enough(sum(_attached(place, content) for place, content in enumerate(contents, 1)), limits.attachment_bytes)
    send(arguments, terms)


def trigger(arguments: Arguments, terms: Terms) -> None:
    """Refuse a trigger with two audiences, an empty one, too many recipients, or too much data."""
    limits = terms.limits
    at_most_one(*_AUDIENCES)(arguments, terms)
    for name in _given(arguments, _AUDIENCES):
        if not arguments[name]:
            raise ValidationError("is empty; leave it out to send to the broadcast's own audience", field=name)
        if name in _LISTS:
            way_out = "trigger it several times, or give `data_file_url`"
            _short_enough(name, arguments[name], limits.trigger_recipients, way_out)
    for place, person in enumerate(cast("list[Any]", arguments.get("per_user_data") or [])):
        if not isinstance(person, Mapping) or len({"id", "email"} & cast("Arguments", person).keys()) != 1:
            raise ValidationError("must have exactly one of id and email", field=f"per_user_data[{place}]")
    data = len(values.encode(arguments.get("data") or {}, field="data"))
    if data > limits.trigger_data_bytes:
        text = f"has {data:,} B, over the limit of {limits.trigger_data_bytes:,} B; send less data"
        raise ValidationError(text, field="data")
    if terms.size > limits.trigger_bytes:
        text = f"the request has {terms.size:,} B, over the limit of {limits.trigger_bytes:,} B"
        raise ValidationError(f"{text}; put the people in a file and give its `data_file_url`")


# Of one operation each


def new_import(arguments: Arguments, _terms: Terms) -> None:
    """Refuse an import of objects without their type, and one of anything else without an identifier."""
    importable(arguments["import_"])


def importable(import_: Any) -> None:
    """Refuse what `new_import` does, before there is a call."""
    if not isinstance(import_, Mapping):
        raise ValidationError(f"must be a dict, not {type(import_).__name__}", field="import_")
    given = cast("Arguments", import_)
    objects = given.get("type") == "object"
    if objects != (given.get("object_type_id") is not None):
        raise ValidationError("is needed for objects, and for nothing else", field="object_type_id")
    if objects == (given.get("identifier") is not None):
        raise ValidationError("is needed for all but objects", field="identifier")


def scheduled(arguments: Arguments, _terms: Terms) -> None:
    """Refuse a time without its zone."""
    if arguments["scheduled_at"] and not arguments.get("timezone"):
        raise ValidationError("is needed with `scheduled_at`", field="timezone")


def asset_file(arguments: dict[str, Any]) -> None:
    """Put the content in the place of a path, and refuse one that is too large; a file is read once, and no further."""
    file = arguments["file"]
    if not isinstance(file, Path | bytes):
        raise ValidationError(f"must be a Path or bytes, not {type(file).__name__}", field="file")
    size = len(file) if isinstance(file, bytes) else 0
    if isinstance(file, Path):
        try:
            with file.open("rb") as opened:
                arguments["file"] = content = Upload(opened.read(_ASSET_BYTES + 1))
                size = max(len(content), os.fstat(opened.fileno()).st_size)
        except OSError as error:
            text = f"cannot be read ({type(error).__name__}); give the path of a file"
            raise ValidationError(text, field="file") from None
        content.filename = file.name
    if size > _ASSET_BYTES:
        raise ValidationError(f"has {size:,} B, over the limit of {_ASSET_BYTES:,} B; make it smaller", field="file")


def asset(arguments: Arguments, _terms: Terms) -> None:
    """Refuse a file of a kind the library does not take, and a picture with a side that is too long."""
    content: bytes = arguments["file"]
    kind = pictures.kind(content)
    if kind is None:
        raise ValidationError("is none of bmp, jpeg, png, gif and pdf, by its first bytes", field="file")
    side = max(pictures.size(content, kind), default=0)
    if side > pictures.MOST_PIXELS:
        text = f"is a picture with a side of {side:,} pixels, over the limit of {pictures.MOST_PIXELS:,}; scale it down"
        raise ValidationError(text, field="file")


# Parts of the above


def _given(arguments: Arguments, names: Sequence[str]) -> list[str]:
    return [name for name in names if arguments.get(name) is not None]


def _one_identifier(identifiers: Any, kinds: Sequence[str]) -> None:
    known = ", ".join(kinds)
    if not isinstance(identifiers, Mapping):
        raise ValidationError(f"must be a dict with one of {known}", field="identifiers")
    given = cast("Arguments", identifiers)
    if len(given) != 1:
        raise ValidationError(f"has {len(given)} entries; give exactly one of {known}", field="identifiers")
    [(kind, value)] = given.items()
    if kind not in kinds:
        text = "cannot name a person" if kind == "phone" else "is no identifier"
        raise ValidationError(f"{text} here; give one of {known}", field=f"identifiers.{kind}")
    if not isinstance(value, str) or not value.strip():
        text = "is empty; give it" if isinstance(value, str) else f"must be text, not {type(value).__name__}"
        raise ValidationError(text, field=f"identifiers.{kind}")


def _unix_seconds(name: str, value: Any) -> None:
    if not isinstance(value, int) or isinstance(value, bool):
        raise ValidationError(f"must be whole Unix seconds, not {type(value).__name__}", field=name)
    if value > _MILLISECONDS:
        raise ValidationError("looks like milliseconds; give Unix seconds", field=name)


def _soon_enough(name: str, value: Any, terms: Terms) -> None:
    if value is None:
        return
    _unix_seconds(name, value)
    if value < 0:
        raise ValidationError("is no time; leave it out to send now", field=name)
    ahead = terms.limits.send_ahead
    if value > terms.now + ahead:
        raise ValidationError(f"is more than {ahead / DAY:g} days ahead; send it later", field=name)


def _addresses(name: str, text: Any) -> int:
    if text is None and name != "to":
        return 0
    if not isinstance(text, str) or not text.strip():
        raise ValidationError("must be text with addresses, commas between them", field=name)
    found = [address for address in _QUOTED.sub("", text).split(",") if address.strip()]
    if not found:
        raise ValidationError("has no address; give at least one", field=name)
    for place, address in enumerate(found, 1):
        if "@" not in address and "{{" not in address:  # Liquid gives one later
            raise ValidationError(f"number {place} has no @ and is no address", field=name)
    return len(found)


def _mail_headers(text: Any) -> None:
    """Refuse what is no JSON text of a list of `{"name": ..., "value": ...}` (App catalogue, `sendEmail`)."""
    if text is None:
        return
    try:
        given: Any = values.decode(text.encode()) if isinstance(text, str) else None
    except ValidationError:
        given = None
    listed: Any = given if isinstance(cast("object", given), list) else [None]
    for each in listed:
        pair: Arguments = cast("Arguments", each) if isinstance(each, Mapping) else {}
        if pair.keys() != {"name", "value"} or not all(isinstance(part, str) for part in pair.values()):
            raise ValidationError(
                'must be JSON text, a list of {"name": ..., "value": ...}, both text', field="headers"
            )


def _attached(place: int, content: Any) -> int:
    if isinstance(content, str):
        try:
            return len(base64.b64decode(content, validate=True))
        except ValueError:
            pass
    text = f"number {place} is not base64 text; `attachments_from` makes it from a path"
    raise ValidationError(text, field="attachments")


def small_enough(total: int, limit: int) -> None:
    """Refuse attachments of more than `limit` bytes in all."""
    if total > limit:
        text = f"have {total:,} B in all, over the limit of {limit:,} B; send links instead"
        raise ValidationError(text, field="attachments")


def _listed(name: str, given: Any) -> Sequence[Any]:
    if not isinstance(given, list | tuple):
        raise ValidationError(f"must be a list, not {type(given).__name__}", field=name)
    return cast("Sequence[Any]", given)


def _short_enough(name: str, given: Any, most: int, way_out: str) -> None:
    count = len(_listed(name, given))
    if count > most:
        raise ValidationError(f"has {count:,} entries, over the limit of {most:,}; {way_out}", field=name)


def _fits(name: str, text: Any, most: int) -> None:
    if isinstance(text, str) and len(text) > most:
        raise ValidationError(f"has {len(text):,} characters, over the limit of {most:,}; shorten it", field=name)

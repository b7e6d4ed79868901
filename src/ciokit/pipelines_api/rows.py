"""From rows to messages, and batches measured and split by hand, for those who send them in their own way."""

from __future__ import annotations

import numbers
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Literal, TypeAlias, cast

from ciokit.errors import ValidationError
from ciokit.pipelines_api.messages import Message, derived_id
from ciokit.pipelines_api.packing import Chunk, Packer
from ciokit.pipelines_api.sending import with_id
from ciokit.report import BatchReport
from ciokit.settings import Limits, Settings

BatchType: TypeAlias = Literal["identify", "track", "page", "screen", "group"]

_COMMON = {
    "user_id": "userId",
    "anonymous_id": "anonymousId",
    "timestamp": "timestamp",
    "context": "context",
    "integrations": "integrations",
    "message_id": "messageId",
    "key": "key",
}
_COLUMNS: Mapping[str, Mapping[str, str]] = {
    "identify": {**_COMMON, "traits": "traits"},
    "track": {**_COMMON, "event": "event", "properties": "properties"},
    "page": {**_COMMON, "name": "name", "properties": "properties"},
    "screen": {**_COMMON, "name": "name", "properties": "properties"},
    "group": {**_COMMON, "group_id": "groupId", "traits": "traits"},
}
_IDS = ("userId", "anonymousId", "groupId", "messageId", "key")


def create_batch_operations(operation_type: BatchType, rows: Iterable[Mapping[str, Any]]) -> list[Message]:
    """Turn rows into messages for `send_batch`.

    A row has `user_id` or `anonymous_id`; for `identify` also `traits`, for `track` `event` and `properties`, for
    `page` and `screen` `name` and `properties`, for `group` `group_id` and `traits`; and for all of them `timestamp`,
    `context`, `integrations`, `message_id`, or `key` to derive the id from. Whole numbers as ids become text; a missing
    value (None, NaN, NA) counts as not given. Each message gets its id here.

    What a row says is judged when it is sent, so that one bad row holds up nothing (a bad `key` is told as its
    `messageId`). Raises `ValidationError` for what is a mistake in every row: an unknown type, a column the type does
    not have, `key` beside `message_id`, a row that is no dict.
    """
    columns = _COLUMNS.get(operation_type)
    if columns is None:
        raise ValidationError(f"must be one of {', '.join(_COLUMNS)}", field="operation_type")
    return [_message(operation_type, columns, row, place) for place, row in enumerate(rows)]


def _message(kind: str, columns: Mapping[str, str], row: Mapping[str, Any], place: int) -> Message:
    if not isinstance(row, Mapping):  # pyright: ignore[reportUnnecessaryIsInstance]  # rows come from untyped code
        raise ValidationError(f"is a {type(row).__name__}; a row is a dict", field=f"rows[{place}]")
    built: dict[str, Any] = {"type": kind}
    for column, value in row.items():
        name = columns.get(column)
        if name is None:
            raise ValidationError(
                f"is no column of {kind} rows; known are {', '.join(columns)}", field=f"rows[{place}].{column}"
            )
        if not _is_missing(value):
            built[name] = str(value) if name in _IDS and _is_whole(value) else value
    key = built.pop("key", None)
    if key is not None:
        if "messageId" in built:
            raise ValidationError("cannot stand beside `message_id`; give one", field=f"rows[{place}].key")
        built["messageId"] = _id_from(built, key)
    return with_id(cast("Message", built))


def _id_from(built: Mapping[str, Any], key: Any) -> Any:
    """Return the id a key gives; a key that is none is kept as the id, so that this one row is rejected for it."""
    try:
        return derived_id(built, key)
    except ValidationError:
        return key if not isinstance(key, str) or not key.strip() else None  # or the row is wrong elsewhere


def _is_missing(value: Any) -> bool:
    if value is None:
        return True
    if isinstance(value, str | Mapping | list | tuple):
        return False
    return type(value).__name__ in ("NAType", "NaTType") or (isinstance(value, numbers.Real) and value != value)  # noqa: PLR0124 - NaN


def _is_whole(value: Any) -> bool:
    return not isinstance(value, bool) and isinstance(value, numbers.Integral)


def validate_batch_size(operations: Sequence[Message], *, limits: Limits | None = None) -> int:
    """Return the exact bytes of one batch request of these messages; raise if the service would drop it.

    Raises `ValidationError` naming the item over `limits.call_bytes` or otherwise bad (as `batch[3].traits`), or
    `batch` when the whole is over `limits.batch_bytes`: see `split_oversized_batch`.
    """
    limits = limits or Limits()
    boundless = replace(limits, batch_bytes=sys.maxsize)
    total = sum(len(chunk.call().body) for chunk in _packed(operations, boundless))
    if total > limits.batch_bytes:
        raise ValidationError(
            f"is {total:,} B, over the limit of {limits.batch_bytes:,} B; use split_oversized_batch", field="batch"
        )
    return total


def split_oversized_batch(operations: Sequence[Message], *, limits: Limits | None = None) -> list[list[Message]]:
    """Split messages into lists that fit one request each, in order, measured on the exact wire bytes.

    Messages without an id get one, so that what is measured is what is sent. Raises `ValidationError` naming an item
    that is bad or too large by itself (as `batch[3].properties`).
    """
    given = cast("Sequence[object]", operations)  # the packer refuses what is no message, naming it
    complete = [with_id(cast("Message", one)) if isinstance(one, Mapping) else cast("Message", one) for one in given]
    return [[complete[place] for place in chunk.places] for chunk in _packed(complete, limits or Limits())]


def _packed(operations: Sequence[Message], limits: Limits) -> list[Chunk]:
    report = BatchReport()
    chunks = list(Packer(Settings(limits=limits), {}, report).chunks(operations))
    for verdict in report.problems():
        if verdict.status == "unknown":  # good, and not sent
            continue
        field = f"batch[{verdict.index}]" + (f".{verdict.field}" if verdict.field else "")
        raise ValidationError(verdict.reason, field=field)
    return chunks

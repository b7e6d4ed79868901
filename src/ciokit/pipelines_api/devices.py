"""Devices: the phones and tablets a person can be pushed to.

The device travels in the message's `context`, which a batch does not know for each item: in a batch, device messages
are sent one by one unless told otherwise (setting `item_context`). Source: facts, 3.7.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Unpack, get_args

from ciokit.errors import ValidationError
from ciokit.pipelines_api.messages import Message, Options, message, text
from ciokit.pipelines_api.operation import Operation
from ciokit.pipelines_api.semantic import operations
from ciokit.pipelines_api.semantic.operations import DeviceType


@Operation
def register_device(
    user_id: str,
    device_token: str,
    device_type: DeviceType | None = None,
    metadata: Mapping[str, Any] | None = None,
    **options: Unpack[Options],
) -> Message:
    """Add or update a person's device.

    `device_type` is `ios` or `android`. `metadata` says more of it, such as `{"model": "Pixel 9"}`; the vendor names
    `id`, `advertisingId`, `manufacturer`, `model`, `name` and `version`.
    """
    event = operations.device_created_or_updated.name
    return _device_message(event, user_id, device_token, device_type, options, metadata=metadata)


update_device = register_device


@Operation
def delete_device(
    user_id: str, device_token: str, device_type: DeviceType | None = None, **options: Unpack[Options]
) -> Message:
    """Remove a device from a person."""
    return _device_message(operations.device_deleted.name, user_id, device_token, device_type, options)


def _device_message(
    event: str,
    user_id: str,
    token: str,
    kind: DeviceType | None,
    options: Options,
    *,
    metadata: Mapping[str, Any] | None = None,
) -> Message:
    if kind is not None and kind not in get_args(DeviceType):
        raise ValidationError(f"must be one of {', '.join(get_args(DeviceType))}", field="device_type")
    device = {**(metadata or {}), "token": text(token, "device_token"), **({"type": kind} if kind else {})}
    around: Options = {**options, "context": {**(options.get("context") or {}), "device": device}}
    return message("track", user_id, {"event": event, "properties": {}}, around)

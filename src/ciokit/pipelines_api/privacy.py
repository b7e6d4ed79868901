"""The commands to Customer.io under the names of the events they are, for those who look for the event's name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Unpack, cast, get_args

from ciokit.errors import ValidationError
from ciokit.pipelines_api.devices import delete_device
from ciokit.pipelines_api.messages import Message, Options, text
from ciokit.pipelines_api.objects import delete_object, delete_relationship
from ciokit.pipelines_api.operation import Operation
from ciokit.pipelines_api.people import delete_user, suppress_user, unsuppress_user
from ciokit.pipelines_api.semantic import operations
from ciokit.pipelines_api.semantic.operations import DeliveryMetric, ReportDeliveryEvent

track_user_deleted = delete_user
track_user_suppressed = suppress_user
track_user_unsuppressed = unsuppress_user
track_device_deleted = delete_device
track_object_deleted = delete_object
track_relationship_deleted = delete_relationship

_ANYBODY = "ciokit"  # the service finds the person through the delivery; the API wants some identifier all the same


@Operation
def track_report_delivery_event(
    delivery_id: str,
    metric: DeliveryMetric,
    properties: Mapping[str, Any] | None = None,
    **options: Unpack[Options],
) -> Message:
    """Report what became of a delivery: `delivered`, `opened`, `clicked` or `converted`.

    `properties` may add `recipient`, `reason`, `actionValue` and `href`. Source: Pipelines spec,
    `report_delivery_event`.
    """
    if metric not in get_args(DeliveryMetric):
        raise ValidationError(f"must be one of {', '.join(get_args(DeliveryMetric))}", field="metric")
    given = {**(properties or {}), "deliveryId": text(delivery_id, "delivery_id"), "metric": metric}
    complete = cast("ReportDeliveryEvent", given)
    return operations.report_delivery_event.message(None, complete, anonymous_id=_ANYBODY, **options)

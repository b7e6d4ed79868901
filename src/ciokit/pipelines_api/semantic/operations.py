"""Semantic events that are commands to Customer.io: delete, suppress, unsuppress, report.

`objectTypeId` is a whole number here and text in a `group` message; "Delete Person" is a schema title, not an event
name. Sources: Pipelines spec, `components.schemas`; facts, section 3.1.
"""

from __future__ import annotations

from typing import Literal, Required, TypedDict

from ciokit.pipelines_api.semantic.event import NoProperties, event

DeviceType = Literal["ios", "android"]
DeliveryMetric = Literal["delivered", "clicked", "converted", "opened"]


class Device(TypedDict, total=False):
    """A phone or tablet, by the token its push service issued."""

    token: Required[str]
    type: DeviceType


class DeviceContext(TypedDict):
    """What the context of a device event has to hold."""

    device: Device


class RelationshipDeleted(TypedDict, total=False):
    """Properties of `Relationship Deleted`; `objectTypeId` is 1 where it is left out."""

    objectId: Required[str]
    objectTypeId: int


class ObjectDeleted(TypedDict, total=False):
    """Properties of `Object Deleted`; `objectTypeId` is 1 where it is left out."""

    objectId: str
    objectTypeId: int


class ReportDeliveryEvent(TypedDict, total=False):
    """Properties of `Report Delivery Event`."""

    deliveryId: str
    metric: DeliveryMetric
    recipient: str
    reason: str
    actionValue: str
    href: str


class ReportContentEvent(TypedDict, total=False):
    """Properties of `Report Content Event`; the specification requires an `activityType` it does not define."""

    actionType: Literal["viewed_content", "clicked_content"]
    contentId: int
    templateId: int


device_created_or_updated = event("Device Created or Updated", NoProperties, context=DeviceContext)
device_deleted = event("Device Deleted", NoProperties, context=DeviceContext)
user_deleted = event("User Deleted", NoProperties)
user_suppressed = event("User Suppressed", NoProperties)
user_unsuppressed = event("User Unsuppressed", NoProperties)
relationship_deleted = event("Relationship Deleted", RelationshipDeleted)
object_deleted = event("Object Deleted", ObjectDeleted)
report_delivery_event = event("Report Delivery Event", ReportDeliveryEvent)
report_content_event = event("Report Content Event", ReportContentEvent)

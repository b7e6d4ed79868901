"""What became of a message: metrics that other channels report, and unsubscribing from a delivery."""

from __future__ import annotations

from typing import Any, Literal

from ciokit.core.endpoint import Field, Group, Path, S, endpoint
from ciokit.core.retry import Retry
from ciokit.track_api import arguments
from ciokit.track_api.arguments import UnixTime

Metric = Literal["bounced", "clicked", "converted", "deferred", "delivered", "dropped", "opened", "spammed"]
"""What can happen to a delivery; which of these a channel has is said at `report`."""

PushMetric = Literal["opened", "converted", "delivered"]
"""What can happen to a push notification on a device."""


def _subscription(given: dict[str, Any]) -> None:
    given.setdefault("unsubscribe", True)


class Deliveries(Group[S]):
    """Deliveries, by the id that a message carries as `CIO-Delivery-ID`."""

    @endpoint("track", "POST", "/api/v1/metrics", retry=Retry.NEVER, docs="metrics", prepare=arguments.moment)
    def report(
        self,
        delivery_id: Field[str],
        metric: Field[Metric],
        *,
        timestamp: Field[UnixTime | None] = None,
        recipient: Field[str | int | None] = None,
        reason: Field[str | None] = None,
        href: Field[str | None] = None,
    ) -> None:
        """Report what became of a delivery that Customer.io cannot see itself.

        E-mail and webhooks have every metric; in-app messages have `clicked`, `converted` and `opened`; push has
        `converted`, `delivered` and `opened`, Slack `clicked` besides; SMS has `bounced`, `clicked`, `delivered` and
        `opened`. Not sent again after a lost answer: it could count twice.

        Args:
            delivery_id: which delivery.
            metric: what happened.
            timestamp: when, in Unix seconds or as an aware datetime; left out it is now.
            recipient: the address, phone number or device token it went to.
            reason: why it failed.
            href: the link that was clicked.
        """
        ...

    @endpoint("track", "POST", "/api/v1/push/events", retry=Retry.NEVER, docs="pushMetrics", prepare=arguments.moment)
    def report_push(
        self,
        *,
        delivery_id: Field[str | None] = None,
        event: Field[PushMetric | None] = None,
        device_id: Field[str | None] = None,
        timestamp: Field[UnixTime | None] = None,
    ) -> None:
        """Report what became of a push notification; deprecated by the vendor in favour of `report`.

        Args:
            delivery_id: which delivery.
            event: what happened.
            device_id: the token of the device.
            timestamp: when, in Unix seconds or as an aware datetime.
        """
        ...

    @endpoint(
        "track", "POST", "/unsubscribe/{delivery_id}", retry=Retry.SAFE, docs="unsubscribe", prepare=_subscription
    )
    def unsubscribe(self, delivery_id: Path[str], *, unsubscribe: Field[bool] = True) -> None:
        """Unsubscribe whoever got a delivery from everything, and remember which delivery it was because of.

        For unsubscribe pages of your own. Attributes and topics of a subscription centre stay as they are.
        """
        ...

"""What must and must not type-check when semantic events are recorded. Never executed: mypy and pyright read it."""
# pyright: reportUnnecessaryTypeIgnoreComment=true

from __future__ import annotations

from collections.abc import Coroutine
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, assert_type

import ciokit
from ciokit import (
    AsyncCustomerIOClient,
    CustomerIOClient,
    Message,
    Receipt,
    ecommerce,
    email,
    experiments,
    live_chat,
    mobile,
    operations,
    video,
)
from ciokit.pipelines_api.semantic.ecommerce import OrderCompleted, Product
from ciokit.pipelines_api.semantic.event import SemanticEvent, event


def right(client: CustomerIOClient, async_client: AsyncCustomerIOClient) -> None:
    """Each group, with either client and unsent."""
    assert_type(ecommerce.order_completed, SemanticEvent[OrderCompleted])
    assert_type(ecommerce.order_completed(client, "u1", {"order_id": "o1", "total": 9.5}), Receipt)
    pending = ecommerce.order_completed(async_client, "u1", {"total": Decimal("9.50")})
    _ = assert_type(pending, Coroutine[Any, Any, Receipt])
    assert_type(ecommerce.order_completed.message("u1", {"total": 9}, check="warn"), Message)
    ecommerce.order_completed(client, "u1", {"products": [{"product_id": "p1", "price": 9.5, "quantity": 2}]})
    ecommerce.order_completed(client, None, anonymous_id="a1", timestamp=datetime.now(UTC), context={"ip": "::1"})
    email.email_opened(client, "u1", {"email_id": "e1"})
    email.email_link_clicked(client, "u1", {"link_url": "https://example.com"})
    experiments.experiment_viewed(client, "u1", {"variation_id": "b"})
    live_chat.live_chat_message_sent(client, "u1", {"conversation_duration": 60})
    mobile.application_crashed(client, "u1")
    operations.device_deleted(client, "u1", context={"device": {"token": "t"}})
    video.video_playback_paused(client, "u1", {"ad_type": "mid-roll"})
    video.video_content_started(client, "u1", {"airdate": datetime.now(UTC), "keywords": ["a"]})
    video.video_content_started(client, "u1", {"airdate": "2026-01-31T09:30:00Z"})


def built(client: CustomerIOClient) -> None:
    """Properties can be put together step by step."""
    product: Product = {"product_id": "p1"}
    product["quantity"] = 2
    product["quantity"] = 2.5  # type: ignore[typeddict-item]
    order: OrderCompleted = {"products": [product]}
    order["totl"] = 1  # type: ignore[typeddict-unknown-key]
    ecommerce.order_refunded(client, "u1", order)
    ecommerce.order_completed(client, "u1", {"products": [product]})


def wrong_name(client: CustomerIOClient, async_client: AsyncCustomerIOClient) -> None:
    """A property that the event does not have."""
    ecommerce.order_completed(client, "u1", {"totl": 9.5})  # type: ignore[call-overload]
    ecommerce.order_completed(async_client, "u1", {"totl": 9.5})  # type: ignore[call-overload]
    ecommerce.order_completed(client, "u1", {"products": [{"prize": 9.5}]})  # type: ignore[call-overload]
    ecommerce.cart_shared(client, "u1", {"products": [{"price": 9.5}]})  # type: ignore[call-overload]
    ecommerce.order_completed.message("u1", {"totl": 9.5})  # type: ignore[arg-type]
    mobile.application_crashed(client, "u1", {"reason": "memory"})  # type: ignore[call-overload]


def wrong_type(client: CustomerIOClient) -> None:
    """A property of another type, or one that is required and absent."""
    ecommerce.order_completed(client, "u1", {"total": "9.50"})  # type: ignore[call-overload]
    ecommerce.order_completed(client, "u1", {"products": [{"price": "9.50"}]})  # type: ignore[call-overload]
    ecommerce.product_reviewed(client, "u1", {"rating": 4.5})  # type: ignore[call-overload]
    ecommerce.promotion_viewed(client, "u1", {"position": 1})  # type: ignore[call-overload]
    ecommerce.order_completed.message("u1", {"total": "9.50"})  # type: ignore[arg-type]
    email.email_opened(client, "u1", {"campaign_id": "c1"})  # type: ignore[call-overload]
    operations.object_deleted(client, "u1", {"objectTypeId": "1"})  # type: ignore[call-overload]
    operations.report_delivery_event(client, "u1", {"metric": "seen"})  # type: ignore[call-overload]
    video.video_playback_paused(client, "u1", {"ad_type": "preroll"})  # type: ignore[call-overload]
    video.video_content_started(client, "u1", {"airdate": 1769851800})  # type: ignore[call-overload]


def wrong_call(client: CustomerIOClient) -> None:
    """An id that is no text, an unknown option or check, and an event that does not exist."""
    ecommerce.order_completed(client, 1)  # type: ignore[call-overload]
    ecommerce.order_completed(client, "u1", {}, sent_at="now")  # type: ignore[call-overload]
    ecommerce.order_completed.message("u1", check="loud")  # type: ignore[arg-type]
    ecommerce.order_complete(client, "u1")  # type: ignore[attr-defined]
    event("Mine", int)  # type: ignore[type-var]


async def chosen_at_run_time(client: CustomerIOClient, async_client: AsyncCustomerIOClient) -> None:
    """The functions that take the event's name, with either client and unsent."""
    assert_type(ciokit.track_ecommerce_event(client, "u1", "Order Completed", {"total": 9.5}), Receipt)
    assert_type(await ciokit.track_video_event(async_client, None, "video_ad_started", anonymous_id="a1"), Receipt)
    assert_type(ciokit.track_email_event.message("u1", "email_opened", {"email_id": "e1"}, check="off"), Message)
    ciokit.track_mobile_event(client, "u1")  # type: ignore[call-overload]
    ciokit.track_live_chat_event(client, "u1", 7)  # type: ignore[call-overload]
    ciokit.track_experiment_event.message("u1", "experiment_viewed", ["b"])  # type: ignore[arg-type]

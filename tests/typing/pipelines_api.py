"""Never executed: what must and must not type-check of the Data Pipelines API."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import assert_type

import ciokit
from ciokit import AsyncCustomerIOClient, BatchReport, CustomerIOClient, Message, Receipt, Verdict

client = CustomerIOClient("key", "eu", timeout=3.0)
async_client = AsyncCustomerIOClient("key", region="us")

assert_type(client.identify("u1", {"plan": "pro"}), Receipt)
assert_type(ciokit.identify_user(client, "u1"), Receipt)
assert_type(ciokit.identify_user.message("u1"), Message)
assert_type(ciokit.track_event(client, None, "Seen", anonymous_id="a1", timestamp=datetime.now(UTC)), Receipt)
assert_type(ciokit.register_device(client, "u1", "token", "ios"), Receipt)
assert_type(client.group("u1", "acme", object_type_id=2), Receipt)
assert_type(client.batch([ciokit.track_event.message("u1", "E")]), BatchReport)
assert_type(ciokit.send_batch(client, [{"type": "page", "userId": "u1"}]), BatchReport)
assert_type(client.batch([])[0], Verdict)
assert_type(client.batch([])[1:], list[Verdict])
assert_type(ciokit.create_batch_operations("track", [{"user_id": "u1"}]), list[Message])


async def awaitable() -> None:
    """The same operations with the other client, awaited."""
    assert_type(await async_client.identify("u1"), Receipt)
    assert_type(await ciokit.identify_user(async_client, "u1"), Receipt)
    assert_type(await ciokit.send_batch(async_client, []), BatchReport)
    async_client.identify("u1")  # type: ignore[unused-coroutine]  # pyright: ignore[reportUnusedCoroutine]


client.track("u1")  # type: ignore[call-arg]
client.track(1, "Bought")  # type: ignore[arg-type]
client.identify("u1", ["not", "a", "mapping"])  # type: ignore[arg-type]
client.track("u1", "Bought", timestmp="2026-01-01T00:00:00Z")  # type: ignore[call-arg]
client.track("u1", "Bought", timestamp=1767225600)  # type: ignore[arg-type]
client.delete("u1", anonymous_id="a1")  # type: ignore[call-arg]
ciokit.delete_user(client, "u1", anonymous_id="a1")  # type: ignore[call-overload]
ciokit.register_device(client, "u1", "token", "windows")  # type: ignore[call-overload]
ciokit.create_batch_operations("alias", [])  # type: ignore[arg-type]
ciokit.send_batch("not a client", [])  # type: ignore[call-overload]
client.batch([{"type": "purchase", "userId": "u1"}])  # type: ignore[typeddict-item]
CustomerIOClient("key", "asia")  # type: ignore[arg-type]
CustomerIOClient("key", timout=3.0)  # type: ignore[call-arg]

"""What PyPI `async-customerio` can do, against an emulator: `python ... HOST PORT`; prints what came back."""

from __future__ import annotations

import asyncio
import json
import sys

from async_customerio import AsyncAPIClient, AsyncCustomerIO, AsyncCustomerIOError, SendEmailRequest

host, port = sys.argv[1], int(sys.argv[2])


async def main() -> None:
    """Use both clients."""
    async with (
        AsyncCustomerIO("site", "key", host=host, port=port) as track,
        AsyncAPIClient("key", url=f"https://{host}:{port}") as api,
    ):
        for number in range(5):
            await track.identify(f"u{number}", email=f"u{number}@example.com", plan="pro")
            await track.track(f"u{number}", "Order Completed", total=12.5)
        await track.pageview("u0", "https://example.com/", referrer="x")
        await track.track_anonymous("visitor", "Looked", page="/")
        await track.backfill("u0", "Signed Up", 1_700_000_000, source="import")
        await track.add_device("u0", "token", "ios", last_used=1_700_000_000)
        await track.delete_device("u0", "token")
        await track.merge_customers("id", "u0", "id", "u1")
        await track.suppress("u2")
        await track.unsuppress("u2")
        await track.delete("u3")
        batch = [{"type": "person", "action": "identify", "identifiers": {"id": "u9"}, "attributes": {"plan": "free"}}]
        await track.v2.send_batch(batch)
        mail = {"transactional_message_id": 1, "identifiers": {"id": "u4"}, "message_data": {"name": "Ann"}}
        sent = await api.send_email(SendEmailRequest(to="u4@example.com", **mail))
        found = await api.customers.get_by_email("u4@example.com")
        try:
            await api.send_email(SendEmailRequest(to="u4@example.com", **{**mail, "transactional_message_id": 99}))
            refused = ""
        except AsyncCustomerIOError as error:
            refused = "400" if "400" in str(error) else str(error)
    print(json.dumps({"sent": sorted(sent), "refused": refused, "found": [row["id"] for row in found["results"]]}))


asyncio.run(main())

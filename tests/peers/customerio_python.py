"""What PyPI `customerio` can do, against an emulator: `python ... HOST PORT`; prints what came back."""

from __future__ import annotations

import json
import sys

from customerio import APIClient, CustomerIO, CustomerIOException, SendEmailRequest

host, port = sys.argv[1], int(sys.argv[2])
with CustomerIO("site", "key", host=host, port=port) as track, APIClient("key", url=f"https://{host}:{port}") as api:
    for number in range(5):
        track.identify(f"u{number}", email=f"u{number}@example.com", plan="pro")
        track.track(f"u{number}", "Order Completed", {"total": 12.5})
    track.pageview("u0", "https://example.com/", referrer="x")
    track.track_anonymous("visitor", "Looked", {"page": "/"})
    track.backfill("u0", "Signed Up", 1_700_000_000, source="import")
    track.add_device("u0", "token", "ios", last_used=1_700_000_000)
    track.delete_device("u0", "token")
    track.merge_customers("id", "u0", "id", "u1")
    track.suppress("u2")
    track.unsuppress("u2")
    track.delete("u3")
    batch = [{"type": "person", "action": "identify", "identifiers": {"id": "u9"}, "attributes": {"plan": "free"}}]
    track.batch(batch)
    mail = SendEmailRequest(
        to="u4@example.com", transactional_message_id=1, identifiers={"id": "u4"}, message_data={"name": "Ann"}
    )
    mail.attach("a.txt", "hello")
    sent = api.send_email(mail)
    try:
        api.send_email(SendEmailRequest(to="u4@example.com", transactional_message_id=99, identifiers={"id": "u4"}))
        refused = ""
    except CustomerIOException as error:
        refused = str(error)[:3]
print(json.dumps({"sent": sorted(sent), "refused": refused}))

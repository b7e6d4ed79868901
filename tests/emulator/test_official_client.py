"""The vendor's own client, unmodified, talks to the emulator as it does to the service."""

from __future__ import annotations

import subprocess
import sys

from ciokit import AppClient
from ciokit.emulator.app import Emulator
from ciokit.emulator.server import EmulatorServer

SCRIPT = """
import sys
from customerio.analytics.client import Client

client = Client("any-key", host=sys.argv[1], thread=1)
for n in range(25):
    client.identify(f"u{n}", {"email": f"u{n}@example.com", "plan": "pro"})
    client.track(f"u{n}", "Order Completed", {"order_id": n, "total": 12.5})
client.group("u1", "acme", {"name": "Acme", "object_type_id": "1"})
client.flush()
client.join()
"""


def test_people_events_and_groups_of_the_official_client_are_read_back() -> None:
    """What customerio-cdp-analytics sends over a real socket is there for the App API."""
    emulator = Emulator()
    with EmulatorServer(emulator) as server:
        ran = subprocess.run(
            [sys.executable, "-c", SCRIPT, server.base_url], check=False, capture_output=True, text=True, timeout=40
        )
        assert ran.returncode == 0, ran.stderr
        with AppClient("any-key", base_url=server.base_url) as app:
            person = app.customers.attributes("u7")["customer"]
            events = list(app.customers.activities("u7", type="event"))
            relationships = list(app.customers.relationships("u1"))
            acme = app.objects.attributes(1, "acme")["object"]
    assert person["attributes"]["plan"] == "pro"
    assert person["attributes"]["email"] == "u7@example.com"
    assert [row.get("name") for row in events] == ["Order Completed"]
    assert len(relationships) == 1
    assert acme["attributes"]["name"] == "Acme"

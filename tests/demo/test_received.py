"""The demo's campaigns: what was received is in the tables, and any difference from what was sent is told."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from deltalake import DeltaTable, write_deltalake

from ciokit import AppClient, Limits, Rate, Settings
from ciokit.emulator.app import Emulator
from ciokit.emulator.server import EmulatorServer
from demo import campaigns, received
from demo.emulator import Control
from demo.journey import Journey
from demo.progress import Meter
from demo.verify import Check

pytestmark = pytest.mark.timeout(120)
RATES = {**Limits().rates, "app": Rate(1_000, 1.0), "app_broadcast": Rate(1, 0.001)}


@pytest.fixture(scope="module")
def journey() -> Journey:
    """Some households of the data set, among them one that gets several campaigns."""
    return Journey(5, seed=1)


@contextmanager
def _mailed(journey: Journey, folder: Path, *, crash: bool = False) -> Iterator[Callable[[], dict[str, Check]]]:
    """Mail the campaigns of a journey and receive what becomes of them; give what compares it with the tables."""
    with Emulator(key="demo") as emulator, EmulatorServer(emulator) as server, Meter() as meter:
        settings = Settings(app_api_key="demo", base_url=server.base_url, limits=Limits(rates=RATES))
        with AppClient(settings=settings) as app, Control(server.base_url) as control:
            emulator.seed(list(journey.people()))
            campaigns.prepare(journey, control)
            with received.receiving(folder, app, control) as receiver:
                asked = campaigns.send(journey, app, control, meter)
                if crash:
                    receiver.kill()
                    receiver.start()
                taken = received.settle(control, meter)
            receiver.commit()
            # The mails are those that the data set asks for, and no webhook is left behind.
            assert asked == journey.received.num_rows
            assert control.webhooks()["webhooks"] == []
            yield lambda: {check.what: check for check in received.compare(journey, receiver, app, taken, meter)}


def _mismatches(checks: dict[str, Check]) -> dict[str, int]:
    return {what: check.mismatches for what, check in checks.items() if check.mismatches}


def test_a_killed_receiver_loses_nothing(journey: Journey, tmp_path: Path) -> None:
    """Killed while webhooks come and started again, it has every mail and all that became of it, once."""
    with _mailed(journey, tmp_path, crash=True) as compared:
        checks = compared()
    assert _mismatches(checks) == {}
    assert checks["campaign mails in the tables"].found == journey.received.num_rows
    assert checks["what became of each mail"].found > journey.received.num_rows


def test_a_difference_in_the_tables_is_told(journey: Journey, tmp_path: Path) -> None:
    """An event that is missing or twice in the raw table, and one or all of a mail in the typed one, are told."""
    with _mailed(journey, tmp_path) as compared:
        assert _mismatches(compared()) == {}
        raw, mails = (DeltaTable(f"{tmp_path}/tables/webhook_{name}_events") for name in ("raw", "email"))
        first = raw.scan(columns=["event_id"]).read_all().column("event_id")[0].as_py()
        row = raw.scan(predicate=f"event_id = '{first}'").read_all()
        write_deltalake(raw, row, mode="append")
        assert _mismatches(compared()) == {"webhooks in the tables": 1, "webhooks stored twice": 1}
        raw.delete(f"event_id = '{first}'")
        assert _mismatches(compared()) == {"webhooks in the tables": 1}
        delivery = mails.scan(columns=["delivery_id"], predicate="metric = 'delivered'").read_all()["delivery_id"][0]
        mails.delete(f"delivery_id = '{delivery.as_py()}' AND metric = 'delivered'")
        assert _mismatches(compared()) == {"webhooks in the tables": 1, "what became of each mail": 1}
        mails.delete(f"delivery_id = '{delivery.as_py()}'")
        told = _mismatches(compared())
        assert told["campaign mails in the tables"] == 1
        assert told["what became of each mail"] > 1

"""The demo: baskets become messages without loss, and a run from end to end says truthfully whether all arrived."""

from __future__ import annotations

import re
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ciokit import AppClient, values
from ciokit.emulator.app import Emulator
from ciokit.emulator.server import EmulatorServer
from demo.journey import ORDER, ORDER_PART, Basket, Journey, order_messages
from demo.verify import Check

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.timeout(220)  # of two whole runs, where other tests run beside them
AT = datetime(2017, 1, 1, 11, 53, 26, tzinfo=UTC)
CALL_BYTES = 2_000

lines = st.fixed_dictionaries(
    {
        "product_id": st.integers(1, 10**8).map(str),
        "name": st.text(max_size=60),
        "sales_value": st.integers(0, 10**5).map(lambda cents: cents / 100),
    },
    optional={"retail_disc": st.integers(1, 10**4).map(lambda cents: cents / 100)},
)


def _basket(bought: list[dict[str, object]]) -> Basket:
    return Basket(31198570044, 900, 330, 1, AT, bought)


def _demo(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "demo", "--read-rate", "500", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=100, check=False)


def _counted(report: str, what: str) -> int:
    found = re.search(rf"([\d,]+) {what}", report)
    assert found, report
    return int(found[1].replace(",", ""))


@given(st.lists(lines, min_size=1, max_size=80))
def test_a_basket_of_any_size_is_split_without_loss(bought: list[dict[str, object]]) -> None:
    """The messages of a basket fit the limit and carry every line once, in order, whatever its size."""
    messages = order_messages(_basket(bought), CALL_BYTES)
    assert [line for message in messages for line in message["properties"]["products"]] == bought
    assert max(len(values.encode(message)) for message in messages) <= CALL_BYTES
    assert [message["event"] for message in messages] == [ORDER] + [ORDER_PART] * (len(messages) - 1)
    assert len({message["messageId"] for message in messages}) == len(messages)


def test_parts_of_a_basket_say_what_they_are_part_of() -> None:
    """Parts share the order and count themselves; the whole basket's total stands in the first."""
    bought = [{"product_id": str(number), "sales_value": 0.1, "coupon_disc": 0.01} for number in range(100)]
    messages = order_messages(_basket(bought), CALL_BYTES)
    properties = [message["properties"] for message in messages]
    assert [each["part"] for each in properties] == list(range(1, len(messages) + 1))
    assert {each["parts"] for each in properties} == {len(messages)}
    assert {each["order_id"] for each in properties} == {"31198570044"}
    assert [(each.get("total"), each.get("discount")) for each in properties] == [(10.0, 1.0)] + [(None, None)] * (
        len(messages) - 1
    )


def test_a_basket_that_fits_is_one_message_with_a_lasting_id() -> None:
    """A basket that fits says nothing of parts, is back-dated in UTC, and has the same id each time it is made."""
    (message,) = order_messages(_basket([{"product_id": "1", "sales_value": 0.5}]), CALL_BYTES)
    assert "part" not in message["properties"]
    assert (message["userId"], message["timestamp"]) == ("900", "2017-01-01T11:53:26Z")
    assert message == order_messages(_basket([{"product_id": "1", "sales_value": 0.5}]), CALL_BYTES)[0]


def test_a_small_journey_has_a_basket_over_the_limit() -> None:
    """Whatever the seed, some households include the one whose basket is over the limit of the service."""
    journey = Journey(3, seed=7)
    orders = list(journey.orders(32_000))
    assert len(journey.households) == 3
    assert len(orders) == journey.baskets + 1
    assert sum(len(order["properties"]["products"]) for order in orders) == journey.transactions.num_rows


def test_a_comparison_counts_what_has_no_equal() -> None:
    """What is missing, what is too much and what came twice are mismatches, each once."""
    assert Check.of("rows", ["a", "b", "c"], ["b", "b", "d"]) == Check("rows", 3, 3, 4)
    assert Check.sum([Check("rows", 3, 3, 4), Check("rows", 1, 2, 1)]) == Check("rows", 4, 5, 5)


def test_a_run_arrives_whole() -> None:
    """Sent to an emulator of its own and read back, nothing differs; the split basket is told."""
    run = _demo("--households", "50", "--sample", "50")
    assert run.returncode == 0, run.stdout + run.stderr
    assert _counted(run.stdout, "mismatches") == 0
    assert _counted(run.stdout, "accepted") > 2_000
    assert _counted(run.stdout, "rejected") == 0
    assert _counted(run.stdout, "basket over 32,000 bytes") == 1
    assert _counted(run.stdout, "mails:") > 50
    assert re.search(r"sending orders: .* of .*/s, .* rejected", run.stderr)


def test_a_run_survives_a_pulled_cable() -> None:
    """With every third connection reset and every fifth answer lost after the commit, all arrives, and once."""
    run = _demo("--households", "50", "--sample", "50", "--faults")
    assert run.returncode == 0, run.stdout + run.stderr
    assert _counted(run.stdout, "mismatches") == 0
    assert _counted(run.stdout, "retries") > 0
    assert _counted(run.stdout, "messages came again") > 0


def test_a_second_run_adds_nothing() -> None:
    """All of it sent again to the same world is recognised, and the comparison still holds."""
    with EmulatorServer(Emulator()) as server:
        first = _demo("--households", "5", "--base-url", server.base_url)
        second = _demo("--households", "5", "--base-url", server.base_url)
    assert (first.returncode, second.returncode) == (0, 0), second.stdout + second.stderr
    assert _counted(second.stdout, "messages came again") == _counted(second.stdout, "accepted")


def test_a_difference_is_told_and_fails_the_run() -> None:
    """A line item that differs from the Parquet is a mismatch, and the run ends with 1."""
    with EmulatorServer(Emulator()) as server:
        journey = Journey(5, seed=1)
        order = next(journey.orders(32_000))
        first = order["properties"]["products"][0]
        changed = {**order, "properties": {**order["properties"], "products": [{**first, "sales_value": 1_000_000.0}]}}
        httpx2.post(f"{server.control_url}/seed", json=[changed], trust_env=False).raise_for_status()
        run = _demo("--households", "5", "--seed", "1", "--base-url", server.base_url)
    assert run.returncode == 1, run.stdout + run.stderr
    assert _counted(run.stdout, "mismatches") > 0


def test_run_that_breaks_off_leaves_no_webhook_behind() -> None:
    """On an emulator that goes on, nobody is to be sent webhooks after a campaign that could not be triggered."""
    fault = {"route": "POST /v1/campaigns/*/triggers", "status": 401}
    with EmulatorServer(Emulator()) as server, AppClient("key", base_url=server.base_url) as app:
        httpx2.post(f"{server.control_url}/faults", json=fault, trust_env=False).raise_for_status()
        run = _demo("--households", "5", "--base-url", server.base_url)
        assert run.returncode == 2, run.stdout + run.stderr
        assert app.reporting_webhooks.find()["reporting_webhooks"] == []
    assert "Traceback" not in run.stderr


@pytest.mark.parametrize("arguments", [("--base-url", "http://127.0.0.1:9"), ("--base-url", "not-a-url")])
def test_nothing_is_sent_to_what_is_no_emulator(arguments: tuple[str, ...]) -> None:
    """An address where no emulator answers ends the run with 2 and one sentence, before anything is sent."""
    run = _demo(*arguments)
    assert run.returncode == 2
    assert "no emulator answers" in run.stderr
    assert "Traceback" not in run.stderr

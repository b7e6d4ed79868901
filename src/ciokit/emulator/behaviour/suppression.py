"""Opt-outs from senders of text messages, and addresses the e-mail provider suppresses.

[inferred]: an address suppressed over the API is suppressed for every sending domain of the workspace; those are the
domains of its senders. Suppressing twice keeps the first.
"""

from __future__ import annotations

import re
from typing import Any, Literal, cast

from ciokit.app_api.suppression import (
    EspSuppression,
    OptOut,
    OptOutAnswer,
    OptOutChange,
    OptOuts,
    OptOutsOfPerson,
    Suppression,
    SuppressionAnswer,
    SuppressionType,
)
from ciokit.app_api.types import IdType
from ciokit.core.endpoint import Page
from ciokit.emulator.behaviour import lookup, paging
from ciokit.emulator.holdings import Suppressed
from ciokit.emulator.ledger import Taken
from ciokit.emulator.routing import ApiFault, PageBeside, on
from ciokit.emulator.world import World

# E.164, an alphanumeric sender id, or the SID of a messaging service.
_SENDER = re.compile(r"\+[1-9]\d{1,14}|[A-Za-z0-9 ]{1,11}|[A-Z]{2}[0-9a-f]{32}")
_CATEGORIES: dict[SuppressionType, Literal["bounces", "spam"]] = {"bounces": "bounces", "spam_reports": "spam"}
_MOST = 1000


@on(OptOuts.find)
def find_opt_outs(
    world: World, *, from_: str | None = None, start: str | None = None, limit: int = 100
) -> Page[OptOutsOfPerson]:
    """Answer with the people who opted out, in order of creation."""
    rows: list[OptOutsOfPerson] = []
    for cio_id in sorted(world.held.opt_outs):
        person = world.people.get(cio_id)
        found = [each for each in _opt_outs(world, cio_id) if from_ is None or each["from"] == from_]
        if person is not None and found:
            rows.append({"customer_id": person.id or "", "cio_id": cio_id, "optouts": found})
    rest = paging.after(rows, start, lambda row: row["cio_id"])
    shown = list(rest[: paging.size(limit, 100, _MOST)])
    return Page(shown, shown[-1]["cio_id"] if len(shown) < len(rest) else None)


@on(OptOuts.get)
def get_opt_outs(world: World, customer_id: str, *, id_type: IdType = "id") -> OptOutAnswer:
    """Answer with the senders one person opted out of."""
    return {"optouts": _opt_outs(world, lookup.known_person(world, customer_id, id_type).cio_id)}


@on(OptOuts.update)
def update_opt_outs(world: World, customer_id: str, optouts: list[OptOutChange], *, id_type: IdType = "id") -> None:
    """Turn senders off and on for a person: all of them, or none where one is malformed."""
    person = lookup.known_person(world, customer_id, id_type)
    for place, change in enumerate(optouts):
        if not _SENDER.fullmatch(change["from"]):
            raise ApiFault(400, f"optouts[{place}].from: is no number, sender id or SID")

    def happen() -> None:
        held = world.held.opt_outs.setdefault(person.cio_id, [])
        for change in optouts:
            sender = (change.get("channel", "sms"), change["from"])
            if change["optout"] and sender not in held:
                held.append(sender)
            elif not change["optout"] and sender in held:
                held.remove(sender)

    world.taken.append(Taken("", happen))


@on(EspSuppression.get)
def get_suppression(world: World, email_address: str) -> SuppressionAnswer:
    """Answer with every reason an address is suppressed for; `category` is that of the first."""
    folded = email_address.strip().lower()
    found = [(kind, each) for (kind, email), each in world.held.suppressions.items() if email == folded]
    answer: SuppressionAnswer = {"suppressions": [_shown(each) for _, each in found]}
    if found and found[0][0] in _CATEGORIES:
        answer["category"] = _CATEGORIES[found[0][0]]
    return answer


@on(EspSuppression.find)
def find_suppressions(
    world: World, suppression_type: SuppressionType, *, domain: str | None = None, offset: int = 0, limit: int = 100
) -> Page[Suppression]:
    """Answer with the addresses suppressed for a reason, in the order they were."""
    if offset < 0:
        raise ApiFault(400, "offset: must be 0 or more")
    rows = _suppressions(world, suppression_type, domain)
    end = offset + paging.size(limit, 100, _MOST)
    return PageBeside([_shown(each) for each in rows[offset:end]], None, _category(suppression_type))


@on(EspSuppression.find_of_domain)
def find_suppressions_of_domain(
    world: World,
    domain_name: str,
    suppression_type: SuppressionType,
    *,
    email: str | None = None,
    start: str | None = None,
    limit: int = 100,
) -> Page[Suppression]:
    """Answer with the addresses suppressed for a reason and a sending domain."""
    rows = _suppressions(world, suppression_type, domain_name)
    if email is not None:
        rows = [each for each in rows if each.email.lower() == email.strip().lower()]
    page = paging.cut(rows, start, limit, _shown, default=100, most=_MOST)
    return PageBeside(page.rows, page.next, _category(suppression_type))


@on(EspSuppression.create)
def create(world: World, suppression_type: SuppressionType, email_address: str) -> dict[str, Any]:
    """Suppress an address."""
    email = email_address.strip()
    if not re.fullmatch(r"[^@\s]+@[^@\s]+", email):
        raise ApiFault(400, "email_address: is no e-mail address")
    suppressed = Suppressed(email, "suppressed through the API", world.now)

    def happen() -> None:
        world.held.suppressions.setdefault((suppression_type, email.lower()), suppressed)

    world.taken.append(Taken("", happen))
    return {}


@on(EspSuppression.delete)
def delete(world: World, suppression_type: SuppressionType, email_address: str) -> None:
    """Lift a suppression; one that is not there is no fault (no 404 is documented)."""

    def happen() -> None:
        world.held.suppressions.pop((suppression_type, email_address.strip().lower()), None)

    world.taken.append(Taken("", happen))


def _opt_outs(world: World, cio_id: str) -> list[OptOut]:
    held = world.held.opt_outs.get(cio_id, [])
    return [{"channel": cast("Literal['sms', 'whatsapp']", channel), "from": sender} for channel, sender in held]


def _suppressions(world: World, kind: SuppressionType, domain: str | None) -> list[Suppressed]:
    domains = {sender.get("email", "").rpartition("@")[2].lower() for sender in world.held.senders.values()}
    if domain is not None and domain.lower() not in domains:
        return []
    return [each for (own, _), each in world.held.suppressions.items() if own == kind]


def _category(kind: SuppressionType) -> dict[str, str]:
    return {"category": _CATEGORIES[kind]} if kind in _CATEGORIES else {}


def _shown(each: Suppressed) -> Suppression:
    return {"created": each.since, "email": each.email, "reason": each.reason, "status": "550"}

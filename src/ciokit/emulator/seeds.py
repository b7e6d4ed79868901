"""A world to start from: messages in wire form, people, segments and settings, put in at once or not at all.

```json
{"people": [{"id": "u1", "email": "ann@example.com", "attributes": {"plan": "pro"}}],
 "messages": [{"type": "track", "userId": "u1", "event": "Signed Up"}],
 "segments": [{"id": 7, "name": "Pilots", "people": ["u1"]}]}
```
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NotRequired, TypedDict, cast

from ciokit.app_api.senders import Sender
from ciokit.emulator import rules, seed_messaging
from ciokit.emulator.changes.applying import apply
from ciokit.emulator.changes.common import Item
from ciokit.emulator.seed_messaging import SeedMessaging
from ciokit.emulator.shapes import misfit
from ciokit.emulator.sizes import compact
from ciokit.emulator.world import Segment, World
from ciokit.errors import ValidationError


class SeedPerson(TypedDict):
    """Somebody to start with; `id` or `email` is needed."""

    id: NotRequired[str]
    email: NotRequired[str]
    attributes: NotRequired[dict[str, Any]]


class SeedSegment(TypedDict):
    """A manual segment; `people` are ids or e-mail addresses, in the seed or in the world."""

    id: int
    name: str
    description: NotRequired[str]
    people: NotRequired[list[str]]


class SeedTopic(TypedDict):
    """A topic of the subscription centre; people's choices name it `topic_<id>`."""

    id: int
    name: str
    description: NotRequired[str]
    subscribed_by_default: NotRequired[bool]


class SeedSender(TypedDict):
    """A sender identity: of e-mail if it has an address, of text messages if it has a number in E.164 form."""

    id: int
    name: str
    email: NotRequired[str]
    phone: NotRequired[str]
    hidden: NotRequired[bool]


class Seed(SeedMessaging):
    """What can be seeded; messages are Pipelines calls with their `type`. A number that is taken is replaced.

    What sends messages, and what it has sent already, is described in `ciokit.emulator.seed_messaging`.
    """

    people: NotRequired[list[SeedPerson]]
    messages: NotRequired[list[dict[str, Any]]]
    segments: NotRequired[list[SeedSegment]]
    topics: NotRequired[list[SeedTopic]]
    senders: NotRequired[list[SeedSender]]


@dataclass(frozen=True)
class Checked:
    """A seed without a fault."""

    items: list[Item]
    segments: list[SeedSegment]
    topics: list[SeedTopic]
    senders: list[SeedSender]
    messaging: SeedMessaging


def read(given: Mapping[str, Any], world: World) -> Checked:
    """Return a seed ready to plant; `ValidationError` names the first fault, such as `messages[3].userId`."""
    for name in given:
        if name not in Seed.__annotations__:
            raise ValidationError(f"cannot be seeded; give {', '.join(Seed.__annotations__)}", field=name)
    wrong = misfit(dict(given), Seed, "seed").removeprefix("seed.")
    if wrong:
        field, _, reason = wrong.partition(": ")
        raise ValidationError(reason, field=field)
    seed = cast("Seed", given)
    items = [_item(f"people[{place}]", _identify(person)) for place, person in enumerate(seed.get("people", []))]
    items += [_item(f"messages[{place}]", message) for place, message in enumerate(seed.get("messages", []))]
    segments = seed.get("segments", [])
    known = {item.message.get("userId") for item in items}
    known |= {person.get("email") for person in seed.get("people", [])}
    senders = seed.get("senders", [])
    for place, sender in enumerate(senders):
        if ("email" in sender) == ("phone" in sender):
            raise ValidationError("needs either it or `phone`", field=f"senders[{place}].email")
    seed_messaging.check(seed, world)
    _check_people(seed, known, world)
    return Checked(items, segments, seed.get("topics", []), senders, seed)


def plant(world: World, seed: Checked) -> list[dict[str, Any]]:
    """Put a seed into the world and return what had no effect, with the reason."""
    without_effect: list[dict[str, Any]] = []
    for index, item in enumerate(seed.items):
        message_id: str = item.message.get("messageId") or ""
        if message_id in world.seen and world.switches.dedupe == "on":
            without_effect.append({"index": index, "field": "messageId", "reason": "was taken before"})
            continue
        problem = apply(world, item)
        if problem is not None:
            without_effect.append({"index": index, "field": problem.field, "reason": problem.reason})
        elif message_id:
            world.seen.add(message_id)
    for segment in seed.segments:
        people = [world.resolve(user_id) for user_id in segment.get("people", [])]
        members = {person.cio_id for person in people if person is not None}
        world.segments[segment["id"]] = Segment(
            segment["id"], segment["name"], segment.get("description", ""), members, world.now
        )
    for topic in seed.topics:
        world.held.topics[topic["id"]] = {
            "id": topic["id"],
            "identifier": f"topic_{topic['id']}",
            "name": topic["name"],
            "description": topic.get("description", ""),
            "subscribed_by_default": topic.get("subscribed_by_default", True),
        }
    for sender in seed.senders:
        world.held.senders[sender["id"]] = _sender(sender, world.now)
    seed_messaging.plant(world, seed.messaging)
    return without_effect


def _check_people(seed: Seed, known: set[Any], world: World) -> None:
    lists = [
        *((f"segments[{place}]", each.get("people", [])) for place, each in enumerate(seed.get("segments", []))),
        *((f"deliveries[{place}]", each["people"]) for place, each in enumerate(seed.get("deliveries", []))),
    ]
    for where, people in lists:
        for index, user_id in enumerate(people):
            if user_id not in known and world.resolve(user_id) is None:
                raise ValidationError("is nobody's id", field=f"{where}.people[{index}]")


def _sender(given: SeedSender, now: int) -> Sender:
    sender: Sender = {
        "id": given["id"],
        "deduplicate_id": f"{given['id']}:{now}",
        "name": given["name"],
        "template_type": "email" if "email" in given else "phone",
        "auto_generated": False,
        "hidden": given.get("hidden", False),
    }
    if "email" in given:
        sender["email"] = given["email"]
        sender["address"] = f"{given['name']} <{given['email']}>"
    if "phone" in given:
        sender["phone"] = given["phone"]
    return sender


def _identify(person: SeedPerson) -> rules.Message:
    traits = dict(person.get("attributes", {}))
    if person.get("email"):
        traits["email"] = person.get("email")
    return {"type": "identify", "userId": person.get("id", ""), "traits": traits}


def _item(where: str, message: rules.Message) -> Item:
    kind = message.get("type")
    if kind not in rules.TYPES:
        raise ValidationError(f"must be one of {', '.join(rules.TYPES)}", field=f"{where}.type")
    context: rules.Context = message.get("context") or {}
    problem = rules.check(str(kind), message, context)
    if problem is not None:
        raise ValidationError(problem.reason, field=f"{where}.{problem.field}")
    raw = compact(message)
    if raw is None:
        raise ValidationError("is nested too deeply (254 levels)", field=where)
    return Item("seed", None, str(kind), message, context, raw)

"""What identifying, deleting and suppressing somebody does to the world."""

from __future__ import annotations

from typing import Any, cast

from ciokit.emulator.changes.common import Item, assign, blocked, create, named, note, set_id
from ciokit.emulator.ledger import Problem
from ciokit.emulator.world import Attributes, Person, Suppression, World

_DAY = 86_400
_PREFERENCES = "cio_subscription_preferences"
_IDENTIFIERS = frozenset({"id", "cio_id"})


def identify(world: World, item: Item) -> Problem | None:
    """Make or update a person, and tie an anonymous past to them."""
    message = item.message
    user_id, anonymous_id = named(message, "userId"), named(message, "anonymousId")
    traits: Attributes = dict(message.get("traits") or {})
    given_email: str | None = traits.pop("email", None)
    email = given_email.strip() if given_email else None
    problem = blocked(world, user_id, email)
    if problem is not None:
        return problem
    person = _identified(world, user_id, anonymous_id, email)
    if person is None:
        return Problem("userId", "or `traits.email` is needed: an anonymous identify changes nobody")
    changed: dict[str, Any] = {}
    if user_id and person.id is None and world.resolve(user_id) is not person:
        changed["id"] = {"from": "", "to": user_id}
        set_id(world, person, user_id)
    if given_email is not None:
        _set_email(world, person, email, changed)
    _set_traits(world, person, traits, changed)
    if changed:
        note(world, "attribute_change", changed, person)
    if anonymous_id:
        _merge(world, person, anonymous_id)
    return None


def _identified(world: World, user_id: str | None, anonymous_id: str | None, email: str | None) -> Person | None:
    if user_id is None:
        known = world.person(email, "email") if email else world.anonymous.get(anonymous_id or "")
        return known or (create(world, None) if email else None)
    person = world.resolve(user_id)
    if person is None and email:
        by_email = world.person(email, "email")
        person = by_email if by_email is not None and by_email.id is None else None
    return person or create(world, user_id)


def _set_email(world: World, person: Person, email: str | None, changed: dict[str, Any]) -> None:
    if email == person.email:
        return
    owner = world.emails.get(email.lower()) if email else None
    if owner is not None and owner is not person:
        # A 200 and an "Attribute Update Failure" in the log: facts, section 3.2.
        details = {"email": {"from": person.email or "", "to": email, "error": "belongs to somebody else"}}
        note(world, "failed_attribute_change", details, person)
        return
    if email is None and person.id is None:
        return
    changed["email"] = {"from": person.email or "", "to": email or ""}
    if person.email:
        del world.emails[person.email.lower()]
    if email:
        world.emails[email.lower()] = person
    person.email = email
    person.timestamps["email"] = world.now


def _set_traits(world: World, person: Person, traits: Attributes, changed: dict[str, Any]) -> None:
    refused = {name: value for name, value in traits.items() if name in _IDENTIFIERS}
    if refused:
        wrong = {
            name: {"from": person.identifiers()[name] or "", "to": value, "error": "is an identifier, not a trait"}
            for name, value in refused.items()
            if value != person.identifiers()[name]
        }
        if wrong:
            note(world, "failed_attribute_change", wrong, person)
    plain = {name: value for name, value in traits.items() if name not in refused}
    if any(name.startswith(_PREFERENCES + ".") for name in plain):
        plain = _with_preferences(person, plain)
    assign(world, person.attributes, person.timestamps, plain, changed)


def _with_preferences(person: Person, traits: Attributes) -> Attributes:
    """Fold `cio_subscription_preferences.topics.topic_1` and the like into the whole (Pipelines spec, identify)."""
    given: Any = traits.get(_PREFERENCES)
    whole = {**person.subscription_preferences, **(cast("dict[str, Any]", given) if isinstance(given, dict) else {})}
    plain: Attributes = {}
    for name, value in traits.items():
        section, _, key = name.removeprefix(_PREFERENCES + ".").partition(".")
        if name.startswith(_PREFERENCES + ".") and key:
            inside: Any = whole.get(section)
            whole[section] = {**(cast("dict[str, Any]", inside) if isinstance(inside, dict) else {}), key: value}
        else:
            plain[name] = value
    return {**plain, _PREFERENCES: whole}


def _merge(world: World, person: Person, anonymous_id: str) -> None:
    """Give a person the recent past of an anonymous id: "events of last 30 days", facts, section 3.2."""
    events = world.anonymous_events.pop(anonymous_id, [])
    oldest = world.now - world.switches.anonymous_merge_days * _DAY
    moved = [event for event in events if event.timestamp >= oldest]
    for event in moved:
        event.person = person
    if moved:
        person.log.extend(moved)
        person.log.sort(key=lambda entry: entry.number)
    if world.anonymous.get(anonymous_id) is not person:
        world.anonymous[anonymous_id] = person
        person.anonymous_ids.add(anonymous_id)
        note(world, "anon_merge", {"anonymous_id": anonymous_id, "events": len(moved)}, person)


def delete(world: World, item: Item) -> Problem | None:
    """Delete a person; an e-mail address in `userId` is looked up too."""
    person = world.resolve(item.message["userId"])
    if person is not None:
        remove(world, person)
    return None


def remove(world: World, person: Person) -> None:
    """Take a person out of the world; what they did stays in the log."""
    for relationship in list(person.relationships.values()):
        del relationship.object.relationships[person.cio_id]
    for token in person.devices:
        del world.device_owners[token]
    for segment in world.segments.values():
        segment.members.discard(person.cio_id)
    for anonymous_id in person.anonymous_ids:
        if world.anonymous.get(anonymous_id) is person:
            del world.anonymous[anonymous_id]
    if person.id:
        del world.ids[person.id]
    if person.email:
        del world.emails[person.email.lower()]
    del world.people[person.cio_id]
    person.deleted = True
    note(world, "profile_delete", {}, person)


def suppress(world: World, item: Item) -> Problem | None:
    """Delete a person and block what identified them."""
    user_id: str = item.message["userId"]
    person = world.resolve(user_id)
    email = user_id if "@" in user_id else None
    if person is not None:
        user_id, email = person.id or user_id, person.email or email
        remove(world, person)
    suppression = Suppression(user_id, email, world.now)
    world.suppressed_ids[user_id] = suppression
    if email:
        world.suppressed_emails[email.strip().lower()] = suppression
    return None


def unsuppress(world: World, item: Item) -> Problem | None:
    """Lift a block; nothing comes back."""
    user_id: str = item.message["userId"]
    found = world.suppressed_ids.get(user_id) or world.suppressed_emails.get(user_id.strip().lower())
    if found is not None:
        world.suppressed_ids.pop(found.id or "", None)
        world.suppressed_emails.pop((found.email or "").strip().lower(), None)
    return None

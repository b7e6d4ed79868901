"""What there is under `/_emulator`: look into the emulator and tell it what to do. Nothing here asks for a key."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, cast

import orjson

from ciokit.core.wire import Response
from ciokit.emulator.faults import fault_from
from ciokit.emulator.reply import Reply, in_json
from ciokit.errors import ValidationError

if TYPE_CHECKING:
    from ciokit.emulator.app import Emulator
    from ciokit.emulator.seeds import Seed
    from ciokit.emulator.webhooks.faults import RuleFields

_SETTLE_SECONDS = 0.02
_Query = Mapping[str, list[str]]
_Action = Callable[[_Query, Any], Any]


class Control:
    """The control operations of one emulator, by name and method; `handle` is called with its lock held."""

    def __init__(self, emulator: Emulator) -> None:
        self._emulator = emulator
        self._actions: dict[str, dict[str, _Action]] = {
            "stats": {"GET": lambda _query, _body: emulator.stats()},
            "requests": {"GET": self._requests},
            "dropped": {"GET": self._dropped},
            "reset": {"POST": self._reset},
            "seed": {"POST": self._seed},
            "faults": {"GET": self._faults, "POST": self._add_fault, "DELETE": self._remove_faults},
            "clock": {"GET": self._clock, "POST": self._set_clock},
            "keys": {"GET": self._keys, "POST": self._name_key, "DELETE": self._forget_keys},
            "switches": {"GET": self._switches, "POST": self._set_switches},
            "life": {"GET": self._life, "POST": self._set_life},
            "outbox": {"GET": self._outbox},
            "webhooks": {"GET": lambda _query, _body: emulator.webhooks.status()},
            "webhooks/faults": {"GET": self._troubles, "POST": self._add_trouble, "DELETE": self._remove_troubles},
            "webhooks/settle": {"POST": self._settle},
        }

    def handle(self, method: str, name: str, query: _Query, body: bytes) -> Reply:
        """Answer one control request; `name` is the path behind `/_emulator/`."""
        if not name:
            index = {known: sorted(methods) for known, methods in self._actions.items()}
            return _answer(200, {"control": index})
        methods = self._actions.get(name)
        if methods is None:
            return _wrong(404, f"there is no control `{name}`; there are {', '.join(self._actions)}")
        action = methods.get(method)
        if action is None:
            return _wrong(405, f"`{name}` takes {', '.join(methods)}", headers={"allow": ", ".join(methods)})
        try:
            result = action(query, _decoded(body))
            return result if isinstance(result, Reply) else _answer(200, result)
        except ValidationError as error:
            return _wrong(400, str(error), field=error.field)

    def stats(self) -> dict[str, Any]:
        """Return counts of what was asked, what became of it, and what the world holds."""
        emulator = self._emulator
        world, ledger, traffic = emulator.world, emulator.ledger, emulator.traffic
        happened = Counter((event.type, event.name) for event in world.events())
        journal = emulator.journal
        return {
            "requests": traffic.requests,
            "bytes": traffic.size,
            "by_route": dict(traffic.by_route),
            "by_status": dict(traffic.by_status),
            "accepted": ledger.accepted.total(),
            "accepted_by_type": dict(ledger.accepted),
            "dropped": ledger.dropped,
            "duplicates": ledger.duplicates,
            "refused": ledger.refused,
            "pending": emulator.ingest.pending,
            "people": len(world.people),
            "events": sum(count for (type, _), count in happened.items() if type == "event"),
            "events_by_name": {name: count for (type, name), count in happened.items() if type == "event"},
            "pages": sum(count for (type, _), count in happened.items() if type == "page"),
            "screens": sum(count for (type, _), count in happened.items() if type == "screen"),
            "anonymous_events": sum(map(len, world.anonymous_events.values())),
            "objects": len(world.objects),
            "relationships": sum(len(person.relationships) for person in world.people.values()),
            "devices": len(world.device_owners),
            "suppressed": len({id(item) for item in world.suppressed_ids.values()}),
            "segments": len(world.segments),
            "forms": {form.id: form.submissions for form in world.held.forms.values()},
            "deliveries": len(world.messaging.deliveries),
            "sent": sum("sent" in delivery.metrics for delivery in world.messaging.deliveries),
            "state": None if journal is None else {"file": str(journal.path), "torn_bytes": journal.torn},
        }

    def _requests(self, query: _Query, _: Any) -> Any:
        bodies = _choice(query, "bodies", {"true": True, "false": False}, default=False)
        recent = list(self._emulator.traffic.recent)
        return {"requests": [asked.as_dict(bodies=bodies) for asked in recent[-_limit(query) :]]}

    def _dropped(self, query: _Query, _: Any) -> Any:
        drops = self._emulator.ledger.drops
        return {"dropped": [drop.as_dict() for drop in drops[-_limit(query) :]], "total": self._emulator.ledger.dropped}

    def _reset(self, _: _Query, __: Any) -> Any:
        self._emulator.reset()
        return {}

    def _seed(self, _: _Query, body: Any) -> Any:
        messages = cast("list[dict[str, Any]]", body) if isinstance(body, list) else None
        given = cast("Seed", _object(body)) if messages is None else messages
        return {"without_effect": self._emulator.seed(given)}

    def _faults(self, _: _Query, __: Any) -> Any:
        return {"faults": [rule.as_dict() for rule in self._emulator.faults.rules]}

    def _add_fault(self, _: _Query, body: Any) -> Any:
        return self._emulator.faults.add(fault_from(_object(body))).as_dict()

    def _remove_faults(self, query: _Query, _: Any) -> Any:
        return {"removed": self._emulator.faults.remove(_number(query, "id"))}

    def _clock(self, _: _Query, __: Any) -> Any:
        return {"now": self._emulator.clock.now(), "offset": self._emulator.clock.offset}

    def _set_clock(self, _: _Query, body: Any) -> Any:
        given = _object(body)
        if len(given) != 1 or not given.keys() <= {"advance", "now"}:
            raise ValidationError("(seconds) or `now` (unix seconds) is needed, and nothing else", field="advance")
        (name, value), *_rest = given.items()
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 1e11:
            raise ValidationError("must be a number of seconds, 0 or more", field=name)
        clock = self._emulator.clock
        self._emulator.advance(value if name == "advance" else value - clock.now())
        return self._clock({}, None)

    def _keys(self, _: _Query, __: Any) -> Any:
        return {"keys": self._emulator.keys.shown()}

    def _name_key(self, _: _Query, body: Any) -> Any:
        self._emulator.keys.name(_object(body))
        return {"keys": self._emulator.keys.shown()}

    def _forget_keys(self, _: _Query, __: Any) -> Any:
        return {"removed": self._emulator.keys.forget()}

    def _switches(self, _: _Query, __: Any) -> Any:
        return self._emulator.world.switches.as_dict()

    def _set_switches(self, _: _Query, body: Any) -> Any:
        self._emulator.switch(_object(body))
        return self._emulator.world.switches.as_dict()

    def _life(self, _: _Query, __: Any) -> Any:
        return self._emulator.world.life.as_dict()

    def _set_life(self, _: _Query, body: Any) -> Any:
        self._emulator.let_live(_object(body))
        return self._emulator.world.life.as_dict()

    def _outbox(self, query: _Query, _: Any) -> Any:
        sent = self._emulator.outbox()
        return {"sent": sent[-_limit(query) :], "total": len(sent)}

    def _troubles(self, _: _Query, __: Any) -> Any:
        return {"faults": [rule.as_dict() for rule in self._emulator.webhooks.rules.rules]}

    def _add_trouble(self, _: _Query, body: Any) -> Any:
        return self._emulator.webhooks.rules.add(cast("RuleFields", _object(body))).as_dict()

    def _remove_troubles(self, query: _Query, _: Any) -> Any:
        return {"removed": self._emulator.webhooks.rules.remove(_number(query, "id"))}

    def _settle(self, query: _Query, _: Any) -> Any:
        webhooks = self._emulator.webhooks
        until = time.monotonic() + (_number(query, "timeout") or 30)
        if not webhooks.carried:
            raise ValidationError("sends nothing by itself unless it is served; call `Emulator.deliver_webhooks()`")

        def settled() -> Reply:
            if webhooks.is_quiet() or time.monotonic() > until:
                standing = webhooks.status()
                return _answer(200, {"settled": standing["total"]["backlog"] == 0, **standing})
            return Reply(Response(200), _SETTLE_SECONDS, again=settled)

        return settled()


def _decoded(body: bytes) -> Any:
    if not body.strip():
        return None
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise ValidationError(f"is not JSON at character {error.pos}", field="body") from None


def _object(body: Any) -> dict[str, Any]:
    if not isinstance(body, dict):
        raise ValidationError("must be a JSON object", field="body")
    return cast("dict[str, Any]", body)


def _limit(query: _Query) -> int:
    return _number(query, "limit") or 100


def _number(query: _Query, name: str) -> int | None:
    if name not in query:
        return None
    text = query[name][-1]
    if not (text.isascii() and text.isdigit() and 1 <= int(text[:10]) <= 10**9):
        raise ValidationError("must be a whole number from 1", field=name)
    return int(text)


def _choice(query: _Query, name: str, choices: Mapping[str, bool], *, default: bool) -> bool:
    if name not in query:
        return default
    if query[name][-1] not in choices:
        raise ValidationError(f"must be one of {', '.join(choices)}", field=name)
    return choices[query[name][-1]]


def _answer(status: int, content: Any, headers: Mapping[str, str] | None = None) -> Reply:
    return Reply(in_json(status, content, headers))


def _wrong(status: int, detail: str, *, field: str | None = None, headers: Mapping[str, str] | None = None) -> Reply:
    error = {"detail": detail, "status": str(status), **({"field": field} if field else {})}
    return _answer(status, {"errors": [error]}, headers)

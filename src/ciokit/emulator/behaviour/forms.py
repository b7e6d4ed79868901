"""Forms: what is handed in makes or updates a person, and is an event of theirs (Track spec, `submitForm`).

Known: the first use of a form's id makes the form, even where the answer is 400; values are text; exactly one of `id`
and `email` names the person; reserved fields are ignored; fields become attributes of the same name.

[inferred]: the event has the form's id for its name and the fields for its data.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ciokit.emulator.behaviour import track_items, track_rules
from ciokit.emulator.holdings import Form
from ciokit.emulator.ingest import batch_bytes
from ciokit.emulator.routing import ApiFault, Manner, on
from ciokit.emulator.world import World
from ciokit.track_api.forms import Forms

_RESERVED = frozenset({"form_id", "form_name", "form_type", "form_url", "form_url_param"})
_NAMES = ("id", "email")


@on(Forms.submit, Manner(status=204))
def submit(world: World, form_id: str, data: Mapping[str, Any]) -> None:
    """Take what somebody filled in."""
    fields = {name: value for name, value in data.items() if name not in _RESERVED}
    form = world.held.forms.setdefault(form_id, Form(form_id, world.now))
    form.fields.update(dict.fromkeys(fields))
    if isinstance(fields.get("id"), int):  # the spec's own example has a number
        fields["id"] = str(fields["id"])
    wrong = next((name for name, value in fields.items() if not isinstance(value, str)), None)
    if wrong is not None:
        raise ApiFault(400, f"data.{wrong}: must be text")
    who = {name: fields.pop(name) for name in _NAMES if name in fields}
    if len(who) != 1:
        raise ApiFault(400, f"data: must have exactly one of {', '.join(_NAMES)}")
    identify = {"type": "person", "action": "identify", "identifiers": who, "attributes": fields}
    event = {"type": "person", "action": "event", "identifiers": who, "name": form_id, "attributes": {**who, **fields}}
    for item in (identify, event):
        problem = track_rules.check(item, batch_bytes(world.switches))
        if problem is not None:
            raise ApiFault(400, str(problem))
    for item in (identify, event):
        track_items.take(world, item)
    form.submissions += 1

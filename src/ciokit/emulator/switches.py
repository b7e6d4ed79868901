"""What nobody outside the vendor knows for sure, as switches: each names the doubt and the default reading of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, Literal, get_args, get_origin, get_type_hints

from ciokit.errors import ValidationError


@dataclass(frozen=True, slots=True)
class Switches:
    """How the emulator behaves where the vendor's documentation is silent or divided.

    - `size_base`: what "32KB" and "500KB" mean. `decimal` (32,000 and 500,000 bytes) is the stricter reading; `binary`
      counts 1,024 bytes a KB. (Pipelines spec, `info.description`, gives no base.)
    - `strict_batch`: what strict mode does with a batch that holds a bad item. `all_or_nothing` refuses all of it and
      does not say which; `partial` takes the good items and names the bad ones in a 400.
    - `dedupe`: whether a repeated `messageId` changes nothing (`on`, without a time limit) or is taken again (`off`).
      The spec calls the id unique and states no window.
    - `item_context`: whether `context` and `integrations` of an item inside a batch are `ignored` (the batch's own
      apply to all calls: Pipelines spec, `/batch`) or `honoured`. An identify item's schema has them: its own count.
    - `permissive_auth`: what a wrong key gets without strict mode: a `drop` behind a 200, as the service does with
      other faults, or a plain `refuse` (401).
    - `gzip`: whether gzip request bodies are `accept`ed. No spec mentions them, so the default is `refuse`.
    - `blank_attributes`: whether null and "" `remove` an attribute (documented for objects) or are kept (`keep`).
    - `future_timestamps`: whether a `timestamp` ahead of now is kept (`keep`) or the message dropped (`drop`).
    - `anonymous_merge_days`: how old an anonymous event may be to join the person who is identified (30 is documented
      for the Track API).
    - `attributes_as_strings`: whether the App API shows every attribute as text (seen by RudderStack's live suite).
    - `rate_limits`: whether more requests than the documented pace are let through (`off`; the vendor calls the
      Pipelines limit not strictly enforced) or answered 429 with `Retry-After` (`enforce`).
    - `ingestion_delay`: seconds until what was accepted can be read; the service takes one or two. It holds for all of
      Data Pipelines and the Track API, and for what the App API writes about people: opt-outs, suppressed addresses,
      and the device that comes with a push.
    - `processing_seconds`: seconds an export, an import or a broadcast takes; no document says how long.
    - `unsubscribed_sends`: what a message becomes that is not sent because the person unsubscribed: `undeliverable` or
      `dropped`. (App spec, `send_to_unsubscribed`, says only that it is not sent.)
    - `unknown_recipients`: whether a transactional message to a person who does not exist is sent and belongs to nobody
      (`deliver`), or makes them first (`create`).
    - `trigger_scope`: whether one trigger in 10 seconds is meant for all broadcasts of the `workspace` or for each
      `broadcast`.
    - `webhook_retry_seconds`: how soon a webhook is tried again that was not taken, where the answer is none of those
      after which the service waits an hour; each further wait is twice as long.
    - `webhook_concurrency`: how many events of one webhook are under way at once. The service sends one after the
      other, as its backlog tells; more is faster.
    - `preferences_type_field`: what a webhook about changed preferences calls its object type: `object_type`, like all
      others, or `object_type_type`, as the schema has it.
    """

    size_base: Literal["decimal", "binary"] = "decimal"
    strict_batch: Literal["all_or_nothing", "partial"] = "all_or_nothing"
    dedupe: Literal["on", "off"] = "on"
    item_context: Literal["ignored", "honoured"] = "ignored"
    permissive_auth: Literal["drop", "refuse"] = "drop"
    gzip: Literal["refuse", "accept"] = "refuse"
    blank_attributes: Literal["remove", "keep"] = "remove"
    future_timestamps: Literal["keep", "drop"] = "keep"
    anonymous_merge_days: float = 30.0
    attributes_as_strings: bool = True
    rate_limits: Literal["off", "enforce"] = "off"
    ingestion_delay: float = 0.0
    processing_seconds: float = 2.0
    unsubscribed_sends: Literal["undeliverable", "dropped"] = "undeliverable"
    unknown_recipients: Literal["deliver", "create"] = "deliver"
    trigger_scope: Literal["workspace", "broadcast"] = "workspace"
    webhook_retry_seconds: float = 10.0
    webhook_concurrency: float = 1.0
    preferences_type_field: Literal["object_type", "object_type_type"] = "object_type"

    @property
    def kilobyte(self) -> int:
        """The bytes of what the vendor writes as KB."""
        return 1024 if self.size_base == "binary" else 1000

    def changed(self, changes: Mapping[str, Any]) -> Switches:
        """Return a copy with some switches set; `ValidationError` names a wrong one and the values it can take."""
        hints = get_type_hints(Switches)
        for name, value in changes.items():
            if name not in hints:
                raise ValidationError(f"is no switch; the switches are {', '.join(hints)}", field=name)
            _check(name, value, hints[name])
        return replace(self, **changes)

    def as_dict(self) -> dict[str, Any]:
        """Return every switch by name."""
        return {item.name: getattr(self, item.name) for item in fields(self)}


DEFAULTS = Switches()


def _check(name: str, value: Any, hint: Any) -> None:
    if get_origin(hint) is Literal:
        if value not in get_args(hint):
            raise ValidationError(f"must be one of {', '.join(get_args(hint))}", field=name)
    elif hint is bool:
        if not isinstance(value, bool):
            raise ValidationError("must be true or false", field=name)
    elif isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < float("inf"):
        raise ValidationError("must be a number, 0 or more", field=name)

"""Webhook events by number: who has the number knows the body and the tables it belongs in."""

from __future__ import annotations

import hashlib
import time
from typing import Final

import orjson

from ciokit.webhooks.signature import sign

KEY: Final = "the-key-of-this-trial"
QUARANTINE: Final = "webhook_quarantine"
RAW: Final = "webhook_raw_events"

_KINDS: Final = (
    *[("email", metric) for metric in ("sent", "delivered", "opened", "clicked", "converted", "bounced")],
    *[("customer", metric) for metric in ("subscribed", "unsubscribed", "cio_subscription_preferences_changed")],
    *[(kind, "sent") for kind in ("push", "sms", "in_app", "slack", "webhook", "whatsapp")],
    ("email", "a_metric_of_tomorrow"),
)
_POISONED_EACH: Final = 97
_UNKNOWN_EACH: Final = 89
_BEGAN: Final = 1_767_225_600


class Events:
    """The events of one run; its name is in every id, so that those of another run are known as such."""

    def __init__(self, run: str) -> None:
        self.run = run

    @staticmethod
    def poisoned(number: int) -> bool:
        """Tell whether a body is no event: the sender has signed it all the same."""
        return number % _POISONED_EACH == 13

    def body(self, number: int) -> bytes:
        """Return the body of an event."""
        whole = orjson.dumps(self._event(number))
        if not self.poisoned(number):
            return whole
        variants = (whole[:-1], b"\xff\xfe" + whole, b"[" + whole + b"]", whole.replace(b'"event_id"', b'"event"', 1))
        return variants[number // _POISONED_EACH % len(variants)]

    def key(self, number: int) -> str:
        """Return what tells an event apart in its tables: its id, or the digest of a body that has none."""
        return hashlib.sha256(self.body(number)).hexdigest() if self.poisoned(number) else self._id(number)

    def number(self, key: str) -> int | None:
        """Return the number of the event with an id; None for an id that is not of this run."""
        run, _, digits = key.rpartition("-")
        return int(digits) if run == self.run and digits.isdecimal() and key == self._id(int(digits)) else None

    def typed_table(self, number: int) -> str | None:
        """Return the table of its type that an event belongs in besides the raw one; None if there is none."""
        kind = self._kind(number)[0]
        return None if self.poisoned(number) or kind == "carrier_pigeon" else f"webhook_{kind}_events"

    def forged(self, number: int) -> bytes:
        """Return a body that nobody may believe: an id of its own, or a genuine one with something else beside it."""
        event = self._event(number)
        if number % 2:
            event["event_id"] = f"forged-{self._id(number)}"
        event["data"] = {"recipient": "forged@example.com"}
        return orjson.dumps(event)

    def _id(self, number: int) -> str:
        return f"{self.run}-{number:09d}"

    def _kind(self, number: int) -> tuple[str, str]:
        if number % _UNKNOWN_EACH == 7:
            return "carrier_pigeon", "landed"
        return _KINDS[number * 7919 % len(_KINDS)]

    def _event(self, number: int) -> dict[str, object]:
        kind, metric = self._kind(number)
        return {
            "event_id": self._id(number),
            "object_type": kind,
            "metric": metric,
            "timestamp": _BEGAN + number // 50,
            "data": {
                "customer_id": f"customer-{number % 5000}",
                "identifiers": {"id": f"customer-{number % 5000}", "email": f"{number % 5000}@example.com"},
                "delivery_id": f"RPILAgUBcRhIBqSfeiIwdIYJKxTY{number}",
                "campaign_id": number % 27,
                "action_id": 38,
                "journey_id": f"01GW20GXAAXBKZD8J96M8FNV3R{number}",
                "link_id": number % 7 if number % 3 else "not a number",
                "recipient": f"{number % 5000}@example.com",
                "subject": "Grüße, 你好 and a word about what you can do next",
                "trigger_event_id": "01E4C4CT6YDC7Y5M7FE1GWWPQJ",
                "a_field_of_tomorrow": {"number": number},
            },
        }


def request(body: bytes, *, moment: int | None = None, key: str = KEY) -> bytes:
    """Return the bytes of a webhook, signed now or at another moment."""
    moment = int(time.time()) if moment is None else moment
    return (
        b"POST / HTTP/1.1\r\nhost: 127.0.0.1\r\nuser-agent: Customer.io Reporting Webhooks\r\n"
        b"content-type: application/json\r\nx-cio-timestamp: %d\r\nx-cio-signature: %b\r\ncontent-length: %d\r\n\r\n%b"
        % (moment, sign(body, moment, key).encode(), len(body), body)
    )

"""Semantic events chosen by name at run time, where data says which event it is: `track_ecommerce_event` and kin.

Where the event is known when the code is written, its own function is better: `ecommerce.order_completed` has typed
properties, these have not.
"""

from __future__ import annotations

import difflib
from collections.abc import Coroutine, Mapping
from typing import TYPE_CHECKING, Any, Unpack, overload

from ciokit.errors import ValidationError
from ciokit.pipelines_api.messages import AnonymousOptions, Message
from ciokit.pipelines_api.operation import Receipt
from ciokit.pipelines_api.semantic.catalogue import GROUPS
from ciokit.pipelines_api.semantic.event import SemanticEvent
from ciokit.settings import SemanticCheck

if TYPE_CHECKING:
    from ciokit.pipelines_api.client import AsyncCustomerIOClient, CustomerIOClient


class EventGroup:
    """The semantic events of one group; calling it records the one that `event_type` names.

    `event_type` is the exact name or that of its function: `"Order Completed"` or `"order_completed"`. It is text and
    not a choice of literals because it mostly comes out of a column; a wrong one raises `ValidationError` with the
    names there are.
    """

    def __init__(self, name: str, title: str, group: str) -> None:
        events = GROUPS[group]
        self._title = title
        self._names = tuple(events)
        self._events = {**events, **{each.__name__: each for each in events.values()}}
        self.__name__ = name
        self.__doc__ = (
            f"Record one of the {title} events, named by its exact name or that of its function.\n\n"
            f"`data` are its properties, held against its definition as the setting `semantic_check` says.\n"
            f"Raises `ValidationError` for a name or a property that is not there. Known: {', '.join(self._names)}."
        )

    def __repr__(self) -> str:
        return f"<operation {self.__name__}>"

    @overload
    def __call__(
        self,
        client: CustomerIOClient,
        user_id: str | None,
        event_type: str,
        data: Mapping[str, Any] | None = None,
        **options: Unpack[AnonymousOptions],
    ) -> Receipt: ...
    @overload
    def __call__(
        self,
        client: AsyncCustomerIOClient,
        user_id: str | None,
        event_type: str,
        data: Mapping[str, Any] | None = None,
        **options: Unpack[AnonymousOptions],
    ) -> Coroutine[Any, Any, Receipt]: ...
    def __call__(
        self,
        client: CustomerIOClient | AsyncCustomerIOClient,
        user_id: str | None,
        event_type: str,
        data: Mapping[str, Any] | None = None,
        **options: Unpack[AnonymousOptions],
    ) -> Any:
        """Record the event for a person, or for `anonymous_id`."""
        return self.find(event_type)(client, user_id, data, **options)

    def message(
        self,
        user_id: str | None,
        event_type: str,
        data: Mapping[str, Any] | None = None,
        *,
        check: SemanticCheck = "error",
        **options: Unpack[AnonymousOptions],
    ) -> Message:
        """Build the message without sending it; `check` as in `SemanticEvent.message`."""
        return self.find(event_type).message(user_id, data, check=check, **options)

    def find(self, event_type: str) -> SemanticEvent[Any]:
        """Return the event of this name, or raise `ValidationError` with the nearest and all known names."""
        found = self._events.get(str(event_type))
        if found is not None:
            return found
        wanted = str(event_type).lower().replace("_", " ")
        near = difflib.get_close_matches(wanted, [name.lower() for name in self._names], n=1)
        hint = "".join(f"did you mean `{name}`? " for name in self._names if near == [name.lower()])
        known = f"known are {', '.join(self._names)}"
        raise ValidationError(f"is none of the {self._title} events; {hint}{known}", field="event_type")


track_ecommerce_event = EventGroup("track_ecommerce_event", "ecommerce", "ecommerce")
track_email_event = EventGroup("track_email_event", "email", "email")
track_mobile_event = EventGroup("track_mobile_event", "mobile", "mobile")
track_video_event = EventGroup("track_video_event", "video", "video")
track_live_chat_event = EventGroup("track_live_chat_event", "live chat", "live_chat")
track_experiment_event = EventGroup("track_experiment_event", "A/B test", "ab_test")

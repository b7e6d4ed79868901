"""How a semantic event is declared: its exact name and a TypedDict of its properties, and nothing else.

    class CouponApplied(TypedDict, total=False):
        coupon_id: str
        discount: Number

    coupon_applied = event("Coupon Applied", CouponApplied)

The declaration is callable with either client and builds unsent messages like any operation. Editors reject a wrong
property; at run time the setting `semantic_check` does (`off`, `warn`, `error`).
"""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Coroutine, Mapping
from typing import TYPE_CHECKING, Any, Generic, TypedDict, TypeVar, Unpack, overload

from ciokit.errors import ValidationError
from ciokit.pipelines_api.messages import AnonymousOptions, Message, message
from ciokit.pipelines_api.operation import Receipt
from ciokit.pipelines_api.semantic.shape import Shape, shape_of
from ciokit.settings import SemanticCheck

if TYPE_CHECKING:
    from ciokit.pipelines_api.client import AsyncCustomerIOClient, CustomerIOClient

T = TypeVar("T", bound=Mapping[str, Any])


class NoProperties(TypedDict):
    """No properties are defined."""


class SemanticEventWarning(UserWarning):
    """A semantic event has a property its specification does not know, one of another type, or lacks one."""


class SemanticEvent(Generic[T]):
    """An event whose name and properties the vendor defines; calling it records one.

    `name` is the exact name, `properties` their TypedDict, `context` a TypedDict of what the context has to hold.
    """

    def __init__(self, name: str, properties: type[T], context: type | None = None) -> None:
        self.name = name
        self.properties = properties
        self.context = context
        self.__name__ = name.lower().replace(" ", "_")
        self.__doc__ = f"Record `{name}`.\n\n{_listed('Properties', properties)}"
        if context is not None:
            self.__doc__ += f"\n\n{_listed('Context', context)}"

    def __repr__(self) -> str:
        return f"<semantic event {self.name!r}>"

    @overload
    def __call__(
        self,
        client: CustomerIOClient,
        user_id: str | None,
        properties: T | None = None,
        **options: Unpack[AnonymousOptions],
    ) -> Receipt: ...
    @overload
    def __call__(
        self,
        client: AsyncCustomerIOClient,
        user_id: str | None,
        properties: T | None = None,
        **options: Unpack[AnonymousOptions],
    ) -> Coroutine[Any, Any, Receipt]: ...
    def __call__(
        self,
        client: CustomerIOClient | AsyncCustomerIOClient,
        user_id: str | None,
        properties: T | None = None,
        **options: Unpack[AnonymousOptions],
    ) -> Any:
        """Record the event for a person, or for `anonymous_id`; the client's `semantic_check` says how strictly."""
        mode = client.settings.semantic_check
        return client.send(self.message(user_id, properties, check=mode, **options))

    def message(
        self,
        user_id: str | None,
        properties: T | None = None,
        *,
        check: SemanticCheck = "error",
        **options: Unpack[AnonymousOptions],
    ) -> Message:
        """Build the message without sending it.

        `check` is what happens to an unknown, wrongly typed or missing property: `error` raises `ValidationError`
        naming it, `warn` gives a `SemanticEventWarning` and builds the message all the same, `off` does not look.
        """
        if not isinstance(properties, Mapping | None):  # pyright: ignore[reportUnnecessaryIsInstance]  # not every caller has a type checker
            raise ValidationError(f"is a {type(properties).__name__}; give a dict", field="properties")
        given = dict(properties or {})
        if check != "off":
            self._check(self.shape, "properties", given, check)
            if self.context is not None:
                self._check(shape_of(self.context, closed=False), "context", options.get("context") or {}, check)
        return message("track", user_id, {"event": self.name, "properties": given}, options)

    def _check(self, shape: Shape, field: str, given: Mapping[str, Any], mode: SemanticCheck) -> None:
        misfit = shape.misfit(given, self.name)
        if misfit is None:
            return
        error = ValidationError(misfit[1], field=f"{field}{misfit[0]}")
        if mode == "error":
            raise error
        warnings.warn(str(error), SemanticEventWarning, stacklevel=_frames_of_ours())

    @property
    def shape(self) -> Shape:
        """The properties as data: what documentation and contract tests read."""
        return shape_of(self.properties)


def event(name: str, properties: type[T], *, context: type | None = None) -> SemanticEvent[T]:
    """Declare a semantic event.

    `context` is a TypedDict of what the message's context has to hold; it may hold more.
    """
    return SemanticEvent(name, properties, context)


def _listed(title: str, typed: type) -> str:
    # Postponed annotations are listed as they are written: resolving them here would slow down the import.
    hints: dict[str, Any] = typed.__annotations__
    lines = [f"- `{name}`: {getattr(hint, '__forward_arg__', hint)}" for name, hint in hints.items()]
    return "\n".join([f"{title} (`{typed.__name__}`):", *lines]) if lines else f"{title}: none are defined."


def _frames_of_ours() -> int:
    """Count the frames up to the caller's own code, so that a warning points there."""
    frame, count = inspect.currentframe(), 0
    while frame is not None and frame.f_globals.get("__name__", "").startswith("ciokit."):
        frame, count = frame.f_back, count + 1
    return count

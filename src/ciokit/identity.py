"""Who a person is: exactly one of the identifiers that Customer.io knows people by."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal, TypeAlias, TypedDict, cast

from ciokit.errors import ValidationError

IdKind = Literal["id", "email", "phone", "cio_id"]
"""What an identifier is; `email` and `phone` only count where the workspace has them enabled."""

_KINDS: tuple[IdKind, ...] = ("id", "email", "phone", "cio_id")
_PREFIX = "cio_"
_E164 = re.compile(r"\+[1-9]\d{6,14}")


class ById(TypedDict):
    """Somebody by the id you gave them."""

    id: str


class ByEmail(TypedDict):
    """Somebody by e-mail address; upper and lower case are alike."""

    email: str


class ByPhone(TypedDict):
    """Somebody by phone number, in E.164 form."""

    phone: str


class ByCioId(TypedDict):
    """Somebody by the service's own id, without its `cio_` prefix."""

    cio_id: str


PersonIdentifiers: TypeAlias = ById | ByEmail | ByPhone | ByCioId
"""One identifier in wire form."""


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Identity:
    """One person, by exactly one identifier: `Identity(email="ann@example.com")`.

    A phone number is in E.164 form (`+41791234567`). A `cio_id` may be given with its `cio_` prefix or without; it is
    put there where the service wants it. Raises `ValidationError` for none, more than one, or one that cannot be.
    Its repr shows the kind and never the value.
    """

    id: str | None = None
    email: str | None = None
    phone: str | None = None
    cio_id: str | None = None

    def __post_init__(self) -> None:
        given = [kind for kind in _KINDS if getattr(self, kind) is not None]
        if len(given) != 1:
            has = f"it has {' and '.join(given)}" if given else "it has none"
            raise ValidationError(f"is exactly one of {', '.join(_KINDS)}; {has}", field="identity")
        kind, value = given[0], getattr(self, given[0])
        if not isinstance(value, str):
            raise ValidationError(f"must be text, not {type(value).__name__}", field=kind)
        if not value.strip():
            raise ValidationError("is empty", field=kind)
        if kind == "email" and "@" not in value:
            raise ValidationError("has no @", field=kind)
        if kind == "phone" and not _E164.fullmatch(value):
            raise ValidationError("is not in E.164 form: a plus sign and 7 to 15 digits, nothing else", field=kind)
        if kind == "cio_id":
            object.__setattr__(self, "cio_id", value.removeprefix(_PREFIX))

    def __repr__(self) -> str:
        return f"Identity({self.kind}=...)"

    @property
    def kind(self) -> IdKind:
        """Which identifier it is."""
        return next(kind for kind in _KINDS if getattr(self, kind) is not None)

    @property
    def identifiers(self) -> PersonIdentifiers:
        """The identifier in wire form, such as `{"email": ...}`; a `cio_id` without its prefix."""
        return cast("PersonIdentifiers", {self.kind: getattr(self, self.kind)})

    @property
    def in_path(self) -> str:
        """The identifier as the path of a request has it, where its form says what kind it is (facts, 3.2).

        Raises `ValidationError` for a phone number and for an id that looks like a `cio_id`: either would be somebody
        else.
        """
        if self.phone is not None:
            raise ValidationError("would be taken for an id here; use `track.v2`", field="phone")
        if self.cio_id is not None:
            return _PREFIX + self.cio_id
        text = self.id or self.email or ""
        if text.startswith(_PREFIX):
            raise ValidationError(f"starts with {_PREFIX} and would be taken for a cio_id; use `track.v2`", field="id")
        return text


Person: TypeAlias = Identity | str
"""Somebody; plain text is an id. In paths it may also be an e-mail address, or a `cio_id` with its prefix."""


def identity_of(person: Person) -> Identity:
    """Return an identity; plain text is an id."""
    return person if isinstance(person, Identity) else Identity(id=person)

"""Which keys are let in, and for what: any that is not empty, unless some are named.

Known: a wrong key is a 401; an App API key has the scope it was made with; a service account's token begins with
`sa_live_`, is taken by `/v1/send/*` alone, says there which workspace it means, and can be made for reading only (App
catalogue, `auth`, and the vendor's page on service accounts).

[inferred]: what a key's scope does not cover is a 403, in the envelope of the operation; a token of a service account
without its header is a 400, and a 401 where only App API keys are taken. No document names the scopes: ours are what
the vendor says the keys are for.
"""

from __future__ import annotations

import base64
import binascii
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

from ciokit.core.endpoint import Route
from ciokit.emulator.routing import ApiFault
from ciokit.errors import ValidationError
from ciokit.surfaces import SURFACES

Scope = Literal["all", "read", "send"]

_NAMES = tuple(surface.name for surface in SURFACES)
_SERVICE_ACCOUNT = "sa_live_"
_SENDS = "/v1/send/"
_TRIGGER = "POST /v1/campaigns/{broadcast_id}/triggers"
_MOST_REMEMBERED = 1_000


@dataclass(frozen=True)
class Key:
    """A key of one API; `scope` is what an App API key may do: `all`, `read`, or `send` messages and broadcasts."""

    key: str = field(repr=False)
    surface: str
    scope: Scope = "all"


class Keys:
    """The keys of a workspace. `only` is let in everywhere; where some are named, those and `only` are let in.

    They are kept in no state: no key is written anywhere.
    """

    def __init__(self, only: str | None = None) -> None:
        self._only = only
        self._named: list[Key] = []
        self._welcome: dict[tuple[str, str], Scope] = {}

    @property
    def only(self) -> str | None:
        """The only key that is let in, if no other is named."""
        return self._only

    @only.setter
    def only(self, key: str | None) -> None:
        self._only = key
        self._welcome.clear()

    def name(self, given: Mapping[str, Any]) -> None:
        """Let a key in that a JSON object describes; `ValidationError` names a wrong field."""
        for each in given:
            if each not in ("key", "surface", "scope"):
                raise ValidationError("is no field of a key; the fields are key, surface, scope", field=each)
        key, surface, scope = given.get("key"), given.get("surface"), given.get("scope", "all")
        if not isinstance(key, str) or not key.strip():
            raise ValidationError("must be text that is not empty", field="key")
        if surface not in _NAMES:
            raise ValidationError(f"must be one of {', '.join(_NAMES)}", field="surface")
        if scope not in get_args(Scope) or (scope != "all" and surface != "app"):
            raise ValidationError(f"must be one of {', '.join(get_args(Scope))}, and `all` but for app", field="scope")
        self._named = [each for each in self._named if (each.key, each.surface) != (key, surface)]
        self._named.append(Key(key, surface, scope))
        self._welcome.clear()

    def forget(self) -> int:
        """Forget all that were named; return how many there were."""
        count, self._named = len(self._named), []
        self._welcome.clear()
        return count

    def shown(self) -> list[dict[str, str]]:
        """Return what was named, without the keys themselves."""
        return [{"surface": each.surface, "scope": each.scope} for each in self._named]

    def allow(self, surface: str, authorization: str) -> Scope | None:
        """Return what a key may do, or None if it is let in nowhere."""
        scope = self._welcome.get((surface, authorization))
        if scope is None:
            scope = self._judged(surface, authorization)
            if scope is not None and len(self._welcome) < _MOST_REMEMBERED:
                self._welcome[surface, authorization] = scope
        return scope

    def check(self, route: Route, headers: Mapping[str, str], *, writes: bool) -> None:
        """Raise `ApiFault` where a request's key is missing, wrong, or not for this."""
        given = headers.get("authorization", "")
        scope = self.allow(route.surface, given)
        service_account = route.surface == "app" and given.partition(" ")[2].strip().startswith(_SERVICE_ACCOUNT)
        if scope is None or (service_account and not route.path.startswith(_SENDS)):
            scheme = _scheme(route.surface).title()
            raise ApiFault(401, f"the key is missing or wrong; it is sent as `Authorization: {scheme} ...`")
        sends = route.path.startswith(_SENDS) or route.label == _TRIGGER
        if (scope == "read" and writes) or (scope == "send" and not sends):
            raise ApiFault(403, f"the key's scope is `{scope}`, which does not cover {route.label}")
        if service_account and "x-workspace-id" not in headers:
            raise ApiFault(400, "x-workspace-id: is needed with the token of a service account")

    def _judged(self, surface: str, authorization: str) -> Scope | None:
        scheme, _, credential = authorization.strip().partition(" ")
        key = _key_in(surface, credential.strip())
        if scheme.lower() != _scheme(surface) or not key:
            return None
        if self._only is not None and _is(key, self._only):
            return "all"
        named = [each for each in self._named if each.surface == surface]
        if named:
            return next((each.scope for each in named if _is(key, each.key)), None)
        return "all" if self._only is None else None


def _is(key: str, other: str) -> bool:
    return hmac.compare_digest(key.encode(), other.encode())


def _scheme(surface: str) -> str:
    return "bearer" if surface == "app" else "basic"


def _key_in(surface: str, credential: str) -> str:
    """Return the key: the user name of Pipelines; the password of the Track API, whose user name is a site id."""
    if surface == "app":
        return credential
    try:
        user, _, password = base64.b64decode(credential, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return ""
    return (password if user else "") if surface == "track" else user

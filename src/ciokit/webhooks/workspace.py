"""Speaks to a Databricks workspace as a service principal: OAuth tokens, and queries by a SQL warehouse.

Nothing but HTTP is used, so that a relay or a status page needs no SDK.
"""

from __future__ import annotations

import asyncio
import time
from base64 import b64encode
from collections.abc import Callable, Mapping
from typing import Any, Final, cast
from urllib.parse import quote

import orjson

from ciokit.core.transport import AsyncHttpTransport, TransportOptions
from ciokit.core.wire import AsyncTransport, Request
from ciokit.errors import AuthenticationError, ConfigurationError, CustomerIOError, TableStoreError

# As Databricks itself sets them for an App, and as its own tools read them.
VARIABLES: Final = ("DATABRICKS_HOST", "DATABRICKS_CLIENT_ID", "DATABRICKS_CLIENT_SECRET")
_EARLY: Final = 300.0  # seconds before its end in which a token is replaced
_AGAIN: Final = 10.0  # seconds for which nothing new is asked for while the old one is still good
_TOKEN_SECONDS: Final = 3.0
_QUERY_SECONDS: Final = 30


class Workspace:
    """A workspace, and who we are there.

    Args:
        host: its address, such as `https://dbc-1234.cloud.databricks.com`.
        client_id: of the service principal.
        client_secret: an OAuth secret of it.
        transport: sends the requests.
        clock: gives seconds that only grow.
    """

    def __init__(
        self,
        host: str,
        client_id: str,
        client_secret: str,
        *,
        transport: AsyncTransport | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        address = host.rstrip("/")
        self.host = address if "://" in address else f"https://{address}"
        pair = f"{quote(client_id, safe='')}:{quote(client_secret, safe='')}"  # RFC 6749, section 2.3.1
        self._basic = "Basic " + b64encode(pair.encode()).decode()
        self._clock = clock
        self._token = ""
        self._due = self._ends = 0.0
        self._one_at_a_time = asyncio.Lock()
        self.transport: AsyncTransport = transport or AsyncHttpTransport(TransportOptions())

    def __repr__(self) -> str:
        return f"Workspace({self.host!r})"

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Workspace:
        """Return the workspace that the variables name which every Databricks App has.

        Raises:
            ConfigurationError: a variable is missing.
        """
        host, client_id, client_secret = (environment.get(name, "") for name in VARIABLES)
        if not (host and client_id and client_secret):
            missing = ", ".join(name for name in VARIABLES if not environment.get(name))
            raise ConfigurationError(f"the Databricks workspace is not known: set {missing}")
        return cls(host, client_id, client_secret)

    async def token(self) -> str:
        """Return a token that is good for some minutes yet.

        Raises:
            AuthenticationError: the workspace does not know the service principal.
            NetworkError: it does not answer.
        """
        if self._clock() < self._due:
            return self._token
        async with self._one_at_a_time:
            if self._clock() >= self._due:
                try:
                    await self._renew()
                except CustomerIOError:
                    if self._clock() >= self._ends:
                        raise
                    self._due = self._clock() + _AGAIN
        return self._token

    def forget(self, token: str) -> None:
        """Ask for a new token next time, because this one was refused."""
        if token == self._token:
            self._due = self._ends = 0.0

    async def query(self, warehouse: str, statement: str) -> list[list[str | None]]:
        """Run a statement on a SQL warehouse, for up to 30 seconds, and return its rows as text.

        Raises:
            TableStoreError: it failed, or took longer.
        """
        wanted = {
            "warehouse_id": warehouse,
            "statement": statement,
            "wait_timeout": f"{_QUERY_SECONDS}s",
            "on_wait_timeout": "CANCEL",
        }
        headers = {"authorization": f"Bearer {await self.token()}", "content-type": "application/json"}
        url, label = f"{self.host}/api/2.0/sql/statements", "POST /api/2.0/sql/statements"
        answer = await self.transport.send(
            Request("POST", url, headers, orjson.dumps(wanted), label, timeout=_QUERY_SECONDS + 10)
        )
        found = _object(answer.body) if answer.status == 200 else {}
        state = found.get("status", {}).get("state")
        if state != "SUCCEEDED":
            raise TableStoreError(
                f"the SQL warehouse answered {answer.status} {state or ''}".rstrip()
                + "; see its query history, and that the service principal may use it and read the schema",
                request=label,
            )
        rows: list[list[str | None]] = found.get("result", {}).get("data_array") or []
        return rows

    async def _renew(self) -> None:
        headers = {"authorization": self._basic, "content-type": "application/x-www-form-urlencoded"}
        body, label = b"grant_type=client_credentials&scope=all-apis", "POST /oidc/v1/token"
        asked = self._clock()
        answer = await self.transport.send(
            Request("POST", f"{self.host}/oidc/v1/token", headers, body, label, timeout=_TOKEN_SECONDS)
        )
        found = _object(answer.body) if answer.status == 200 else {}
        token = found.get("access_token")
        if not isinstance(token, str) or not token:
            raise AuthenticationError(
                f"the workspace gave no token ({answer.status}); check DATABRICKS_HOST and the service principal's "
                "id and secret",
                status=answer.status,
                request=label,
            )
        seconds = float(found.get("expires_in") or 3600)
        self._token = token
        self._ends = asked + seconds
        self._due = asked + max(seconds - _EARLY, seconds / 2)


def _object(body: bytes) -> dict[str, Any]:
    try:
        found: Any = orjson.loads(body)
    except ValueError:
        return {}
    return cast("dict[str, Any]", found) if isinstance(found, dict) else {}

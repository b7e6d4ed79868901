"""An emulator of another process, told things and looked into over its control operations.

```python
with RemoteEmulator("http://127.0.0.1:8787") as emulator:
    emulator.seed({"people": [{"id": "u1"}]})
    emulator.advance(3_600)
```
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol, Self, cast

from ciokit.errors import ConfigurationError, ValidationError

if TYPE_CHECKING:
    from ciokit.emulator.seeds import Seed

_FIND_SECONDS = 2.0
_LONGEST_SECONDS = 120.0  # days of thousands of deliveries, in one request
_ALL = 1_000_000_000


class EmulatorControls(Protocol):
    """What can be asked of an emulator and told to it, wherever it runs."""

    def stats(self) -> dict[str, Any]:
        """Return counts of what it was asked, what became of that, and what its world holds."""
        ...

    def seed(self, given: Seed | Sequence[Mapping[str, Any]], /) -> list[dict[str, Any]]:
        """Put things into its world; return what had no effect."""
        ...

    def switch(self, changes: Mapping[str, Any], /) -> None:
        """Change how it behaves where the vendor is silent."""
        ...

    def let_live(self, changes: Mapping[str, Any], /) -> None:
        """Set some of what becomes of messages sent from now on."""
        ...

    def outbox(self) -> list[dict[str, Any]]:
        """Return what was sent, oldest first."""
        ...

    def advance(self, seconds: float, /) -> None:
        """Move its clock on; what was to happen until then happens."""
        ...


class RemoteEmulator:
    """The emulator that answers at a base URL, with the methods that one in this process has.

    Raises:
        ConfigurationError: no emulator answers there, now or later.
        ValidationError: the emulator does not take what it is told; the message is its own.
    """

    def __init__(self, base_url: str) -> None:
        import httpx2

        self.base_url = base_url.rstrip("/")
        self._failure = httpx2.HTTPError
        self._http = httpx2.Client(base_url=self.base_url, trust_env=False, timeout=_LONGEST_SECONDS)
        try:
            found = "by_route" in self.ask("GET", "stats", timeout=_FIND_SECONDS)
        except ValidationError:
            found = False
        except ConfigurationError:
            self._http.close()
            raise
        if not found:
            self._http.close()
            raise ConfigurationError(f"what answers at {self.base_url} is no emulator; `ciokit emulate` starts one")

    def __repr__(self) -> str:
        return f"RemoteEmulator({self.base_url!r})"

    def stats(self) -> dict[str, Any]:
        """Return counts of what it was asked, what became of that, and what its world holds."""
        return self.ask("GET", "stats")

    def seed(self, given: Seed | Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        """Put things into its world; return what had no effect. See `ciokit.emulator.seeds`."""
        without_effect: list[dict[str, Any]] = self.ask("POST", "seed", given)["without_effect"]
        return without_effect

    def switch(self, changes: Mapping[str, Any]) -> None:
        """Change how it behaves where the vendor is silent. See `ciokit.emulator.switches`."""
        self.ask("POST", "switches", changes)

    def let_live(self, changes: Mapping[str, Any]) -> None:
        """Set some of what becomes of messages sent from now on. See `ciokit.emulator.life`."""
        self.ask("POST", "life", changes)

    def outbox(self) -> list[dict[str, Any]]:
        """Return what was sent, oldest first."""
        sent: list[dict[str, Any]] = self.ask("GET", f"outbox?limit={_ALL}")["sent"]
        return sent

    def advance(self, seconds: float) -> None:
        """Move its clock on; what was to happen until then happens."""
        self.ask("POST", "clock", {"advance": seconds})

    def ask(self, method: str, control: str, body: Any = None, *, timeout: float | None = None) -> dict[str, Any]:
        """Return the answer of any of its controls, named as behind `/_emulator/`."""
        try:
            answer = self._http.request(method, f"/_emulator/{control}", json=body, timeout=timeout or _LONGEST_SECONDS)
            found: Any = answer.json()
            if answer.is_success and isinstance(found, dict):
                return cast("dict[str, Any]", found)
            refused: str = found["errors"][0]["detail"]
        except (self._failure, ValueError, LookupError, TypeError) as error:
            raise ConfigurationError(
                f"no emulator answers at {self.base_url} ({type(error).__name__}); start one with `ciokit emulate`"
            ) from None
        raise ValidationError(refused)

    def close(self) -> None:
        """Close the connection; the emulator goes on."""
        self._http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

"""One place to try things: the workspace your keys open, or an emulator of your own when there are none.

```python
with ciokit.open_workspace() as workspace:
    ann = workspace.unique("ann")
    workspace.client.identify(ann, {"plan": "pro"})
    workspace.settle()
    print(workspace.app.customers.attributes(ann))
```

The same lines run without an account and, once keys are set, against the service. Programs that must never fall back to
an emulator make a `CustomerIOClient` instead, which refuses to work without a key.
"""

from __future__ import annotations

from contextlib import ExitStack, closing, suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Self
from uuid import uuid4

from ciokit.app_api.client import AppClient
from ciokit.core.clock import Clock, SystemClock
from ciokit.errors import ConfigurationError
from ciokit.pipelines_api.client import CustomerIOClient
from ciokit.settings import Settings
from ciokit.surfaces import APP, PIPELINES, TRACK
from ciokit.track_api.client import TrackClient

if TYPE_CHECKING:
    from ciokit.emulator.app import Emulator
    from ciokit.emulator.remote import EmulatorControls

_KEY = "key-of-the-emulator"  # it takes any


def open_workspace(settings: Settings | None = None, *, clock: Clock | None = None) -> Workspace:
    """Open the workspace that the settings name, or start an emulator when they name none.

    `settings` are those of profile and environment unless given: `Settings.resolve(profile="staging")`. An emulator is
    started, in a thread and on a free port of this machine, when they hold no key and no `base_url`; its world is empty
    and ends with `close()`. With any of these the keys of Pipelines and App API are needed, and Track credentials only
    as a pair: raises `ConfigurationError` naming a missing one.
    """
    settings = settings or Settings.resolve()
    with ExitStack() as opened:
        emulator = None
        tracking = settings.site_id or settings.track_api_key
        if not (settings.api_key or settings.app_api_key or tracking or settings.base_url):
            emulator, base_url = _start(opened)
            settings = replace(settings, api_key=_KEY, app_api_key=_KEY, base_url=base_url, proxy=None)
            settings = replace(settings, site_id=_KEY, track_api_key=_KEY)
        client = opened.enter_context(CustomerIOClient(settings=settings))
        app = opened.enter_context(AppClient(settings=settings))
        track = opened.enter_context(TrackClient(settings=settings)) if tracking or emulator else None
        clock = clock or SystemClock()
        return Workspace(client, app, track, emulator=emulator, clock=clock, opened=opened.pop_all())


class Workspace:
    """A workspace to write to and to read back; made by `open_workspace`, ended by `close` or a `with` block.

    `client` writes (Data Pipelines), `app` reads and sends (App API), `track` writes, too, where there are Track
    credentials; `settings` are those of all.
    """

    def __init__(
        self,
        client: CustomerIOClient,
        app: AppClient,
        track: TrackClient | None,
        *,
        emulator: Emulator | None,
        clock: Clock,
        opened: ExitStack,
    ) -> None:
        self.client = client
        self.app = app
        self._track = track
        self._emulator = emulator
        self._remote: EmulatorControls | None = None
        self.settings = client.settings
        self._clock = clock
        self._opened = opened
        self._run = uuid4().hex[:8]

    def __repr__(self) -> str:
        return f"Workspace({', '.join(f'{name}={text!r}' for name, text in self.describe().items())})"

    @property
    def track(self) -> TrackClient:
        """The client of the Track API; raises `ConfigurationError` where there are no credentials for it."""
        if self._track is None:
            return TrackClient(settings=self.settings)  # which says what is missing and where it was looked for
        return self._track

    @property
    def emulator(self) -> EmulatorControls | None:
        """The emulator, to be told what no API can: the one that was started, or one that answers at the base URL.

        None for the service, and where something else answers. The world of one that was started can be looked at after
        the end, too.
        """
        if self._emulator is None and self._remote is None and self.settings.base_url is not None:
            from ciokit.emulator.remote import RemoteEmulator

            with suppress(ConfigurationError):
                self._remote = self._opened.enter_context(RemoteEmulator(self.settings.base_url))
        return self._emulator or self._remote

    def describe(self) -> dict[str, str]:
        """Return what this workspace is and where it is written to and read from; safe to print."""
        region, base_url = self.settings.region, self.settings.base_url
        kind = f"the service, region {region}, as your keys say"
        if base_url:
            kind = "an emulator started for this run" if self._emulator else "what answers at your base URL"
        described = {
            "workspace": kind,
            "pipelines": PIPELINES.base_url(region, base_url),
            "app": APP.base_url(region, base_url),
        }
        return {**described, "track": TRACK.base_url(region, base_url)} if self._track else described

    def unique(self, name: str) -> str:
        """Return `name` with a suffix that only this run has, so that trying things out touches nobody else's data."""
        return f"{name}-{self._run}"

    def settle(self, seconds: float = 5.0) -> None:
        """Wait until what was sent can be read back.

        The service takes one or two seconds for attributes and longer for activities (facts, section 3.2). Where
        `base_url` names something else, such as an emulator, there is nothing to wait for.
        """
        if self.settings.base_url is None:
            self._clock.sleep(seconds)

    def close(self) -> None:
        """Close the clients, and stop the emulator if one was started."""
        self._opened.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _start(opened: ExitStack) -> tuple[Emulator, str]:
    """Start an emulator that ends with `opened`, and return it with its address."""
    from ciokit.emulator.app import Emulator
    from ciokit.emulator.server import EmulatorServer

    emulator = opened.enter_context(closing(Emulator()))
    return emulator, opened.enter_context(EmulatorServer(emulator)).base_url

"""The table of every declared operation, of all APIs: what the emulator, the command line, the docs and tests read."""

from __future__ import annotations

from typing import Any

from ciokit.app_api.client import GROUPS as APP_GROUPS
from ciokit.core.endpoint import Declared, declared
from ciokit.pipelines_api.operations import Pipelines
from ciokit.track_api.client import GROUPS as TRACK_GROUPS

TABLE: tuple[Declared[..., Any], ...] = (
    *declared(Pipelines),
    *declared(*TRACK_GROUPS),
    *declared(*APP_GROUPS),
)

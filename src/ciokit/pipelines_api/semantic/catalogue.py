"""All semantic events by exact name, and by the vendor's groups; read from the modules that declare them."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType, ModuleType
from typing import Any, TypeGuard

from ciokit.pipelines_api.semantic import ecommerce, email, experiments, live_chat, mobile, operations, video
from ciokit.pipelines_api.semantic.event import SemanticEvent

Events = Mapping[str, SemanticEvent[Any]]


def _declared(module: ModuleType) -> Events:
    return MappingProxyType({each.name: each for each in vars(module).values() if _is_event(each)})


def _is_event(value: object) -> TypeGuard[SemanticEvent[Any]]:
    return isinstance(value, SemanticEvent)


GROUPS: Mapping[str, Events] = MappingProxyType(
    {
        "ecommerce": _declared(ecommerce),
        "email": _declared(email),
        "live_chat": _declared(live_chat),
        "mobile": _declared(mobile),
        "video": _declared(video),
        "ab_test": _declared(experiments),
        "operations": _declared(operations),
    }
)

EVENTS: Events = MappingProxyType({name: each for group in GROUPS.values() for name, each in group.items()})

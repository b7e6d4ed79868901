"""How the emulator answers each declared operation, one module per noun; importing this registers them all."""

from __future__ import annotations

from ciokit.emulator.behaviour import (
    activities,
    collections,
    customers,
    data_index,
    exports,
    imports,
    objects,
    reporting_webhooks,
    segments,
    senders,
    snippets,
    subscriptions,
    suppression,
    workspaces,
)

__all__ = [
    "activities",
    "collections",
    "customers",
    "data_index",
    "exports",
    "imports",
    "objects",
    "reporting_webhooks",
    "segments",
    "senders",
    "snippets",
    "subscriptions",
    "suppression",
    "workspaces",
]

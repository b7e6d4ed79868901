"""How the emulator answers each declared operation, one module per noun; importing this registers them all."""

from __future__ import annotations

from ciokit.emulator.behaviour import activities, customers, objects

__all__ = ["activities", "customers", "objects"]

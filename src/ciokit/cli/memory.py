"""Keeps the memory of a process that commits for weeks small and even; what it says is for that process alone.

A committer makes much and frees it again, in several threads and two allocators: delta-rs brings jemalloc, SQLite and
compression use that of the C library. Left alone, both keep what a compaction freed, once for each thread that ran one:
after half an hour that was half as much again as without.
"""

from __future__ import annotations

import ctypes
import gc
import os
from contextlib import suppress
from typing import Final

ALLOCATOR_VARIABLE: Final = "_RJEM_MALLOC_CONF"
"""What the jemalloc in delta-rs reads its options from when it is loaded."""

_ARENAS: Final = 2
_ARENA_MAX: Final = -8  # of glibc's malloc.h
_MMAP_THRESHOLD: Final = -3
_LARGE: Final = 128 << 10  # glibc's own, which it raises to 32 MiB by itself unless it is set


def calm_memory() -> None:
    """Look for cycles rarely, and let the allocators keep little; call it before delta-rs is loaded.

    The environment goes before what is set here.
    """
    # A batch is many small objects that live and go together, and the search is a third of the work on it.
    gc.set_threshold(200_000, 20, 50)
    os.environ.setdefault(ALLOCATOR_VARIABLE, f"narenas:{_ARENAS},dirty_decay_ms:1000,muzzy_decay_ms:0")
    with suppress(AttributeError, OSError):  # another C library: it has other habits
        set_option = ctypes.CDLL(None).mallopt
        if "MALLOC_ARENA_MAX" not in os.environ:
            set_option(_ARENA_MAX, _ARENAS)
        if "MALLOC_MMAP_THRESHOLD_" not in os.environ:
            set_option(_MMAP_THRESHOLD, _LARGE)

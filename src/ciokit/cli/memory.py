"""Settings of the garbage collector and of both allocators for `ciokit webhooks commit`, which runs for weeks.

delta-rs brings jemalloc; SQLite and compression use the C library's malloc. docs/decisions/0011 says why they are told
anything. Commands that end by themselves do without.
"""

from __future__ import annotations

import gc
import os
from contextlib import suppress
from typing import Final

ALLOCATOR_VARIABLE: Final = "_RJEM_MALLOC_CONF"
"""What the jemalloc in delta-rs reads its options from when it is loaded."""

_ARENAS: Final = 2  # chosen on two cores; the committer is seldom busy with more
_ARENA_MAX: Final = -8  # of glibc's malloc.h
_MMAP_THRESHOLD: Final = -3
_LARGE: Final = 128 << 10  # glibc's own, which it raises to 32 MiB by itself unless it is set


def calm_memory() -> None:
    """Look for cycles rarely, and let the allocators keep little; call it before delta-rs is loaded.

    What the allocators' own environment variables say, `MALLOC_...`, `GLIBC_TUNABLES` and `_RJEM_MALLOC_CONF`, stands.
    """
    # A batch is many small objects that live and go together, and the search is a third of the work on it.
    gc.set_threshold(200_000, 20, 50)
    own = os.environ.get(ALLOCATOR_VARIABLE)
    options = [f"narenas:{_ARENAS}", "dirty_decay_ms:1000", *([own] if own else [])]  # of two, the later one counts
    os.environ[ALLOCATOR_VARIABLE] = ",".join(options)
    told = " ".join([*os.environ, os.environ.get("GLIBC_TUNABLES", "")])
    # Without it: a Python built without libffi, or linked statically, or another C library, which has other habits.
    with suppress(ImportError, OSError, AttributeError):
        import ctypes

        set_option = ctypes.CDLL(None).mallopt
        if not ("MALLOC_ARENA_MAX" in told or "glibc.malloc.arena_max" in told):
            set_option(_ARENA_MAX, _ARENAS)
        if not ("MALLOC_MMAP_THRESHOLD_" in told or "glibc.malloc.mmap_threshold" in told):
            set_option(_MMAP_THRESHOLD, _LARGE)

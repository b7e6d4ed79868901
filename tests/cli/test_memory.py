"""The allocators of a process that commits keep little, as they say themselves."""

from __future__ import annotations

import platform
import re
import subprocess
import sys

import pytest

from ciokit.cli.memory import ALLOCATOR_VARIABLE

pytestmark = pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="other systems have other allocators")

OF_DELTA_RS = f"""
import os
from ciokit.cli.memory import calm_memory
calm_memory()
os.environ["{ALLOCATOR_VARIABLE}"] += ",stats_print:true"
import deltalake
"""

OF_C = """
import ctypes, sys, threading
from ciokit.cli.memory import calm_memory
if "calm" in sys.argv:
    calm_memory()
c = ctypes.CDLL(None)
c.malloc.restype = c.fdopen.restype = ctypes.c_void_p
c.malloc.argtypes, c.free.argtypes = [ctypes.c_size_t], [ctypes.c_void_p]
c.malloc_info.argtypes, c.fflush.argtypes = [ctypes.c_int, ctypes.c_void_p], [ctypes.c_void_p]
c.free(c.malloc(16 << 20))
kept = c.malloc(8 << 20)
meet = threading.Barrier(8)
def take():
    meet.wait()
    c.malloc(1000)
    meet.wait()
threads = [threading.Thread(target=take) for _ in range(8)]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
out = c.fdopen(1, b"w")
c.malloc_info(0, out)
c.fflush(out)
"""


def ran(code: str, *words: str) -> subprocess.CompletedProcess[str]:
    """Run code in a process of its own."""
    return subprocess.run([sys.executable, "-c", code, *words], capture_output=True, text=True, timeout=60, check=True)


@pytest.mark.parametrize(("own", "arenas"), [(None, "2"), ("narenas:3", "3")])
def test_delta_rs_gives_memory_back(own: str | None, arenas: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """It has few arenas and returns what is free within a second, unless the environment says otherwise."""
    monkeypatch.delenv(ALLOCATOR_VARIABLE, raising=False)
    if own:
        monkeypatch.setenv(ALLOCATOR_VARIABLE, own)
    options = dict(re.findall(r"opt\.(\w+): (\d+)", ran(OF_DELTA_RS).stderr))
    assert options["narenas"] == arenas
    assert own or (options["dirty_decay_ms"], options["muzzy_decay_ms"]) == ("1000", "0")


@pytest.mark.parametrize(
    ("words", "own", "few"), [((), {}, False), (("calm",), {}, True), (("calm",), {"MALLOC_ARENA_MAX": "8"}, False)]
)
def test_c_libraries_give_memory_back(
    words: tuple[str, ...], own: dict[str, str], few: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Eight threads have two arenas, and large pieces go back to the system when they are freed."""
    for name in ("MALLOC_ARENA_MAX", "MALLOC_MMAP_THRESHOLD_"):
        monkeypatch.delenv(name, raising=False)
    for name, value in own.items():
        monkeypatch.setenv(name, value)
    told = ran(OF_C, *words).stdout
    assert (told.count("<heap nr=") <= 2) is few
    pieces = re.search(r'<total type="mmap" count="\d+" size="(\d+)"', told)
    assert pieces
    assert (int(pieces[1]) > 8 << 20) is bool(words)

"""The allocators of a process that commits keep little, as they say themselves."""

from __future__ import annotations

import platform
import re
import subprocess
import sys
from pathlib import Path

import pytest

from ciokit.cli.memory import ALLOCATOR_VARIABLE
from tests.support.webhook_landing import events, record

pytestmark = pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="other systems have other allocators")

OF_DELTA_RS = f"""
import os, sys
class Asked:
    def find_spec(self, name, path=None, target=None):
        if name == "deltalake":
            os.environ["{ALLOCATOR_VARIABLE}"] = os.environ.get("{ALLOCATOR_VARIABLE}", "") + ",stats_print:true"
sys.meta_path.insert(0, Asked())
from ciokit.cli import main
sys.exit(main(["webhooks", "commit", "--journal", sys.argv[1], "--delta", sys.argv[2]]))
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


@pytest.mark.parametrize(("own", "arenas"), [("", "2"), ("narenas:3", "3")])
def test_delta_rs_gives_memory_back(own: str, arenas: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """While `commit` runs it has few arenas and returns what is free in a second; what the environment says stands."""
    monkeypatch.setenv(ALLOCATOR_VARIABLE, own)
    record(tmp_path / "journal", events(range(3)))
    told = ran(OF_DELTA_RS, str(tmp_path / "journal"), str(tmp_path / "tables")).stderr
    options = dict(re.findall(r"opt\.(\w+): (\d+)", told))
    assert (options["narenas"], options["dirty_decay_ms"]) == (arenas, "1000")


@pytest.mark.parametrize(
    ("words", "own", "few"),
    [
        ((), {}, False),
        (("calm",), {}, True),
        (("calm",), {"MALLOC_ARENA_MAX": "8"}, False),
        (("calm",), {"GLIBC_TUNABLES": "glibc.malloc.arena_max=8"}, False),
    ],
)
def test_c_libraries_give_memory_back(
    words: tuple[str, ...], own: dict[str, str], few: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Eight threads have two arenas, and large pieces go back to the system when they are freed."""
    for name in ("MALLOC_ARENA_MAX", "MALLOC_MMAP_THRESHOLD_", "GLIBC_TUNABLES"):
        monkeypatch.delenv(name, raising=False)
    for name, value in own.items():
        monkeypatch.setenv(name, value)
    told = ran(OF_C, *words).stdout
    assert (told.count("<heap nr=") <= 2) is few
    pieces = re.search(r'<total type="mmap" count="\d+" size="(\d+)"', told)
    assert pieces
    assert (int(pieces[1]) > 8 << 20) is bool(words)

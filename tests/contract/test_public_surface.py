"""What `import ciokit` promises: the names, and how little it costs."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import ciokit

ENGINES = ("httpx2", "h11", "numpy", "pandas", "pyarrow", "trustme", "pytest")
OPTIONAL = (
    *("hypothesis", "jsonschema_rs", "numpy", "pandas", "pyarrow", "rich", "shtab", "trustme"),
    *("arro3", "deltalake", "duckdb", "flask", "httptools", "prometheus_client", "uvicorn", "uvloop"),
)
MACHINERY = {"TYPE_CHECKING", "annotations", "import_module"}
# The pytest plugin: pytest is there when it is loaded. And a subclass of uvicorn's protocol, loaded to serve.
NOT_CORE = ("ciokit.testing", "ciokit.webhooks.http_limits")

MEASURE = "import time; a = time.process_time(); import {}; print(time.process_time() - a)"
LOADED = "import sys, ciokit; print([name for name in {!r} if name in sys.modules])"
IMPORT_ALL = """
import importlib, pkgutil, sys
class Missing:
    def find_spec(self, name, path=None, target=None):
        if name in {optional!r}:
            raise ModuleNotFoundError("No module named " + name, name=name)
sys.meta_path.insert(0, Missing())
import ciokit
names = [m.name for m in pkgutil.walk_packages(ciokit.__path__, "ciokit.") if not m.name.endswith("__main__")]
for name in names:
    if name not in {but!r}:
        importlib.import_module(name)
print(len(names))
"""


def _python(code: str) -> str:
    """Run code in a fresh interpreter and return what it prints."""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def _seconds(module: str) -> float:
    return float(_python(MEASURE.format(module)))


def test_all_lists_every_public_name() -> None:
    """`ciokit.__all__` is sorted, every name in it can be got, and no other public name is there."""
    assert list(ciokit.__all__) == sorted(ciokit.__all__)
    assert [name for name in ciokit.__all__ if not hasattr(ciokit, name)] == []
    modules = {name.removeprefix("ciokit.") for name in sys.modules if name.startswith("ciokit.")}
    public = {name for name in dir(ciokit) if name.isidentifier() and not name.startswith("_")}
    assert public - modules - MACHINERY == {name for name in ciokit.__all__ if not name.startswith("_")} - modules


def test_names_for_editors_are_the_names_at_run_time() -> None:
    """What type checkers see imported in `ciokit` is what is loaded on first use, from the same modules."""
    tree = ast.parse(Path(ciokit.__file__).read_text())
    guarded = next(node for node in tree.body if isinstance(node, ast.If)).body
    seen = {alias.name: node.module for node in guarded if isinstance(node, ast.ImportFrom) for alias in node.names}
    assert seen == ciokit._HOME
    assert set(seen) == set(ciokit.__all__)


def test_import_loads_no_client_and_no_engine() -> None:
    """After `import ciokit` no HTTP client, parser or data engine is loaded."""
    assert _python(LOADED.format(ENGINES)) == "[]"


def test_import_starts_no_thread() -> None:
    """After `import ciokit` there is one thread."""
    assert _python("import ciokit, threading; print(threading.active_count())") == "1"


def test_import_costs_at_most_half_of_the_http_client() -> None:
    """The CPU time of `import ciokit` is at most half of that of `import httpx2`, the best of five runs each."""
    pairs = [(_seconds("ciokit"), _seconds("httpx2")) for _ in range(5)]
    own, client = (min(times) for times in zip(*pairs, strict=True))
    assert own <= client / 2, f"import ciokit took {own * 1000:.0f} ms of CPU, import httpx2 {client * 1000:.0f} ms"


def test_core_install_is_enough_to_import_every_module() -> None:
    """Every module of ciokit can be imported where nothing but the core dependencies is installed."""
    assert int(_python(IMPORT_ALL.format(optional=OPTIONAL, but=NOT_CORE))) > len(NOT_CORE)

"""Rules for Python files that neither ruff nor the type checkers hold; docs/standards/python.md tells them in words."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator

import pytest

LONGEST_MODULE = 400
OWN_CODE = ("src/", "tests/", "demo/", "benchmarks/", "chaos/", "notebooks/")

_EXCEPTION = re.compile(r"#\s*(?:noqa|type: ?ignore|pyright: ?ignore)[^\s#\]]*(?: ?[A-Z]+\d+,?)*\]?(?P<reason>.*)")
_CHECKING = ("assert", "check", "expect", "validate")

Rule = Callable[[str, ast.Module, str], Iterator[str]]


def no_docstring(name: str, tree: ast.Module, _text: str) -> Iterator[str]:
    """A module starts with a docstring that lets a stranger skip it."""
    if tree.body and not ast.get_docstring(tree):
        yield f"{name}: no module docstring"


def too_long(name: str, _tree: ast.Module, text: str) -> Iterator[str]:
    """A module of the package has at most 400 lines."""
    lines = text.count("\n")
    if name.startswith("src/") and lines > LONGEST_MODULE:
        yield f"{name}: {lines} lines, at most {LONGEST_MODULE}"


def environment_read(name: str, tree: ast.Module, _text: str) -> Iterator[str]:
    """Only settings and the command line read the environment."""
    if not name.startswith("src/") or name == "src/ciokit/settings.py" or name.startswith("src/ciokit/cli"):
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and node.attr in {"environ", "environb", "getenv"} and _root(node) == "os":
            yield f"{name}:{node.lineno}: os.{node.attr}"
        if isinstance(node, ast.ImportFrom) and node.module == "os":
            yield from (f"{name}:{node.lineno}: os.{a.name}" for a in node.names if a.name in {"environ", "getenv"})


def fatal_arrow(name: str, tree: ast.Module, _text: str) -> Iterator[str]:
    """Delta tables are not read through these two methods: they can abort the interpreter at exit."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and node.attr in {"to_pyarrow_table", "to_pyarrow_dataset"}:
            yield f"{name}:{node.lineno}: {node.attr}"


def unexplained_exception(name: str, _tree: ast.Module, text: str) -> Iterator[str]:
    """Where a checker is told to look away, the line says why."""
    for number, line in enumerate(text.splitlines(), 1):
        if name.startswith("src/") and (found := _EXCEPTION.search(line)) and not found["reason"].strip(" -#"):
            yield f"{name}:{number}: {found[0]}"


def unexplained_test(name: str, tree: ast.Module, _text: str) -> Iterator[str]:
    """A test's docstring states the fact tested."""
    for test in _tests(name, tree):
        if not ast.get_docstring(test):
            yield f"{name}:{test.lineno}: {test.name} has no docstring"


def empty_test(name: str, tree: ast.Module, _text: str) -> Iterator[str]:
    """A test can fail: it asserts, expects an error, or calls what is named check, expect, assert or validate."""
    for test in _tests(name, tree):
        if not any(_checks(node) for node in ast.walk(test)):
            yield f"{name}:{test.lineno}: {test.name} cannot fail"


def undeclared_live_test(name: str, tree: ast.Module, _text: str) -> Iterator[str]:
    """A live test declares by a marker of its own whether it is read-only or mutating."""
    for test in _tests(name, tree) if name.startswith("tests/live/") else ():
        marks = [ast.unparse(each) for each in test.decorator_list]
        if len({"pytest.mark.read_only", "pytest.mark.mutating"}.intersection(marks)) != 1:
            yield f"{name}:{test.lineno}: {test.name} is not marked read_only or mutating, or is both"


def own_code_patched(name: str, tree: ast.Module, _text: str) -> Iterator[str]:
    """Tests act at the wire or the file; no part of ciokit is replaced in a test."""
    if not name.startswith("tests/"):
        return
    imports = [n for n in ast.walk(tree) if isinstance(n, ast.Import | ast.ImportFrom)]
    own = {a.asname or a.name.partition(".")[0] for n in imports for a in n.names if _from_ciokit(n, a.name)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.args:
            target = node.args[0]
            quoted = isinstance(target, ast.Constant) and str(target.value).startswith("ciokit")
            if node.func.attr in {"setattr", "delattr", "patch", "object"} and (quoted or _root(target) in own):
                yield f"{name}:{node.lineno}: {node.func.attr} on ciokit"


def _from_ciokit(node: ast.Import | ast.ImportFrom, name: str) -> bool:
    module = (node.module or "") if isinstance(node, ast.ImportFrom) else name
    return module.partition(".")[0] == "ciokit"


def _root(node: ast.expr) -> str:
    while isinstance(node, ast.Attribute):
        node = node.value
    return node.id if isinstance(node, ast.Name) else ""


def _tests(name: str, tree: ast.Module) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    if name.startswith("tests/") and name.rpartition("/")[2].startswith("test_"):
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_"):
                yield node


def _checks(node: ast.AST) -> bool:
    if isinstance(node, ast.Assert | ast.Raise):
        return True
    if not isinstance(node, ast.Call):
        return False
    if any(k.arg == "check" and getattr(k.value, "value", False) is True for k in node.keywords):
        return True  # a process that must end well
    called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
    return called in {"raises", "warns", "fail"} or called.lstrip("_").startswith(_CHECKING)


BAD: dict[Rule, tuple[str, str]] = {
    no_docstring: ("src/ciokit/a.py", "x = 1\n"),
    too_long: ("src/ciokit/a.py", '"""A."""\n' + "x = 1\n" * LONGEST_MODULE),
    environment_read: ("src/ciokit/a.py", "import os\nkey = os.environ['A']\n"),
    fatal_arrow: ("demo/a.py", "table.to_pyarrow_table()\n"),
    unexplained_exception: ("src/ciokit/a.py", "x = f()  # type: ignore[arg-type]\n"),
    unexplained_test: ("tests/test_a.py", "def test_a():\n    assert f()\n"),
    empty_test: ("tests/test_a.py", "def test_a():\n    f()\n"),
    undeclared_live_test: ("tests/live/test_a.py", "@pytest.mark.sends\ndef test_a(workspace):\n    assert f()\n"),
    own_code_patched: ("tests/test_a.py", "from ciokit import values\nmonkeypatch.setattr(values, 'encode', f)\n"),
}


@pytest.mark.parametrize("rule", BAD, ids=lambda rule: rule.__name__)
def test_every_module_keeps(rule: Rule, texts: dict[str, str]) -> None:
    """Every Python file keeps the rule."""
    modules = {n: text for n, text in texts.items() if n.endswith(".py") and n.startswith(OWN_CODE)}
    offences = [offence for name, text in modules.items() for offence in rule(name, ast.parse(text), text)]
    assert offences == []


@pytest.mark.parametrize("rule", BAD, ids=lambda rule: rule.__name__)
def test_rule_can_fail(rule: Rule) -> None:
    """Each rule finds what it forbids."""
    name, text = BAD[rule]
    assert list(rule(name, ast.parse(text), text))

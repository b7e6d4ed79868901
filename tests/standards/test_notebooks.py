"""Rules for notebooks; docs/standards/notebooks.md tells them in words."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

LONGEST_CELL = 15

Cell = dict[str, Any]

_SECRET = re.compile(r"(?i)(?:^|_)(?:key|token|secret|password)$")
_LOGIC = (
    ast.FunctionDef,
    ast.AsyncFunctionDef,
    ast.ClassDef,
    ast.Lambda,
    ast.If,
    ast.While,
    ast.Try,
    ast.TryStar,
    ast.Match,
)


def offences(notebook: dict[str, Any]) -> Iterator[str]:
    """Yield what a notebook does against the rules."""
    if notebook["metadata"].get("kernelspec", {}).get("name") != "python3":
        yield "the kernel is not python3"
    kinds = [cell["cell_type"] for cell in notebook["cells"]]
    for number, cell in enumerate(notebook["cells"]):
        if cell["cell_type"] == "code":
            around = [kinds[at] if 0 <= at < len(kinds) else "nothing" for at in (number - 1, number + 1)]
            if around != ["markdown", "markdown"]:
                yield f"cell {number}: needs a sentence before and after"
            yield from (f"cell {number}: {offence}" for offence in _code_offences(cell))
    if kinds[:1] != ["markdown"] or not _source(notebook["cells"][0]).startswith("# "):
        yield "does not start with a title"


def _source(cell: Cell) -> str:
    return "".join(cell["source"])


def _code_offences(cell: Cell) -> Iterator[str]:
    if cell["outputs"] or cell["execution_count"] is not None:
        yield "has saved outputs"
    lines = _source(cell).splitlines()
    if len(lines) > LONGEST_CELL:
        yield f"{len(lines)} lines, at most {LONGEST_CELL}"
    try:
        tree = ast.parse(_source(cell))
    except SyntaxError:
        yield "is not plain Python"
        return
    if not tree.body:
        yield "is empty"
    for node in ast.walk(tree):
        yield from _node_offences(node)


def _node_offences(node: ast.AST) -> Iterator[str]:
    if isinstance(node, _LOGIC):
        yield f"holds logic ({type(node).__name__.lower()})"
    if isinstance(node, ast.For | ast.AsyncFor) and not (len(node.body) == 1 and isinstance(node.body[0], ast.Expr)):
        yield "a loop does more than one call"
    if isinstance(node, ast.Attribute) and node.attr == "path" and getattr(node.value, "id", "") == "sys":
        yield "touches sys.path"
    if isinstance(node, ast.keyword) and _SECRET.search(node.arg or "") and _is_text(node.value):
        yield f"hard-codes {node.arg}"
    if isinstance(node, ast.Assign) and _is_text(node.value):
        for target in node.targets:
            if isinstance(target, ast.Name) and _SECRET.search(target.id):
                yield f"hard-codes {target.id}"
    if isinstance(node, ast.Call) and node.args and _is_text(node.args[0]):
        called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        if called.endswith("Client"):
            yield f"hard-codes the key of {called}"


def _is_text(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value != ""


def _code(source: str, **extra: Any) -> Cell:
    return {"cell_type": "code", "source": source, "outputs": [], "execution_count": None, **extra}


def _notebook(*cells: Cell, kernel: str = "python3") -> dict[str, Any]:
    return {"metadata": {"kernelspec": {"name": kernel}}, "cells": list(cells)}


TITLE: Cell = {"cell_type": "markdown", "source": ["# A page"]}
TEXT: Cell = {"cell_type": "markdown", "source": ["Some text."]}

BAD = {
    "the kernel is not python3": _notebook(TITLE, kernel="spark"),
    "does not start with a title": _notebook(TEXT),
    "cell 1: needs a sentence before and after": _notebook(TITLE, _code("1")),
    "cell 1: has saved outputs": _notebook(TITLE, _code("1", execution_count=3), TEXT),
    "cell 1: 16 lines, at most 15": _notebook(TITLE, _code("a = 1\n" * 16), TEXT),
    "cell 1: is not plain Python": _notebook(TITLE, _code("%pip install x"), TEXT),
    "cell 1: is empty": _notebook(TITLE, _code("# nothing"), TEXT),
    "cell 1: holds logic (functiondef)": _notebook(TITLE, _code("def f():\n    return 1"), TEXT),
    "cell 1: holds logic (try)": _notebook(TITLE, _code("try:\n    f()\nexcept OSError:\n    g()"), TEXT),
    "cell 1: a loop does more than one call": _notebook(TITLE, _code("for a in b:\n    f(a)\n    g(a)"), TEXT),
    "cell 1: touches sys.path": _notebook(TITLE, _code("import sys\nsys.path.append('x')"), TEXT),
    "cell 1: hard-codes api_key": _notebook(TITLE, _code("f(api_key='abc')"), TEXT),
    "cell 1: hard-codes TOKEN": _notebook(TITLE, _code("TOKEN = 'abc'"), TEXT),
    "cell 1: hard-codes the key of CustomerIOClient": _notebook(TITLE, _code("CustomerIOClient('abc')"), TEXT),
}


@pytest.mark.parametrize("offence", BAD)
def test_rule_can_fail(offence: str) -> None:
    """Each rule finds what it forbids, and only that."""
    assert list(offences(BAD[offence])) == [offence]


def test_every_notebook_keeps_the_rules(texts: dict[str, str]) -> None:
    """Every notebook of the repository keeps every rule."""
    found = [
        f"{name}: {offence}"
        for name, text in texts.items()
        if name.endswith(".ipynb")
        for offence in offences(json.loads(text))
    ]
    assert found == []


def test_a_well_kept_notebook_has_no_offence() -> None:
    """A loop that only calls is allowed, and so is a client that finds its own key."""
    page = _notebook(TITLE, _code("client = CustomerIOClient()\nfor row in rows:\n    client.track(row)"), TEXT)
    assert list(offences(page)) == []

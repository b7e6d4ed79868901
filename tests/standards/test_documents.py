"""Rules for the documents: commands and links that exist, promises held by real tests, decisions of one page."""

from __future__ import annotations

import ast
import re
from pathlib import Path

PAGE = 60

_ROW = re.compile(r"^\|(?P<promise>[^|]+)\|(?P<tests>[^|]+)\|\s*$", re.MULTILINE)
_MAKE = re.compile(r"(?:^|[`;&$])\s*make ([a-z-]+)\b", re.MULTILINE)
_FENCE = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\]\((?!\w+:|#)([^)#\s]+)[^)]*\)")


def _targets(root: Path) -> set[str]:
    return set(re.findall(r"^([a-z-]+):", (root / "Makefile").read_text(), re.MULTILINE))


def _tests_of(text: str) -> set[str]:
    found: set[str] = set()
    for node in ast.parse(text).body:
        if isinstance(node, ast.ClassDef):
            found |= {
                f"{node.name}::{n.name}" for n in node.body if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef)
            }
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            found.add(node.name)
    return found


def _promises(text: str) -> list[tuple[str, list[str]]]:
    rows = [(row["promise"].strip(), re.findall(r"`([^`]+)`", row["tests"])) for row in _ROW.finditer(text)]
    return [(promise, tests) for promise, tests in rows if promise not in {"Promise", "---"}]


def test_every_promise_names_a_test_that_exists(root: Path, texts: dict[str, str]) -> None:
    """Each row of docs/requirements.md names at least one test, and each test named is there."""
    promises = _promises(texts["docs/requirements.md"])
    broken = [promise for promise, tests in promises if not tests]
    for promise, tests in promises:
        for test in tests:
            file, _, function = test.partition("::")
            known = f"make {file.removeprefix('make ')}" == test and test.removeprefix("make ") in _targets(root)
            if not known and (file not in texts or function not in _tests_of(texts[file])):
                broken.append(f"{promise}: {test}")
    assert promises
    assert broken == []


def test_decision_records_are_numbered_and_fit_a_page(texts: dict[str, str]) -> None:
    """Decision records are 0001-why.md, 0002-why.md ..., each with a title and at most 60 lines."""
    records = {
        name.rpartition("/")[2]: text
        for name, text in texts.items()
        if name.startswith("docs/decisions/") and not name.endswith("README.md")
    }
    odd = [name for name in records if not re.fullmatch(r"\d{4}-[a-z0-9-]+\.md", name)]
    assert odd == []
    assert [int(name[:4]) for name in sorted(records)] == list(range(1, len(records) + 1))
    assert [name for name, text in records.items() if not text.startswith("# ")] == []
    assert [name for name, text in records.items() if text.count("\n") > PAGE] == []


def test_make_commands_in_documents_exist(root: Path, texts: dict[str, str]) -> None:
    """Every `make x` that a document's code names is a target of the Makefile."""
    targets = _targets(root)
    assert {"setup", "demo", "test", "lint", "types", "bench", "conformance", "lab", "clean"} <= targets
    unknown = [
        f"{name}: make {target}"
        for name, text in texts.items()
        if name.endswith(".md")
        for code in [*_FENCE.findall(text), *re.findall(r"`[^`\n]+`", text)]
        for target in _MAKE.findall(code)
        if target not in targets
    ]
    assert unknown == []


def test_links_between_documents_lead_somewhere(root: Path, texts: dict[str, str]) -> None:
    """Every relative link in a document leads to a file or folder of the repository."""
    dead = [
        f"{name}: {link}"
        for name, text in texts.items()
        if name.endswith(".md")
        for link in _LINK.findall(_FENCE.sub("", text))
        if not ((root / name).parent / link).exists()
    ]
    assert dead == []


def test_requirement_rows_are_read_as_promise_and_tests() -> None:
    """A row without a test, or with two, is read as such."""
    table = "| Promise | Held by |\n| --- | --- |\n| It works. |  |\n| It lasts. | `a.py::b`, `c.py::d` |\n"
    assert _promises(table) == [("It works.", []), ("It lasts.", ["a.py::b", "c.py::d"])]

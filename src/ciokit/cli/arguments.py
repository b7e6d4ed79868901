"""A declaration as arguments of a command, and what was typed as arguments of a call; nothing is listed twice.

Names, types, choices and requiredness come from the signature, the words from the docstring.
"""

from __future__ import annotations

import argparse
import inspect
import re
import sys
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Literal, cast, get_args, get_origin, get_type_hints, is_typeddict

from ciokit.cli import exact
from ciokit.cli.words import words_for
from ciokit.core import codec
from ciokit.core.endpoint import Declared, In
from ciokit.errors import ValidationError

_NAMES: Mapping[Any, str] = {int: "a whole number", float: "a number", bool: "true or false", datetime: "a time"}
_EMPTY = inspect.Parameter.empty
_ENTRY = re.compile(r" {4}(\w+): (.*)")


@dataclass(frozen=True)
class Parameter:
    """One argument of an operation: `place` is None for a message's, which travels inside its body."""

    name: str
    hint: Any
    place: In | None
    required: bool
    default: Any = None
    words: str = ""

    @property
    def option(self) -> str:
        """What it is called on the command line."""
        if self.place is In.BODY:
            return "--body"
        name = codec.wire_name(self.name).replace("_", "-")
        return name if self.place is In.PATH else f"--{name}"

    @property
    def kinds(self) -> list[Any]:
        """The types it may have."""
        return codec.alternatives(self.hint)

    @property
    def member(self) -> Any:
        """The type of one value, where it is given as often as there are values; otherwise None."""
        lists = [kind for kind in self.kinds if get_origin(kind) is list]
        return get_args(lists[0])[0] if lists and self.place is not In.BODY else None

    @property
    def nullable(self) -> bool:
        """Whether it must be there and may be None, such as the id of somebody anonymous."""
        return self.default is _EMPTY and not self.required

    @property
    def dest(self) -> str:
        """Where argparse keeps it, apart from the names that every command has."""
        return f"argument {self.name}"


@dataclass(frozen=True)
class Words:
    """What a docstring says: its first line, all of it but the arguments, and each argument's part."""

    summary: str
    description: str
    arguments: Mapping[str, str]


def words_of(docstring: str | None) -> Words:
    """Take a docstring in Google's style apart."""
    lines = inspect.cleandoc(docstring or "").splitlines()
    kept: list[str] = []
    arguments: dict[str, str] = {}
    name, inside = "", False
    for line in lines:
        if line and not line.startswith(" "):
            inside = line == "Args:"
        if not inside:
            kept.append(line)
        elif entry := _ENTRY.fullmatch(line):
            name, arguments[entry[1]] = entry[1], entry[2]
        elif name and line.startswith(" " * 5):
            arguments[name] += " " + line.strip()
    description = re.sub(r"\n{3,}", "\n\n", "\n".join(kept)).strip()
    return Words(kept[0] if kept else "", description, arguments)


def of_operation(operation: Declared[..., Any]) -> list[Parameter]:
    """Return the arguments of a declared operation, in order."""
    route, said = operation.route, words_of(operation.__doc__).arguments
    words = {name: words_for(name, said.get(name, ""), codec.alternatives(hint)) for name, hint in route.types.items()}
    return [
        _parameter(name, given, route.types[name], route.where[name], words)
        for name, given in operation.signature.parameters.items()
    ]


def of_builder(build: Callable[..., Any]) -> list[Parameter]:
    """Return the arguments of a function that builds a message, its options one by one."""
    words = words_of(build.__doc__).arguments
    hints = get_type_hints(build)
    found: list[Parameter] = []
    for name, given in inspect.signature(build).parameters.items():
        hint = hints[name]
        if given.kind is inspect.Parameter.VAR_KEYWORD:
            options: Any = get_args(hint)[0]
            about = _options_words(options)
            found += [
                Parameter(key, kind, None, required=False, words=about.get(key, ""))
                for key, kind in get_type_hints(options).items()
            ]
        else:
            found.append(_parameter(name, given, hint, None, words))
    return found


def _parameter(name: str, given: inspect.Parameter, hint: Any, place: In | None, words: Mapping[str, str]) -> Parameter:
    required = given.default is _EMPTY and type(None) not in get_args(hint)
    return Parameter(name, hint, place, required, given.default, words.get(name, ""))


def _options_words(options: Any) -> dict[str, str]:
    """Return what the docstrings of a TypedDict and those it extends say of each key, as "- `key`: words".

    Which it extends is not known at run time before Python 3.12: they are those of its module with nothing more.
    """
    found: dict[str, str] = {}
    for kind in vars(sys.modules[options.__module__]).values():
        if is_typeddict(kind) and get_type_hints(kind).keys() <= get_type_hints(options).keys():
            text = " ".join(inspect.cleandoc(kind.__doc__ or "").split())
            for item in re.split(r"(?:^|\s)- (?=`\w+`:)", text)[1:]:
                name, _, said = item.partition(":")
                found[name.strip("`")] = said.strip()
    return found


# To argparse


def add(parser: argparse.ArgumentParser, parameters: Iterable[Parameter], *, insist: bool = True) -> None:
    """Add arguments to a command; without `insist` none is asked for, since the whole body can be given instead."""
    for parameter in parameters:
        _add(parser, parameter, insist=insist)


def _add(parser: argparse.ArgumentParser, parameter: Parameter, *, insist: bool) -> None:
    kinds = codec.alternatives(parameter.member) if parameter.member is not None else parameter.kinds
    options: dict[str, Any] = {"help": _help(parameter, kinds)}
    if parameter.place is In.PATH:
        options["metavar"] = parameter.option
        parser.add_argument(parameter.dest, choices=_choices(kinds), **options)
        return
    options |= {"dest": parameter.dest, "required": parameter.required and insist}
    if kinds == [bool] and parameter.member is None:
        parser.add_argument(parameter.option, action=argparse.BooleanOptionalAction, **options)
        return
    choices = _choices(kinds)
    if parameter.member is not None:
        options["action"] = "append"
    options["metavar"] = None if choices else _metavar(kinds, from_files=_reads_files(parameter))
    parser.add_argument(parameter.option, choices=choices, **options)


def _choices(kinds: list[Any]) -> list[str] | None:
    """Return the texts to choose from, where nothing else is allowed."""
    if any(get_origin(kind) is not Literal for kind in kinds):
        return None
    return [str(choice) for kind in kinds for choice in get_args(kind)]


def _metavar(kinds: list[Any], *, from_files: bool) -> str:
    if any(map(_is_nested, kinds)):
        return "JSON"
    if Path in kinds or bytes in kinds:
        return "FILE"
    if str in kinds:
        return "TEXT" if from_files else "VALUE"
    return "TIME" if datetime in kinds else "N"


def _help(parameter: Parameter, kinds: list[Any]) -> str:
    parts = [parameter.words.rstrip(".")] if parameter.words else []
    if parameter.member is not None:
        parts.append("may be repeated")
    open_choices = [str(choice) for kind in kinds if get_origin(kind) is Literal for choice in get_args(kind)]
    if open_choices and _choices(kinds) is None:
        parts.append(f"such as {', '.join(open_choices)}")
    if parameter.default not in (_EMPTY, None):
        default = str(parameter.default).lower() if isinstance(parameter.default, bool) else parameter.default
        parts.append(f"left out: {default}")
    return "; ".join(parts).replace("%", "%%")


def _is_nested(kind: Any) -> bool:
    return kind is Any or kind is dict or is_typeddict(kind) or get_origin(kind) in (dict, list, Mapping)


def _reads_files(parameter: Parameter) -> bool:
    """Whether text may come from a file; in paths, queries and headers an @ is nothing but an @."""
    return parameter.place in (In.FIELD, In.BODY, None) and str in (*parameter.kinds, parameter.member)


def legend(parameters: Iterable[Parameter]) -> str:
    """Return how the values that may come from files are written, if there are any."""
    metavars = {
        _metavar(alternatives, from_files=_reads_files(each))
        for each in parameters
        for alternatives in [codec.alternatives(each.member) if each.member is not None else each.kinds]
    }
    lines = {"JSON": "JSON: as it is, @file, or - for standard input", "TEXT": "TEXT: as it is (@@ for @), or @file"}
    return "\n".join(line for metavar, line in lines.items() if metavar in metavars)


# And back


class Reader:
    """Reads what was typed: texts, and what `@file` and `-` stand for; standard input can be read once."""

    def __init__(self) -> None:
        self._taken = False

    def arguments(self, parameters: Iterable[Parameter], typed: argparse.Namespace) -> dict[str, Any]:
        """Return the arguments of the call; one that was not given is left out, or None if it must be there."""
        found: dict[str, Any] = {}
        for parameter in parameters:
            given = getattr(typed, parameter.dest)
            if given is not None:
                found[parameter.name] = self._converted(parameter, given)
            elif parameter.nullable:
                found[parameter.name] = None
        return found

    def json(self, text: str, name: str) -> Any:
        """Return the JSON that a text is or names."""
        try:
            return exact.decode(self._content(text, name))
        except ValidationError as error:
            raise ValidationError(error.message, field=name) from None

    def _converted(self, parameter: Parameter, given: Any) -> Any:
        if isinstance(given, bool):
            return given
        if parameter.member is None:
            return self._value(parameter, parameter.kinds, given)
        members: list[Any] = []
        for text in given:
            members += self._members(parameter, codec.alternatives(parameter.member), text)
        return members

    def _members(self, parameter: Parameter, kinds: list[Any], text: str) -> list[Any]:
        """Return the values one use of a repeatable option stands for: a JSON list and a file of lines hold many."""
        if any(map(_is_nested, kinds)):
            value = self.json(text, parameter.option)
            return cast("list[object]", value) if isinstance(value, list) else [value]
        if _reads_files(parameter) and text.startswith("@") and not text.startswith("@@"):
            lines = self._text(text, parameter.option).splitlines()
            return [self._scalar(parameter, kinds, line) for line in lines if line.strip()]
        return [self._value(parameter, kinds, text)]

    def _value(self, parameter: Parameter, kinds: list[Any], text: str) -> Any:
        if any(map(_is_nested, kinds)) and (str not in kinds or text.startswith(("{", "[", "@"))):
            return self.json(text, parameter.option)
        if Path in kinds or bytes in kinds:
            return self._upload(parameter, kinds, text)
        if _reads_files(parameter) and text.startswith("@"):
            text = self._text(text, parameter.option)
        return self._scalar(parameter, kinds, text)

    def _scalar(self, parameter: Parameter, kinds: list[Any], text: str) -> Any:
        # Text that may stay text is not taken apart: a time keeps every digit it is typed with.
        for kind in (each for each in kinds if each is not datetime or str not in kinds):
            with suppress(ValueError):
                return _as(kind, text)
        names = " or ".join(_NAMES.get(kind, str(kind)) for kind in kinds)
        raise ValidationError(f"must be {names}", field=parameter.option)

    def _upload(self, parameter: Parameter, kinds: list[Any], text: str) -> Any:
        name = text.removeprefix("@")
        if name == "-" and bytes in kinds:
            return self._content("-", parameter.option)
        return Path(name) if Path in kinds else self._content(f"@{name}", parameter.option)

    def _text(self, text: str, name: str) -> str:
        if text.startswith("@@"):
            return text[1:]
        try:
            return self._content(text, name).decode()
        except UnicodeDecodeError:
            raise ValidationError("is not UTF-8 text", field=name) from None

    def _content(self, text: str, name: str) -> bytes:
        """Return the bytes that a text is, or those of the file it names."""
        if text in ("-", "@-"):
            if self._taken:
                raise ValidationError("reads standard input, which another argument has read already", field=name)
            self._taken = True
            try:
                return sys.stdin.buffer.read()
            except (AttributeError, OSError) as error:  # there is no `sys.stdin` where the shell has closed it
                text = f"standard input cannot be read ({type(error).__name__}); give a file with @"
                raise ValidationError(text, field=name) from None
        if not text.startswith("@"):
            return text.encode()
        try:
            return Path(text[1:]).read_bytes()
        except OSError as error:
            hint = "give the path of a file; text that begins with @ is written @@"
            raise ValidationError(f"cannot be read ({type(error).__name__}); {hint}", field=name) from None


def _as(kind: Any, text: str) -> Any:
    """Return a text as a value of one type; raise `ValueError` if it is none."""
    if kind is str:
        return text
    if kind is datetime:
        return datetime.fromisoformat(text)
    if kind in (int, float):
        return kind(text)
    choices = (True, False) if kind is bool else get_args(kind) if get_origin(kind) is Literal else ()
    found = [choice for choice in choices if str(choice).lower() == text.lower()]
    if len(found) != 1:
        raise ValueError(text)
    return found[0]

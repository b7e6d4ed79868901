"""Bodies and subjects filled in: Liquid by `python-liquid` where it is installed, otherwise the template as it is."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from importlib.util import find_spec
from typing import Any

Render = Callable[[Mapping[str, Any]], str]

_LOOPS = 100_000
_BYTES = 5_000_000
# The vendor's own tags, which stand for a link in every message.
_LINK_TAGS = re.compile(r"\{%-?\s*(unsubscribe_url|manage_subscription_preferences_url|view_in_browser_url)\s*-?%\}")
_LINKS: Mapping[str, str] = {
    "unsubscribe_url": "https://emulator.invalid/unsubscribe",
    "manage_subscription_preferences_url": "https://emulator.invalid/preferences",
    "view_in_browser_url": "https://emulator.invalid/view",
}
_HREF = re.compile(r"""href\s*=\s*["'](https?://[^"'\s]+)["']""", re.IGNORECASE)
_BARE = re.compile(r"""https?://[^\s"'<>)]+""")


class TemplateFault(Exception):  # noqa: N818 - it becomes a delivery that failed, not a failure of the emulator
    """A template that cannot be filled in."""


def rendered(template: str, given: Mapping[str, Any], *, strict: bool = False) -> str:
    """Return a template filled in; names that are not there leave a blank, or are a fault with `strict`.

    Raises `TemplateFault` for wrong Liquid.
    """
    if "{{" not in template and "{%" not in template:
        return template
    if find_spec("liquid") is None:
        return template
    return _parsed(template, strict)({**_LINKS, **given})


def fault(template: str) -> str:
    """Return what is wrong with the Liquid of a template, or ""."""
    if find_spec("liquid") is None:
        return ""
    try:
        _parsed(template, strict=False)
    except TemplateFault as found:
        return str(found)
    return ""


def links_in(body: str) -> list[str]:
    """Return the links of a rendered body that can be clicked, each once, without those that every message has."""
    found = _HREF.findall(body) or _BARE.findall(body)
    return [link for link in dict.fromkeys(found) if link not in _LINKS.values()]


@lru_cache(maxsize=256)
def _parsed(template: str, strict: bool) -> Render:
    from liquid import Environment, StrictUndefined, Undefined
    from liquid.exceptions import LiquidError, UndefinedError

    class Bounded(Environment):
        loop_iteration_limit = _LOOPS
        output_stream_limit = _BYTES

    try:
        parsed = Bounded(undefined=StrictUndefined if strict else Undefined).from_string(
            _LINK_TAGS.sub(r"{{ \1 }}", template)
        )
    except LiquidError as error:
        raise TemplateFault(f"the Liquid is wrong ({type(error).__name__})") from None

    def render(given: Mapping[str, Any]) -> str:
        try:
            return parsed.render(**given)
        except LiquidError as error:
            said = f": {error.args[0]}" if isinstance(error, UndefinedError) else ""  # a name, never a value
            raise TemplateFault(f"the Liquid cannot be filled in ({type(error).__name__}{said})") from None

    return render

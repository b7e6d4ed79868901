"""Rules for every file: no emojis, no traces of the machine it was written on, nothing that looks like a secret."""

from __future__ import annotations

import re

import pytest

_HEX = "0123456789abcdef"

RULES = {
    "an emoji": re.compile("[\u2600-\u27bf\u2b00-\u2bff\ufe0f\U0001f000-\U0001faff]"),
    "a path of one machine": re.compile(r"(?<![\w.~*\])}-])/(?:root|work|Users|home)/[\w.]|/tmp/\w"),
    "a private key": re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----"),
    "a cloud key": re.compile(r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b|\bgh[pousr]_\w{36}\b|\bxox[abp]-\w{10}"),
    "a key in the clear": re.compile(r"(?i)(?:key|token|secret|password)\w*[\"']?\s*[:=]\s*[\"'][0-9a-f]{20,}[\"']"),
    "an issue number": re.compile(r"(?i)\bissues?\s+#?\d+\b"),
}

SAMPLES = {
    "an emoji": "done " + chr(0x2705),
    "a path of one machine": "open('/home" + "/ann/keys.txt')",
    "a private key": "-----BEGIN RSA " + "PRIVATE KEY-----",
    "a cloud key": "AKIA" + "ABCDEFGH" * 2,
    "a key in the clear": 'api_key = "' + _HEX * 2 + '"',
    "an issue number": "see issue " + "12",
}


@pytest.mark.parametrize("rule", RULES)
def test_no_file_holds(rule: str, texts: dict[str, str]) -> None:
    """No file under version control breaks the rule."""
    offences = [
        f"{name}:{number}: {line.strip()[:80]}"
        for name, text in texts.items()
        for number, line in enumerate(text.splitlines(), 1)
        if RULES[rule].search(line)
    ]
    assert offences == []


@pytest.mark.parametrize("rule", RULES)
def test_rule_can_fail(rule: str) -> None:
    """Each rule finds the thing it forbids."""
    assert RULES[rule].search(SAMPLES[rule])


def test_text_ends_with_one_newline(texts: dict[str, str]) -> None:
    """Every text file ends with a newline, has no carriage return."""
    bad = [name for name, text in texts.items() if text and (not text.endswith("\n") or "\r" in text)]
    assert [name for name in bad if not name.startswith("specs/")] == []

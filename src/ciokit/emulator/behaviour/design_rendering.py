"""Design Studio's e-mails compiled, previewed with data and reviewed.

A component is what stands in its `<template>`, or all of it without one, in place of its tag; its default `<slot>` gets
what was between the tags. [inferred]: transformers change nothing here; a review looks at what is easily seen, and
takes 25 points for an error, 10 for a warning and 5 for a tip.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from functools import partial
from typing import Any, cast

from ciokit.app_api.design_studio_emails import DesignStudioEmails
from ciokit.app_api.design_studio_rendering import (
    EmailPreview,
    EmailReview,
    PreviewLink,
    RenderedEmail,
    ReviewFinding,
)
from ciokit.emulator import rendering
from ciokit.emulator.behaviour import design
from ciokit.emulator.library import Node
from ciokit.emulator.routing import READS, on
from ciokit.emulator.world import World

_DEEPEST = 10
_LARGEST = 1_000_000  # characters
_TEMPLATE = re.compile(r"<template\b[^>]*>(.*)</template>", re.DOTALL | re.IGNORECASE)
_SLOT = re.compile(r"<slot\b[^>]*/>|<slot\b[^>]*>(.*?)</slot>", re.DOTALL | re.IGNORECASE)
_LINK = re.compile(r"""<a\b[^>]*\bhref\s*=\s*["']([^"']*)["'][^>]*>(.*?)</a>""", re.DOTALL | re.IGNORECASE)
_MARKUP = re.compile(r"<(script|style)\b.*?</\1>|<[^>]*>", re.DOTALL | re.IGNORECASE)
_BARE_IMAGE = re.compile(r"<img\b(?![^>]*\balt\s*=)[^>]*>", re.IGNORECASE)
_BODIES = ("html", "text", "amp")
_COST = {"error": 25, "warning": 10, "tip": 5}


@on(DesignStudioEmails.render)
def render(world: World, id: str) -> RenderedEmail:
    """Answer with an e-mail whose components are put in and whose Liquid is left."""
    node = design.either(world, id)
    bodies = compiled(world, node)
    return {
        "node_id": id,
        "node_type": "EMAIL",
        "language": design.language(node),
        "html": bodies["html"],
        "text": bodies["text"],
        "amp": bodies["amp"],
    }


@on(DesignStudioEmails.preview, READS)
def preview(
    world: World,
    id: str,
    *,
    customer: dict[str, Any] | None = None,
    event: dict[str, Any] | None = None,
    trigger: dict[str, Any] | None = None,
    objects: dict[str, Any] | None = None,
    campaign: dict[str, Any] | None = None,
    journey: dict[str, Any] | None = None,
    message: dict[str, Any] | None = None,
    lax: bool | None = None,
) -> EmailPreview:
    """Answer with an e-mail filled in, and with what Liquid could not do."""
    node = design.either(world, id)
    data = {"customer": customer, "event": event, "trigger": trigger, "objects": objects, "campaign": campaign,
            "journey": journey, "message": message}  # fmt: skip
    given: dict[str, Any] = {name: value or {} for name, value in data.items()}
    given["snippets"] = {name: snippet["value"] for name, snippet in world.held.snippets.items()}
    errors: dict[str, list[str]] = {}

    def filled(field: str, template: str) -> str:
        try:
            return rendering.rendered(template, given, strict=not lax)
        except rendering.TemplateFault as fault:
            errors[field] = [str(fault)]
            return ""

    bodies, content, envelope = compiled(world, node), node.fields["content"], design.envelope(world, node)
    body, text = filled("body", bodies["html"]), filled("body_plain", bodies["text"])
    for field, name in (("to", "recipient"), ("bcc", "bcc"), ("reply_to", "reply_to")):
        filled(field, str(envelope.get(name) or ""))
    shown = {
        "node_id": id,
        "node_type": "EMAIL",
        "language": design.language(node),
        "subject": filled("subject", content.get("subject", "")),
        "preheader_text": filled("preheader_text", content.get("preheader_text", "")),
        "from": filled("from", str(envelope.get("from") or "")),
        "html": body,
        "text": text,
        "plaintext_body": text or _plain(body),
        "amp": filled("body_amp", bodies["amp"]),
        "links": [_link(url, words) for url, words in _LINK.findall(body)],
        "headers": [
            {"name": [each["name"]], "value": [filled("message", each["value"])]}
            for each in envelope.get("headers", [])
        ],
        "errors": errors,
    }
    return cast("EmailPreview", shown)


@on(DesignStudioEmails.review)
def review(world: World, id: str) -> EmailReview:
    """Answer with what is missing in an e-mail, or that its Liquid is wrong."""
    node = design.either(world, id)
    if faults(world, node):
        return {"node_id": id, "status": "render_failed", "checks": {}, "findings": []}
    findings = list(_findings(world, node))
    failed = [each for each in findings if each["state"] == "fail"]
    counts = {level: sum(each["severity"] == level for each in failed) for level in _COST}
    return {
        "node_id": id,
        "status": "complete",
        "score": {
            "score": max(0, 100 - sum(_COST[each["severity"]] for each in failed)),
            "counts": {"error": counts["error"], "warning": counts["warning"], "tip": counts["tip"]},
        },
        "checks": {each["check"]: "complete" for each in findings},
        "findings": findings,
    }


def compiled(world: World, node: Node[str]) -> dict[str, str]:
    """Return the bodies of an e-mail with the components in them put in."""
    return {name: _expanded(world, node.fields["content"].get(name, "")) for name in _BODIES}


def used(world: World, node: Node[str]) -> list[Node[str]]:
    """Return the components an e-mail uses, those inside others included."""
    found: list[Node[str]] = []
    texts = [str(node.fields["content"].get(name, "")) for name in _BODIES]
    while texts:
        text = texts.pop()
        for component in design.library(world).of_kind(design.COMPONENT):
            if component not in found and _tag(component).search(text):
                found.append(component)
                texts.append(component.fields["content"])
    return found


def faults(world: World, node: Node[str]) -> list[str]:
    """Return what is wrong with the Liquid of an e-mail."""
    content = node.fields["content"]
    texts = [*compiled(world, node).values(), content.get("subject", ""), content.get("preheader_text", "")]
    return [fault for fault in map(rendering.fault, texts) if fault]


def _tag(component: Node[str]) -> re.Pattern[str]:
    tag = re.escape(component.fields["tag"])
    return re.compile(rf"<{tag}(?:\s[^>]*)?/>|<{tag}(?:\s[^>]*)?>(.*?)</{tag}\s*>", re.DOTALL)


def _expanded(world: World, text: str) -> str:
    """Put components in, those inside others too; what holds itself is put in so often, and so much of it, at most."""
    for _ in range(_DEEPEST):
        before = text
        for component in design.library(world).of_kind(design.COMPONENT):
            text = _tag(component).sub(partial(_put_in, component), text)
            if len(text) > _LARGEST:
                return text
        if text == before:
            break
    return text


def _put_in(component: Node[str], found: re.Match[str]) -> str:
    template = _TEMPLATE.search(component.fields["content"])
    content: str = template[1] if template else component.fields["content"]
    inner: str | None = found[1]
    return _SLOT.sub(lambda slot: inner if inner is not None and inner.strip() else slot[1] or "", content)


def _plain(body: str) -> str:
    return re.sub(r"\s+", " ", html.unescape(_MARKUP.sub(" ", body))).strip()


def _link(url: str, words: str) -> PreviewLink:
    wrong = [] if re.match(r"(https?|mailto|tel):", url) else ["is no absolute address"]
    return {"url": url, "text": _plain(words), "tracked": url.startswith("http"), "errors": wrong}


def _findings(world: World, node: Node[str]) -> Iterator[ReviewFinding]:
    content, body = node.fields["content"], compiled(world, node)["html"]
    envelope = design.envelope(world, node)
    seen: tuple[tuple[str, str, bool, str], ...] = (
        ("subject", "error", bool(content.get("subject", "").strip()), "The e-mail needs a subject."),
        ("body", "error", bool(body.strip()), "The e-mail needs an HTML body."),
        ("sender", "error", bool(envelope.get("from")), "The e-mail needs a sender."),
        ("unsubscribe", "warning", "unsubscribe_url" in body, "There is no link to unsubscribe."),
        ("images", "warning", not _BARE_IMAGE.search(body), "An image has no alternative text."),
        ("preheader", "tip", bool(content.get("preheader_text", "").strip()), "A preheader is missing."),
    )
    for check, severity, passes, summary in seen:
        yield cast(
            "ReviewFinding",
            {
                "id": f"{check}-1",
                "check": check,
                "severity": severity,
                "state": "pass" if passes else "fail",
                "title": check.capitalize(),
                "summary": "Nothing is missing." if passes else summary,
                "details": "",
            },
        )

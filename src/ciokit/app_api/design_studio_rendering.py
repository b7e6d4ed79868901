"""What Design Studio answers when it compiles, previews or reviews an e-mail."""

from __future__ import annotations

from typing import Any, Literal, NotRequired, TypedDict

from ciokit.app_api.design_studio_content import FromAddress


class RenderedEmail(TypedDict):
    """A compiled e-mail, Liquid left in place."""

    node_id: str
    node_type: Literal["EMAIL"]
    language: str
    html: str
    text: str
    amp: str


class PreviewLink(TypedDict):
    """A link in a previewed e-mail, and what is wrong with it."""

    url: str
    text: str
    tracked: bool
    errors: list[str]


class PreviewHeader(TypedDict):
    """A header of a previewed e-mail."""

    name: list[str]
    value: list[str]


PreviewErrors = TypedDict(
    "PreviewErrors",
    {
        "bcc": list[str],
        "body": list[str],
        "body_amp": list[str],
        "body_plain": list[str],
        "cc": list[str],
        "event": list[str],
        "from": list[str],
        "layout": list[str],
        "message": list[str],
        "preheader_text": list[str],
        "reply_to": list[str],
        "snippets": list[str],
        "subject": list[str],
        "to": list[str],
        "trigger": list[str],
    },
    total=False,
)
"""What Liquid could not do, by field."""


class EmailPreview(FromAddress):
    """An e-mail as one person would get it; problems with Liquid are under `errors`, not raised."""

    node_id: str
    node_type: Literal["EMAIL"]
    language: str
    subject: str
    preheader_text: str
    html: str
    text: str
    plaintext_body: str
    amp: str
    links: list[PreviewLink]
    headers: list[PreviewHeader]
    errors: PreviewErrors


class ReviewCounts(TypedDict):
    """How many findings there are, by severity."""

    error: int
    warning: int
    tip: int


class ReviewScore(TypedDict):
    """How ready an e-mail is, from 0 to 100."""

    score: int
    counts: ReviewCounts


class ReviewFinding(TypedDict):
    """One thing that was checked."""

    id: str
    check: str
    severity: Literal["error", "warning", "tip"]
    state: Literal["pass", "fail"]
    title: str
    summary: str
    details: str


class EmailReview(TypedDict):
    """What the checks found; `checks` has a status by name, `score` is absent with `render_failed`."""

    node_id: str
    status: Literal["complete", "partial", "render_failed"]
    score: NotRequired[ReviewScore]
    checks: dict[str, Any]
    findings: list[ReviewFinding]

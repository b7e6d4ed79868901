"""Shapes of metrics over time that broadcasts, campaigns, newsletters and transactional messages share."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, NotRequired, TypedDict

Period = Literal["hours", "days", "weeks", "months"]
"""How long a step is: at most 24 hours, 45 days, 12 weeks or 121 months at once; days begin at midnight, Eastern."""

MOST_STEPS: Mapping[str, int] = {"hours": 24, "days": 45, "weeks": 12, "months": 121}
"""The most steps of each period (App catalogue, `campaignMetrics`)."""

Resolution = Literal["hours", "hourly", "days", "daily", "weeks", "weekly", "months", "monthly"]
"""How long a step is where a range is asked for; the two words of each pair mean the same."""


class MetricSeries(TypedDict):
    """One number for each step, oldest first; a series the channel does not have may be missing."""

    attempted: NotRequired[list[int]]
    bounced: NotRequired[list[int]]
    clicked: NotRequired[list[int]]
    converted: NotRequired[list[int]]
    created: NotRequired[list[int]]
    deferred: NotRequired[list[int]]
    delivered: NotRequired[list[int]]
    drafted: NotRequired[list[int]]
    failed: NotRequired[list[int]]
    human_clicked: NotRequired[list[int]]
    human_opened: NotRequired[list[int]]
    link_untracked: NotRequired[list[int]]
    machine_clicked: NotRequired[list[int]]
    open_untracked: NotRequired[list[int]]
    opened: NotRequired[list[int]]
    prefetch_opened: NotRequired[list[int]]
    replied: NotRequired[list[int]]
    sent: NotRequired[list[int]]
    spammed: NotRequired[list[int]]
    suppressed: NotRequired[list[int]]
    topic_unsubscribed: NotRequired[list[int]]
    tracking_consent_denied: NotRequired[list[int]]
    tracking_consent_granted: NotRequired[list[int]]
    undeliverable: NotRequired[list[int]]
    unsubscribed: NotRequired[list[int]]
    untracked: NotRequired[list[int]]


class Metric(TypedDict):
    """The series of a message."""

    series: MetricSeries


class MetricAnswer(TypedDict):
    """Metrics over time, under `metric`."""

    metric: Metric


class ActionMetricAnswer(MetricAnswer):
    """Metrics of one action; `language_variants` holds those of each language by action id, where there are several."""

    language_variants: NotRequired[dict[str, Any]]


class RangeMetricAnswer(MetricAnswer):
    """Metrics over a range: `start` and `end` are ISO 8601 texts; they and `res` come with version 2."""

    res: NotRequired[Resolution]
    start: NotRequired[str]
    end: NotRequired[str]


class RangeActionMetricAnswer(RangeMetricAnswer):
    """Metrics of one action over a range; `language_variants` as in `ActionMetricAnswer`."""

    language_variants: NotRequired[dict[str, Any]]


class Link(TypedDict):
    """A link in a message."""

    id: int
    href: str


class ClickSeries(TypedDict):
    """Clicks for each step, oldest first: all, those of people, and those of scanners."""

    clicked: NotRequired[list[int]]
    human_clicked: NotRequired[list[int]]
    machine_clicked: NotRequired[list[int]]


class LinkMetric(TypedDict):
    """The clicks on a link."""

    series: ClickSeries


class LinkClicks(TypedDict):
    """One link and the clicks on it over time."""

    link: Link
    metric: LinkMetric


class LinksAnswer(TypedDict):
    """The links of a message and the clicks on each."""

    links: list[LinkClicks]

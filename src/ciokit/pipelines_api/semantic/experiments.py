"""The semantic event of an A/B test; the vendor's group is named `ab_test`.

Source: Pipelines spec of A/B test events, as carried in `specs/semantic_events.json`.
"""

from __future__ import annotations

from typing import TypedDict

from ciokit.pipelines_api.semantic.event import event


class ExperimentViewed(TypedDict, total=False):
    """Properties of `Experiment Viewed`."""

    experiment_id: str
    experiment_name: str
    variation_id: str
    variation_name: str


experiment_viewed = event("Experiment Viewed", ExperimentViewed)

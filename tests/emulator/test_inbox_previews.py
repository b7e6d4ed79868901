"""Inbox previews in the emulator: runs that take their time, cost credits once a day, and end in pictures."""

from __future__ import annotations

from typing import Any

import pytest

from ciokit import AppClient
from ciokit.emulator.app import Emulator

from .conftest import status

DAY = 86_400


@pytest.fixture
def email(ciokit_app_client: AppClient) -> str:
    """An e-mail to take screenshots of."""
    return ciokit_app_client.design_studio_emails.create("Welcome", content={"html": "<p></p>"})["email"]["id"]


def left(app: AppClient) -> int:
    """Return how many credits are left."""
    return sum(each["credits_remaining"] for each in app.inbox_previews.credits()["credits"])


def test_run_ends_in_pictures(ciokit_app_client: AppClient, ciokit_emulator: Emulator, email: str) -> None:
    """A run is processed after its time; each screenshot is a picture, and was none before."""
    app, previews = ciokit_app_client, ciokit_app_client.inbox_previews
    programs = [each["id"] for each in previews.clients()["clients"]]
    before = left(app)
    run = previews.create(email, programs, sample_data={"customer": {"name": "Ann"}})["run_id"]
    begun = previews.get(email, run)
    assert (begun["is_processed"], {each["status"] for each in begun["previews"]}) == (False, {"Processing"})
    assert status(lambda: previews.capture(email, run, programs[0])) == 404
    ciokit_emulator.advance(10)
    done = previews.get(email, run)
    assert (done["is_processed"], done["total_previews_succeeded"]) == (True, len(programs))
    assert done["previews"][0].get("screenshots", {}).keys() == {"default"}
    assert previews.capture(email, run, programs[0], variant="screenshot", key="default").startswith(b"\x89PNG")
    assert status(lambda: previews.capture(email, run, programs[0], key="default")) == 400
    assert status(lambda: previews.capture(email, run, "unknown")) == 404
    assert before - left(app) == len(programs)


def test_equal_runs_of_a_day_cost_once(ciokit_app_client: AppClient, ciokit_emulator: Emulator, email: str) -> None:
    """The same e-mail again on the same day is the same run; changed, or the next day, it is a new one."""
    previews = ciokit_app_client.inbox_previews
    first = previews.create(email, ["gmail_web"])
    assert previews.create(email, ["gmail_web"]) == {"run_id": first["run_id"], "replayed": True}
    ciokit_app_client.design_studio_emails.update(email, {"content": {"html": "<b></b>"}})
    assert previews.create(email, ["gmail_web"])["replayed"] is False
    ciokit_emulator.advance(DAY)
    assert previews.create(email, ["gmail_web"])["replayed"] is False
    runs = [each["run_id"] for each in previews.find(limit=2)]
    assert runs == sorted(runs, reverse=True)
    assert len(runs) == len(list(previews.find(node_id=email))) == 3
    assert list(previews.find(node_id="other")) == []


def test_bad_runs(ciokit_app_client: AppClient, email: str) -> None:
    """Unknown programs, too much data, other e-mails and an empty purse are told."""
    previews = ciokit_app_client.inbox_previews
    assert status(lambda: previews.create(email, ["telex"])) == 400
    assert status(lambda: previews.create(email, [])) == 400
    assert status(lambda: previews.create(email, ["gmail_web"], sample_data={"x": "x" * 128_000})) == 400
    assert status(lambda: previews.create("unknown", ["gmail_web"])) == 404
    assert status(lambda: previews.get(email, 1)) == 404
    for number in range(left(ciokit_app_client)):
        data: dict[str, Any] = {"number": number}
        previews.create(email, ["gmail_web"], sample_data=data)
    assert status(lambda: previews.create(email, ["gmail_web"])) == 422

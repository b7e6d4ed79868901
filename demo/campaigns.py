"""Sends the campaigns of the journey, as broadcasts, to the households that received them, and lets time pass.

The data set has no messages and no addresses: each campaign is one e-mail, to an address made of the household's id in
a domain that can reach nobody. What people do with it is drawn by the emulator, the same in every run.
"""

from __future__ import annotations

from collections import defaultdict

from ciokit import AppClient, trigger_broadcast
from ciokit.emulator.seed_messaging import SeedBroadcast, SeedStep
from demo.emulator import Control
from demo.journey import Journey
from demo.progress import Meter

DAYS = 7  # after them nothing more happens to what was sent
_LIFE = {"bounced": 0.02, "opened": 0.6, "clicked": 0.4, "converted": 0.5, "unsubscribed": 0.01}
_TRIGGER_SECONDS = 10  # the service takes one trigger in so many (App API spec, "Broadcast")
_DAY = 86_400


def households_by_campaign(journey: Journey) -> dict[int, list[str]]:
    """Return the households that received each campaign."""
    found: defaultdict[int, list[str]] = defaultdict(list)
    for row in journey.received.to_pylist():
        found[row["campaign_id"]].append(str(row["household_id"]))
    return dict(sorted(found.items()))


def prepare(journey: Journey, control: Control) -> None:
    """Give the emulator a broadcast for each campaign, and people who do something with their mail."""
    broadcasts = [_broadcast(campaign) for campaign in households_by_campaign(journey)]
    control.seed({"broadcasts": broadcasts})
    control.let_live(_LIFE)


def send(journey: Journey, app: AppClient, control: Control, meter: Meter) -> int:
    """Trigger every campaign for its households; return how many messages that asked for.

    The emulator's clock is moved on between two triggers: nobody has to wait for the service's pace.
    """
    campaigns = households_by_campaign(journey)
    total = sum(map(len, campaigns.values()))
    meter.begin("mailing campaigns", total)
    asked = 0
    for campaign, households in campaigns.items():
        trigger_broadcast(app, campaign, ids=households, data={"campaign": str(campaign)})
        control.advance(_TRIGGER_SECONDS)
        asked += len(households)
        meter.at(asked)
    control.advance(DAYS * _DAY)
    meter.end(total)
    return total


def _broadcast(campaign: int) -> SeedBroadcast:
    message: SeedStep = {
        "subject": "Your coupons of campaign {{ trigger.campaign }}",
        "body": "Household {{ customer.id }}, here they are: <a href='https://shop.invalid/coupons'>your coupons</a>",
        "from": "coupons@shop.invalid",
        "recipient": "household-{{ customer.id }}@shop.invalid",
    }
    return {"id": campaign, "name": f"Campaign {campaign}", "messages": [message]}

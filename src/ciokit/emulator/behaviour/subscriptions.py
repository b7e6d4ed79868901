"""The subscription centre: topics come from seeds, and what a person chose from their attributes."""

from __future__ import annotations

from ciokit.app_api.customers import Customers, PersonPreferencesAnswer
from ciokit.app_api.subscriptions import ChannelList, PreferencesLink, Subscriptions, TopicList
from ciokit.app_api.types import IdType
from ciokit.emulator.behaviour import lookup
from ciokit.emulator.deliveries import chosen
from ciokit.emulator.files import preferences_link
from ciokit.emulator.holdings import CHANNELS
from ciokit.emulator.routing import ApiFault, on
from ciokit.emulator.world import World

_TOKEN_SECONDS = 24 * 60 * 60


@on(Subscriptions.topics)
def topics(world: World) -> TopicList:
    """Answer with the topics of the workspace."""
    return {"topics": list(world.held.topics.values())}


@on(Subscriptions.channels)
def channels(_world: World) -> ChannelList:
    """Answer with the channels there are."""
    return {"channels": list(CHANNELS)}


@on(Subscriptions.link)
def link(world: World, customer_id: str) -> PreferencesLink:
    """Answer with a link of 24 hours; an unknown person is a 400 here (App spec)."""
    person = world.person(customer_id) or world.person(customer_id, "email")
    if person is None:
        raise ApiFault(400, "customer_id: nobody has this id or e-mail address")
    token, url = preferences_link(world.origin, person.cio_id, world.now + _TOKEN_SECONDS)
    return {"token": token, "url": url}


@on(Customers.subscription_preferences)
def subscription_preferences(
    world: World, customer_id: str, *, id_type: IdType = "id", language: str | None = None
) -> PersonPreferencesAnswer:
    """Answer with what a person chose; a topic they said nothing about is as it is by default."""
    del language  # the emulator's words are in one language
    person = lookup.known_person(world, customer_id, id_type)
    preferences = person.subscription_preferences
    return {
        "customer": {
            "id": person.id,
            "identifiers": lookup.person_identifiers(person),
            "topics": [
                {
                    "id": str(topic["id"]),
                    "subscribed": chosen(
                        preferences, "topics", topic["identifier"], default=topic["subscribed_by_default"]
                    ),
                    "name": topic["name"],
                    "description": topic["description"],
                }
                for topic in world.held.topics.values()
            ],
            "unsubscribed": person.unsubscribed,
            "header": {"title": "Subscriptions", "subtitle": "Choose what you want to hear about."},
        }
    }

"""What newsletters say: languages and test groups, and the metrics of each.

[inferred]: a test group begins with a copy of what the first group says; `""` names the default language.
"""

from __future__ import annotations

from typing import Any, cast

from ciokit.app_api.messages import OneTimeChannel
from ciokit.app_api.metrics import LinksAnswer, Period
from ciokit.app_api.newsletter_variants import (
    NewsletterContent,
    NewsletterContentAnswer,
    NewsletterContents,
    NewsletterContentUpdate,
    NewsletterVariants,
    TestGroup,
    TestGroups,
)
from ciokit.app_api.newsletters import NewsletterAnswer, OneTimeMetricAnswer
from ciokit.emulator.behaviour import mailings, newsletters
from ciokit.emulator.messaging import Content, Source
from ciokit.emulator.routing import ApiFault, on
from ciokit.emulator.world import World


@on(NewsletterVariants.find)
def find(world: World, newsletter_id: int) -> NewsletterContents:
    """Answer with every variant."""
    source = newsletters.known(world, newsletter_id)
    return {"contents": [_shown(source, content) for content in source.contents]}


@on(NewsletterVariants.get)
def get(world: World, newsletter_id: int, content_id: int) -> NewsletterContentAnswer:
    """Answer with one variant."""
    source = newsletters.known(world, newsletter_id)
    return {"content": _shown(source, mailings.known_content(source, content_id))}


@on(NewsletterVariants.update)
def update(
    world: World, newsletter_id: int, content_id: int, content: NewsletterContentUpdate
) -> NewsletterContentAnswer:
    """Change one variant."""
    source = newsletters.known(world, newsletter_id)
    return _changed(world, source, mailings.known_content(source, content_id), content)


@on(NewsletterVariants.create_language)
def create_language(
    world: World,
    newsletter_id: int,
    *,
    language: str,
    subject: str | None = None,
    body: str | None = None,
    body_plain: str | None = None,
    body_amp: str | None = None,
    body_json: str | None = None,
    preheader_text: str | None = None,
) -> NewsletterAnswer:
    """Add a language to a newsletter that has one test group."""
    source = newsletters.known(world, newsletter_id)
    if len(source.groups) > 1:
        raise ApiFault(400, "the newsletter has several test groups; add the language to one of them")
    fields = {
        "subject": subject,
        "body": body,
        "body_plain": body_plain,
        "body_amp": body_amp,
        "body_json": body_json,
        "preheader_text": preheader_text,
    }
    return _translated(world, source, source.groups[0], language, fields)


@on(NewsletterVariants.get_language)
def get_language(world: World, newsletter_id: int, language: str) -> NewsletterContentAnswer:
    """Answer with one language of a newsletter."""
    source = newsletters.known(world, newsletter_id)
    return {"content": _shown(source, mailings.known_language(source, None, language, 404))}


@on(NewsletterVariants.update_language)
def update_language(
    world: World, newsletter_id: int, language: str, content: NewsletterContentUpdate
) -> NewsletterContentAnswer:
    """Change one language of a newsletter."""
    source = newsletters.known(world, newsletter_id)
    return _changed(world, source, mailings.known_language(source, None, language, 404), content)


@on(NewsletterVariants.delete_language)
def delete_language(world: World, newsletter_id: int, language: str) -> None:
    """Remove a language from a newsletter."""
    source = newsletters.known(world, newsletter_id)
    _remove(source, mailings.known_language(source, None, language, 404))


@on(NewsletterVariants.create_test_language)
def create_test_language(
    world: World,
    newsletter_id: int,
    test_group_id: str,
    *,
    language: str,
    subject: str | None = None,
    body: str | None = None,
    body_plain: str | None = None,
    body_amp: str | None = None,
    body_json: str | None = None,
    preheader_text: str | None = None,
) -> NewsletterAnswer:
    """Add a language to a test group."""
    source = newsletters.known(world, newsletter_id)
    fields = {
        "subject": subject,
        "body": body,
        "body_plain": body_plain,
        "body_amp": body_amp,
        "body_json": body_json,
        "preheader_text": preheader_text,
    }
    return _translated(world, source, _group(source, test_group_id).group, language, fields)


@on(NewsletterVariants.get_test_language)
def get_test_language(world: World, newsletter_id: int, test_group_id: str, language: str) -> NewsletterContentAnswer:
    """Answer with one language of a test group."""
    source = newsletters.known(world, newsletter_id)
    return {"content": _shown(source, _of_group(source, test_group_id, language))}


@on(NewsletterVariants.update_test_language)
def update_test_language(
    world: World, newsletter_id: int, test_group_id: str, language: str, content: NewsletterContentUpdate
) -> NewsletterContentAnswer:
    """Change one language of a test group."""
    source = newsletters.known(world, newsletter_id)
    return _changed(world, source, _of_group(source, test_group_id, language), content)


@on(NewsletterVariants.delete_test_language)
def delete_test_language(world: World, newsletter_id: int, test_group_id: str, language: str) -> None:
    """Remove a language from a test group."""
    source = newsletters.known(world, newsletter_id)
    _remove(source, _of_group(source, test_group_id, language))


@on(NewsletterVariants.test_groups)
def test_groups(world: World, newsletter_id: int) -> TestGroups:
    """Answer with the test groups; a newsletter with one group has no test."""
    source = newsletters.known(world, newsletter_id)
    if len(source.groups) < 2:
        return {"test_groups": []}
    return {"test_groups": [_shown_group(source, number) for number in source.groups]}


@on(NewsletterVariants.create_test_group)
def create_test_group(world: World, newsletter_id: int) -> NewsletterAnswer:
    """Add a test group that says what the first one does."""
    source = newsletters.known(world, newsletter_id)
    newsletters.refuse_sent(source)
    number = max(source.groups) + 1
    parents: dict[int, int] = {}
    for content in [each for each in source.contents if each.group == source.groups[0]]:
        made = Content(
            world.messaging.next_content(),
            content.type,
            content.language,
            dict(content.fields),
            None if content.parent is None else parents[content.parent],
            number,
            created=world.now,
            updated=world.now,
        )
        parents[content.id] = made.id
        source.contents.append(made)
    source.groups.append(number)
    source.updated = world.now
    return {"newsletter": newsletters.shown(source)}


@on(NewsletterVariants.metrics)
def metrics(
    world: World,
    newsletter_id: int,
    content_id: int,
    *,
    period: Period = "days",
    steps: int | None = None,
    type: OneTimeChannel | None = None,
) -> OneTimeMetricAnswer:
    """Answer with counts over time of one variant, its translations included."""
    source = newsletters.known(world, newsletter_id)
    content = mailings.known_content(source, content_id)
    series = mailings.counted(world, source, period, steps, channel=type, content_id=content_id)
    return {"metric": {"series": series, "type": cast("OneTimeChannel", content.type)}}


@on(NewsletterVariants.links)
def links(
    world: World,
    newsletter_id: int,
    content_id: int,
    *,
    period: Period = "days",
    steps: int | None = None,
    type: OneTimeChannel | None = None,
) -> LinksAnswer:
    """Answer with the clicks on each link of one variant."""
    source = newsletters.known(world, newsletter_id)
    mailings.known_content(source, content_id)
    return mailings.clicked(world, source, period, steps, channel=type, content_id=content_id)


def _group(source: Source, number: str) -> Content:
    found = next((step for step in source.steps() if str(step.group) == number), None)
    if found is None:
        raise ApiFault(400, "test_group_id: the newsletter has no such test group")
    return found


def _of_group(source: Source, number: str, language: str) -> Content:
    return mailings.known_language(source, _group(source, number).id, language, 404)


def _translated(
    world: World, source: Source, group: int, language: str, fields: dict[str, str | None]
) -> NewsletterAnswer:
    newsletters.refuse_sent(source)
    step = _group(source, str(group))
    if step.type == "in_app":
        raise ApiFault(400, "in-app messages cannot be translated here")
    there = {each.language for each in source.contents if each.group == group}
    if not language or language in there:
        raise ApiFault(422, "language: is missing, or there already", pointer="/language")
    newsletters.whole(cast("OneTimeChannel", step.type), fields)
    kept = {name: value for name, value in fields.items() if value is not None}
    number = world.messaging.next_content()
    made = Content(number, step.type, language, kept, step.id, group, created=world.now, updated=world.now)
    source.contents.append(made)
    source.updated = world.now
    return {"newsletter": newsletters.shown(source)}


def _changed(world: World, source: Source, content: Content, new: NewsletterContentUpdate) -> NewsletterContentAnswer:
    newsletters.refuse_sent(source)
    if content.type in ("in_app", "inbox"):
        raise ApiFault(400, "in-app and inbox messages cannot be changed here")
    mailings.change(world, source, content, new, NewsletterContentUpdate)
    return {"content": _shown(source, content)}


def _remove(source: Source, content: Content) -> None:
    newsletters.refuse_sent(source)
    if content.parent is None:
        raise ApiFault(400, "language: the default one cannot be removed")
    source.contents.remove(content)


def _shown(source: Source, content: Content) -> NewsletterContent:
    row: dict[str, Any] = {**mailings.action(content), "newsletter_id": source.id}
    del row["created"], row["updated"]
    return cast("NewsletterContent", row)


def _shown_group(source: Source, number: int) -> TestGroup:
    contents = [str(each.id) for each in source.contents if each.group == number]
    label = chr(ord("A") + source.groups.index(number) % 26)
    return {"id": number, "name": f"Group {label}", "label": label, "winner": False, "content_ids": contents}

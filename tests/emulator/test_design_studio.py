"""Design Studio in the emulator: written, translated, versioned, looked at, and published into what is sent."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import ciokit
from ciokit import AppClient
from ciokit.emulator.app import Emulator
from ciokit.emulator.seeds import Seed

from .conftest import Workspace, status

CONTENT: Any = {"subject": "Hi {{customer.name}}", "html": "<p>Hello {{customer.name}}</p>", "text": "Hello"}
SEED: Seed = {
    "people": [
        {"id": "ann", "email": "ann@x.io", "attributes": {"name": "Ann"}},
        {"id": "eva", "email": "eva@x.io", "attributes": {"name": "Eva", "language": "de"}},
    ],
    "transactional": [{"id": 1, "name": "T", "subject": "old", "body": "old", "from": "a@x.io"}],
    "campaigns": [
        {"id": 3, "name": "C", "messages": [{"id": 30, "subject": "old", "body": "old"}, {"id": 31, "type": "push"}]}
    ],
    "newsletters": [{"id": 5, "name": "N", "subject": "old", "body": "old"}],
}


@pytest.fixture
def app(ciokit_emulator: Emulator, ciokit_app_client: AppClient) -> AppClient:
    """A client of a workspace with two people and a message of each kind."""
    ciokit_emulator.seed(SEED)
    return ciokit_app_client


def make(app: AppClient, name: str = "Welcome", **given: Any) -> str:
    """Make an e-mail and return its id."""
    return app.design_studio_emails.create(name, **{"content": CONTENT, **given})["email"]["id"]


# Writing


def test_email_is_kept_and_changed_in_part(app: AppClient) -> None:
    """What was written is read back with defaults; a change of one field leaves the others."""
    id = make(app, envelope={"from_id": 1})
    app.design_studio_emails.update(id, {"content": {"subject": "New"}, "name": "Hello", "is_template": True})
    found: Any = app.design_studio_emails.get(id)["email"]
    assert (found["name"], found["is_template"], found["is_linked"]) == ("Hello", True, False)
    assert found["content"] == {**CONTENT, "subject": "New"}
    assert found["envelope"] == {
        "from_id": 1,
        "from": "Emulator <hello@example.com>",
        "recipient": "{{customer.email}}",
        "fake_bcc": True,
    }
    app.design_studio_emails.delete(id)
    assert status(lambda: app.design_studio_emails.get(id)) == 404


def test_lists_filter_sort_and_page(app: AppClient, ciokit_emulator: Emulator) -> None:
    """E-mails are found by folder, time and kind, in the order asked for, over pages; the answer has folders too."""
    emails = app.design_studio_emails
    folder = app.design_studio_folders.create("outer")["folder"]["id"]
    inner = app.design_studio_folders.create("inner", parent_folder_id=folder)["folder"]["id"]
    begin = int(ciokit_emulator.clock.now())
    for place, name in enumerate(("b", "a", "C")):
        ciokit_emulator.advance(10)
        make(app, name, is_template=place == 1, parent_folder_id=(None, folder, inner)[place])
    app.design_studio_translations.create(next(emails.find(is_template="true"))["id"], "de")

    def names(**which: Any) -> list[str]:
        return [each["name"] for each in emails.find(**which)]

    assert names() == names(limit=1) == ["b", "a", "C"]
    assert names(sort_by="name") == ["a", "b", "C"]
    assert names(sort_order="desc") == ["C", "a", "b"]
    assert names(parent_folder_id=folder) == ["a", "C"]
    assert names(parent_folder_id=folder, direct_descendants_only=True) == ["a"]
    assert names(direct_descendants_only=True) == ["b"]
    assert names(created_after=begin + 15) == ["a", "C"]
    assert names(created_before=begin + 15) == ["b"]
    assert names(has_translations="true") == names(is_template="true") == ["a"]
    assert names(is_linked="true") == []
    assert [each["name"] for each in app.design_studio_folders.find()] == ["outer", "inner"]
    assert status(lambda: list(emails.find(parent_folder_id="nowhere"))) == 404


def test_folders_and_components(app: AppClient) -> None:
    """Both are kept; a folder that holds something stays, and tags belong to one component."""
    folders, components = app.design_studio_folders, app.design_studio_components
    folder = folders.create("parts")["folder"]["id"]
    made = components.create("Button", "x-button", "<b><slot>Go</slot></b>", parent_folder_id=folder)["component"]
    assert components.get(made["id"])["component"] == made
    assert [each["tag"] for each in components.find(tag="x-button")] == ["x-button"]
    assert "content" not in next(components.find())
    assert list(components.find(tag="x-other")) == []
    assert status(lambda: folders.delete(folder)) == 409
    assert status(lambda: components.create("B", "x-button", "")) == 409
    assert status(lambda: components.create("B", "x button", "")) == 400
    assert status(lambda: folders.create("a/b")) == 400
    assert status(lambda: folders.update(folder, {})) == 400
    assert status(lambda: folders.update(folder, {"parent_folder_id": folder})) == 400
    components.update(made["id"], {"name": "Knopf", "parent_folder_id": None})
    assert components.get(made["id"])["component"]["parent_folder_id"] is None
    folders.update(folder, {"name": "teile"})
    assert folders.get(folder)["folder"]["name"] == "teile"
    folders.delete(folder)
    components.delete(made["id"])
    assert list(folders.find()) == list(components.find()) == []


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("emails", b'{"name": "x", "content": {"colour": "red"}}'),
        ("emails", b'{"name": "x", "transformers": {"minify": {"enabled": true}}}'),
        ("emails", b'{"name": "x", "envelope": {"from_id": 99}}'),
        ("emails", b'{"name": "x", "parent_folder_id": ""}'),
        ("emails", b'{"name": " "}'),
        ("components", b'{"name": "x", "tag": "x", "content": "", "colour": "red"}'),
        ("folders", b'{"name": "x", "colour": "red"}'),
    ],
)
def test_unknown_and_wrong_fields_are_refused(workspace: Workspace, path: str, body: bytes) -> None:
    """Unknown fields at any depth, unknown senders, empty folders and blank names are 400."""
    asked = workspace.ask("POST", f"/v1/design_studio/{path}", body, authorization="Bearer k")
    assert asked.response.status == 400


def test_languages_of_an_email(app: AppClient) -> None:
    """A language is added once, read, changed in part and taken away; 404 without it, 409 twice."""
    id, languages = make(app), app.design_studio_translations
    made = languages.create(id, "de", content={"subject": "Hallo"})["email_translation"]
    assert (made["language"], made["language_group_id"], made["available_languages"]) == ("de", id, ["de"])
    languages.update(id, "de", content={"html": "<p>Hallo</p>"})
    assert languages.get(id, "de")["email_translation"]["content"] == {"subject": "Hallo", "html": "<p>Hallo</p>"}
    assert app.design_studio_emails.get(id)["email"]["available_languages"] == ["de"]
    assert status(lambda: languages.create(id, "de")) == 409
    assert status(lambda: languages.create(id, "no language")) == 400
    assert status(lambda: languages.get(id, "fr")) == 404
    assert [each["language"] for each in languages.find(id)["email_translations"]] == ["de"]
    languages.delete(id, "de")
    assert languages.find(id)["email_translations"] == []


# Versions


def test_versions_are_saved_and_gone_back_to(app: AppClient) -> None:
    """A version is made when something changed, holds the components used, and brings the e-mail back."""
    app.design_studio_components.create("Button", "x-button", "<b></b>")
    id, versions = make(app, content={"subject": "one", "html": "<x-button/>"}), app.design_studio_versions
    first = versions.create(id, "first", description="d")
    assert first["created"] is True
    again = versions.create(id, "again")
    assert (again["created"], again["version"]["id"]) == (False, first["version"]["id"])
    app.design_studio_emails.update(id, {"content": {"subject": "two"}})
    assert versions.create(id, "second")["created"] is True
    held = versions.get(id, first["version"]["id"])
    assert (held["node"]["subject"], [each["component_name"] for each in held["dependencies"]]) == ("one", ["x-button"])
    back = versions.restore(id, first["version"]["id"])
    assert app.design_studio_emails.get(id)["email"]["content"].get("subject") == "one"
    assert [each["id"] for each in versions.find(id)["versions"]][-1] == back["version_id"]
    versions.delete(id, first["version"]["id"])
    assert status(lambda: versions.get(id, first["version"]["id"])) == 404
    assert status(lambda: versions.find(id, end_date=1)) == 400
    assert versions.find(id, start_date=1, end_date=2)["versions"] == []


# Looking at it


def test_components_are_put_in_and_liquid_is_left(app: AppClient) -> None:
    """Rendering replaces tags by components, inside each other and with what is between the tags."""
    components = app.design_studio_components
    components.create("Box", "x-box", "<script>1</script><template><div><slot>empty</slot></div></template>")
    components.create("Link", "x-link", "<x-box>{{customer.name}}</x-box>")
    id = make(app, content={"html": "<x-link/><x-box>text</x-box><x-box></x-box>", "amp": "<x-box/>"})
    found = app.design_studio_emails.render(id)
    assert found["html"] == "<div>{{customer.name}}</div><div>text</div><div>empty</div>"
    assert (found["amp"], found["text"], found["language"]) == ("<div>empty</div>", "", "")


def test_component_inside_itself_ends(app: AppClient) -> None:
    """A component that holds itself does not render for ever."""
    app.design_studio_components.create("Loop", "x-loop", "<i><x-loop/></i>")
    assert "<x-loop/>" in app.design_studio_emails.render(make(app, content={"html": "<x-loop/>"}))["html"]


def test_components_inside_each_other_end_before_they_fill_the_memory(app: AppClient) -> None:
    """Six in a ring, each holding the next four times, would be 100 MB and a minute."""
    for number in range(6):
        content = f"<x-{(number + 1) % 6}/>" * 4
        app.design_studio_components.create(f"Ring {number}", f"x-{number}", content)
    html = app.design_studio_emails.render(make(app, content={"html": "<x-0/>"}))["html"]
    assert "<x-" in html
    assert len(html) < 10_000_000


def test_preview_fills_in_and_names_what_is_not_there(app: AppClient) -> None:
    """Data go in; what is not defined is an error of its field, unless it is to be left empty."""
    content = {"subject": "Hi {{customer.name}}", "html": "<a href='https://x.io'>Go <b>on</b></a>{{trigger.plan}}"}
    id = make(app, content=content, envelope={"from_id": 1, "headers": [{"name": "X-A", "value": "{{customer.name}}"}]})
    shown = app.design_studio_emails.preview(id, customer={"name": "Ann"}, trigger={"plan": "pro"})
    assert (shown["subject"], shown["errors"]) == ("Hi Ann", {"to": [
        "the Liquid cannot be filled in (UndefinedError: customer.email is undefined)"]})  # fmt: skip
    assert shown["plaintext_body"] == "Go on pro"
    assert shown["links"] == [{"url": "https://x.io", "text": "Go on", "tracked": True, "errors": []}]
    assert shown["headers"] == [{"name": ["X-A"], "value": ["Ann"]}]
    assert shown.get("from") == "Emulator <hello@example.com>"
    bare = app.design_studio_emails.preview(id)
    assert bare["errors"].keys() == {"to", "subject", "body", "message"}
    assert app.design_studio_emails.preview(id, lax=True)["errors"] == {}


def test_review_scores_what_is_missing(app: AppClient) -> None:
    """A bare e-mail loses points for what it lacks; wrong Liquid cannot be reviewed."""
    bare = app.design_studio_emails.review(make(app, content={}))
    assert bare.get("score") == {"score": 10, "counts": {"error": 3, "warning": 1, "tip": 1}}
    html = "<p>Hello</p><img alt='' src='x'>{% unsubscribe_url %}"
    good = {"subject": "s", "preheader_text": "p", "html": html}
    whole = app.design_studio_emails.review(make(app, content=good, envelope={"from_id": 1}))
    assert whole.get("score") == {"score": 100, "counts": {"error": 0, "warning": 0, "tip": 0}}
    wrong = app.design_studio_emails.review(make(app, content={"html": "{% if %}"}))
    assert (wrong["status"], "score" in wrong) == ("render_failed", False)


# Publishing


def test_what_is_published_is_sent(app: AppClient, ciokit_emulator: Emulator) -> None:
    """A transactional message sends what was published, in each language, once publishing is done."""
    id = make(app, envelope={"from_id": 1})
    app.design_studio_translations.create(id, "de", content={"subject": "Hallo {{customer.name}}", "html": "Tag"})
    link = app.design_studio_emails.link(id, {"type": "transactional_message", "transactional_message_id": 1})
    assert app.design_studio_emails.unpublished_changes(id) == {"has_unpublished_changes": True}
    began = app.design_studio_emails.publish(id)
    assert began["status"] == "pending"
    publishing = began.get("publish_id", "")
    assert app.design_studio_emails.publish_status(id, publishing) == {"status": "pending"}
    ciokit_emulator.advance(5)
    done = app.design_studio_emails.publish_status(id, publishing)
    assert [each["language"] for each in done.get("mappings", [])] == ["", "de"]
    assert done.get("mappings", [])[0]["template_id"] == link["template_id"]
    assert app.design_studio_emails.unpublished_changes(id) == {"has_unpublished_changes": False}
    for who, language in (("ann", None), ("eva", "de")):
        named: Any = {"id": who}
        ciokit.send_email(app, to=f"{who}@x.io", identifiers=named, transactional_message_id=1, language=language)
    sent = ciokit_emulator.outbox()
    assert [(each["subject"], each["from"]) for each in sent] == [
        ("Hi Ann", "Emulator <hello@example.com>"),
        ("Hallo Eva", "Emulator <hello@example.com>"),
    ]
    assert sent[0]["body"] == "<p>Hello Ann</p>"
    assert status(lambda: app.design_studio_emails.delete(id)) == 409
    assert status(lambda: app.design_studio_translations.delete(id, "de")) == 409
    version = done.get("mappings", [])[0]["version_id"]
    assert status(lambda: app.design_studio_versions.delete(id, version)) == 409


@pytest.mark.parametrize(
    ("target", "read"),
    [
        ({"type": "campaign_action", "action_id": 30}, "campaign"),
        ({"type": "newsletter", "newsletter_id": 5}, "newsletter"),
    ],
)
def test_one_language_is_published_at_once(app: AppClient, target: Any, read: str) -> None:
    """A step of a campaign and a one-time send show the new content right away, and change with the next publishing."""
    id = make(app)
    app.design_studio_emails.link(id, target)
    for subject in ("one", "two"):
        app.design_studio_emails.update(id, {"content": {"subject": subject}})
        assert app.design_studio_emails.publish(id)["status"] == "done"
        content: Any = (
            app.campaigns.get_action(3, 30)["action"]
            if read == "campaign"
            else app.newsletter_variants.find(5)["contents"][0]
        )
        assert (content["subject"], content["body"]) == (subject, CONTENT["html"])


def test_link_is_taken_only_by_force(app: AppClient) -> None:
    """A message has one e-mail: another is a 409 until forced; unknown messages are 404, other channels 400."""
    first, second, emails = make(app), make(app), app.design_studio_emails
    target: Any = {"type": "campaign_action", "action_id": 30}
    emails.link(first, target)
    assert status(lambda: emails.link(second, target)) == 409
    emails.link(second, target, force=True)
    assert [emails.get(each)["email"]["is_linked"] for each in (first, second)] == [False, True]
    assert status(lambda: emails.link(first, {"type": "newsletter", "newsletter_id": 99})) == 404
    assert status(lambda: emails.link(first, {"type": "newsletter"})) == 400
    assert status(lambda: emails.link(first, {"type": "campaign_action", "action_id": 31})) == 400


def test_what_cannot_be_published(app: AppClient, ciokit_emulator: Emulator) -> None:
    """Without a link, with wrong Liquid, or into a one-time send that is over, publishing is a 422."""
    id, emails = make(app), app.design_studio_emails
    assert status(lambda: emails.publish(id)) == 422
    emails.link(id, {"type": "newsletter", "newsletter_id": 5})
    emails.update(id, {"content": {"html": "{% if %}"}})
    assert status(lambda: emails.publish(id)) == 422
    emails.update(id, {"content": {"html": "fine"}})
    ciokit_emulator.world.messaging.sources["newsletter", 5].sent = 1
    assert status(lambda: emails.publish(id)) == 422
    assert status(lambda: emails.publish_status(id, "unknown")) == 404


def test_design_studio_outlasts_a_restart(tmp_path: Path) -> None:
    """Ids, content, versions and links are the same after the state is read again; a reset forgets them."""
    first = Workspace(state=tmp_path)
    first.emulator.seed(SEED)
    with AppClient("k", transport=first.emulator.transport) as app:
        id = make(app)
        app.design_studio_emails.link(id, {"type": "transactional_message", "transactional_message_id": 1})
        app.design_studio_emails.publish(id)
        before = (app.design_studio_emails.get(id), app.design_studio_versions.find(id))
    first.emulator.close()
    again = Workspace(state=tmp_path)
    with AppClient("k", transport=again.emulator.transport) as app:
        assert (app.design_studio_emails.get(id), app.design_studio_versions.find(id)) == before
        again.emulator.reset()
        assert list(app.design_studio_emails.find()) == []
    again.emulator.close()

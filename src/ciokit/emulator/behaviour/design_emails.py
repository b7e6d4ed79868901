"""Design Studio's e-mails and their languages: written, changed, listed and deleted.

Known: a linked e-mail cannot be deleted; a language there is already is a 409 (App catalogue).

[inferred]: a language of a linked e-mail is in use and cannot be deleted either.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, cast

from ciokit.app_api.design_studio import SortBy, SortOrder
from ciokit.app_api.design_studio_content import EmailContent, EnvelopeInput, Transformers
from ciokit.app_api.design_studio_emails import (
    DesignEmailAnswer,
    DesignEmailChanges,
    DesignStudioEmails,
    ListedEmail,
    YesNoAny,
)
from ciokit.app_api.design_studio_translations import (
    DesignStudioTranslations,
    DesignTranslation,
    DesignTranslationAnswer,
    DesignTranslationsAnswer,
)
from ciokit.core.endpoint import Page
from ciokit.emulator.behaviour import design
from ciokit.emulator.behaviour.design import EMAILS, FOLDERS
from ciokit.emulator.behaviour.shelves import Wanted, only_known
from ciokit.emulator.library import Node
from ciokit.emulator.routing import ApiFault, on
from ciokit.emulator.world import World

_LANGUAGE = re.compile(r"[A-Za-z]{2,3}([-_][A-Za-z0-9]+)*")


@on(DesignStudioEmails.find)
def find(
    world: World,
    *,
    is_template: YesNoAny = "any",
    is_linked: YesNoAny = "any",
    has_translations: YesNoAny = "any",
    parent_folder_id: str | None = None,
    direct_descendants_only: bool = False,
    created_before: int | None = None,
    created_after: int | None = None,
    updated_before: int | None = None,
    updated_after: int | None = None,
    sort_by: SortBy = "created",
    sort_order: SortOrder = "asc",
    page: int = 1,
    limit: int = 1000,
) -> Page[ListedEmail]:
    """Answer with e-mails, and with the folders there."""
    wanted = Wanted(parent_folder_id, direct_descendants_only, page, limit, created_before, created_after,
                    updated_before, updated_after, sort_by, sort_order)  # fmt: skip
    asked = {"is_template": is_template, "is_linked": is_linked, "has_translations": has_translations}

    def test(node: Node[str]) -> bool:
        row: Any = _listed(world, node)
        return all(choice in ("any", str(row[name]).lower()) for name, choice in asked.items())

    folders = [FOLDERS.shown(node) for node in wanted.found(world, FOLDERS)]
    return wanted.listed(world, EMAILS, lambda node: _listed(world, node), test, folders=folders)


@on(DesignStudioEmails.create)
def create(
    world: World,
    name: str,
    *,
    parent_folder_id: str | None = None,
    is_template: bool | None = None,
    content: EmailContent | None = None,
    envelope: EnvelopeInput | None = None,
    transformers: Transformers | None = None,
) -> DesignEmailAnswer:
    """Make an e-mail."""
    given = design.checked(world, {"content": content, "envelope": envelope, "transformers": transformers})
    fields = {"is_template": is_template is True, **design.parts(given)}
    return _answer(world, EMAILS.make(world, world.uuid(), name, parent_folder_id, fields))


@on(DesignStudioEmails.get)
def get(world: World, id: str) -> DesignEmailAnswer:
    """Answer with one e-mail."""
    return _answer(world, EMAILS.known(world, id))


@on(DesignStudioEmails.update)
def update(world: World, id: str, changes: DesignEmailChanges) -> None:
    """Change an e-mail in its default language."""
    node = EMAILS.known(world, id)
    only_known(changes, DesignEmailChanges)
    EMAILS.change(world, id, {**changes, **design.merged(node, design.checked(world, changes))})


@on(DesignStudioEmails.delete)
def delete(world: World, id: str) -> None:
    """Forget an e-mail with its languages and versions."""
    node = EMAILS.known(world, id)
    held = world.held.design
    if id in held.targets:
        raise ApiFault(409, "the e-mail is linked to a message")
    for each in [node, *design.translations(world, node)]:
        held.library.drop(each)
        held.versions.pop(each.id, None)
    held.published.pop(id, None)


@on(DesignStudioTranslations.find)
def find_languages(world: World, id: str) -> DesignTranslationsAnswer:
    """Answer with all languages of an e-mail but the default."""
    found = design.translations(world, EMAILS.known(world, id))
    return {"email_translations": [_translation(world, node) for node in found]}


@on(DesignStudioTranslations.create)
def create_language(
    world: World,
    id: str,
    language: str,
    *,
    content: EmailContent | None = None,
    envelope: EnvelopeInput | None = None,
    transformers: Transformers | None = None,
) -> DesignTranslationAnswer:
    """Add a language to an e-mail."""
    email = EMAILS.known(world, id)
    if not _LANGUAGE.fullmatch(language):
        raise ApiFault(400, "language: is no language code")
    if _in_language(world, email, language) is not None:
        raise ApiFault(409, "language: the e-mail has it")
    given = design.checked(world, {"content": content, "envelope": envelope, "transformers": transformers})
    fields = {"group": id, **design.parts(given)}
    node = Node(world.uuid(), design.TRANSLATION, language, None, world.now, world.now, fields)
    design.library(world).add(node)
    return {"email_translation": _translation(world, node)}


@on(DesignStudioTranslations.get)
def get_language(world: World, id: str, language: str) -> DesignTranslationAnswer:
    """Answer with an e-mail in one language."""
    return {"email_translation": _translation(world, _known(world, id, language))}


@on(DesignStudioTranslations.update)
def update_language(
    world: World,
    id: str,
    language: str,
    *,
    content: EmailContent | None = None,
    envelope: EnvelopeInput | None = None,
    transformers: Transformers | None = None,
) -> None:
    """Change an e-mail in one language."""
    node = _known(world, id, language)
    given: Mapping[str, Any] = {"content": content, "envelope": envelope, "transformers": transformers}
    node.fields.update(design.merged(node, design.checked(world, given)))
    node.updated = world.now


@on(DesignStudioTranslations.delete)
def delete_language(world: World, id: str, language: str) -> None:
    """Take a language from an e-mail that no message is linked to."""
    node = _known(world, id, language)
    if id in world.held.design.targets:
        raise ApiFault(409, "language: is in use, the e-mail is linked to a message")
    design.library(world).drop(node)
    world.held.design.versions.pop(node.id, None)


def _in_language(world: World, email: Node[str], language: str) -> Node[str] | None:
    return next((node for node in design.translations(world, email) if design.language(node) == language), None)


def _known(world: World, id: str, language: str) -> Node[str]:
    found = _in_language(world, EMAILS.known(world, id), language)
    if found is None:
        raise ApiFault(404, "language: the e-mail is not there in it")
    return found


def _listed(world: World, node: Node[str]) -> ListedEmail:
    shown: dict[str, Any] = EMAILS.shown(node, "content", "envelope", "transformers")
    shown["is_linked"] = node.id in world.held.design.targets
    shown["has_translations"] = bool(design.translations(world, node))
    return cast("ListedEmail", shown)


def _answer(world: World, node: Node[str]) -> DesignEmailAnswer:
    return cast("DesignEmailAnswer", {"email": design.whole(world, node)})


def _translation(world: World, node: Node[str]) -> DesignTranslation:
    shown = design.whole(world, node)
    del shown["id"], shown["name"]
    return cast(
        "DesignTranslation", {"language": design.language(node), "language_group_id": node.fields["group"]} | shown
    )

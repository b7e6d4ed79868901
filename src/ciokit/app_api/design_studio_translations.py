"""The languages of a Design Studio e-mail."""

from __future__ import annotations

from typing import TypedDict

from ciokit.app_api.design_studio_content import EmailContent, Envelope, EnvelopeInput, Transformers
from ciokit.core.endpoint import Field, Group, Path, S, endpoint
from ciokit.core.retry import Retry


class DesignTranslation(TypedDict):
    """An e-mail in one language; `language_group_id` is the e-mail in its default language, times are Unix seconds."""

    language: str
    language_group_id: str
    parent_folder_id: str | None
    is_template: bool
    is_linked: bool
    available_languages: list[str]
    content: EmailContent
    envelope: Envelope
    transformers: Transformers
    created: int
    updated: int


class DesignTranslationAnswer(TypedDict):
    """An e-mail in one language, under `email_translation`."""

    email_translation: DesignTranslation


class DesignTranslationsAnswer(TypedDict):
    """An e-mail in each of its further languages."""

    email_translations: list[DesignTranslation]


class DesignStudioTranslations(Group[S]):
    """Languages of e-mails; `id` is always the e-mail in its default language."""

    @endpoint("app", "GET", "/v1/design_studio/emails/{id}/languages", retry=Retry.SAFE, docs="listEmailTranslations")
    def find(self, id: Path[str]) -> DesignTranslationsAnswer:
        """Return all languages of an e-mail.

        Raises:
            RefusedError: 404, there is no such e-mail.
        """
        ...

    @endpoint(
        "app", "POST", "/v1/design_studio/emails/{id}/languages", retry=Retry.NEVER, docs="createEmailTranslation"
    )
    def create(
        self,
        id: Path[str],
        language: Field[str],
        *,
        content: Field[EmailContent | None] = None,
        envelope: Field[EnvelopeInput | None] = None,
        transformers: Field[Transformers | None] = None,
    ) -> DesignTranslationAnswer:
        """Add a language to an e-mail and return it.

        Args:
            id: the e-mail in its default language.
            language: a language code, such as `de`.
            content: subject and bodies.
            envelope: who it is from and for.
            transformers: what is done to its HTML.

        Raises:
            RefusedError: 404, there is no such e-mail; 409, it has this language.
        """
        ...

    @endpoint(
        "app",
        "GET",
        "/v1/design_studio/emails/{id}/languages/{language}",
        retry=Retry.SAFE,
        docs="getEmailTranslation",
    )
    def get(self, id: Path[str], language: Path[str]) -> DesignTranslationAnswer:
        """Return an e-mail in one language.

        Raises:
            RefusedError: 404, there is no such e-mail, or not in this language.
        """
        ...

    @endpoint(
        "app",
        "PUT",
        "/v1/design_studio/emails/{id}/languages/{language}",
        retry=Retry.SAFE,
        docs="updateEmailTranslation",
    )
    def update(
        self,
        id: Path[str],
        language: Path[str],
        *,
        content: Field[EmailContent | None] = None,
        envelope: Field[EnvelopeInput | None] = None,
        transformers: Field[Transformers | None] = None,
    ) -> None:
        """Change an e-mail in one language; what is left out stays.

        Raises:
            RefusedError: 404, there is no such e-mail, or not in this language.
        """
        ...

    @endpoint(
        "app",
        "DELETE",
        "/v1/design_studio/emails/{id}/languages/{language}",
        retry=Retry.SAFE,
        docs="deleteEmailTranslation",
    )
    def delete(self, id: Path[str], language: Path[str]) -> None:
        """Take a language from an e-mail.

        Raises:
            RefusedError: 404, there is no such e-mail, or not in this language; 409, it is in use.
        """
        ...

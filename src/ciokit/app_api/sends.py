"""Transactional messages to one person: e-mail, push, SMS, WhatsApp, in-app and inbox, each in one request.

Each is checked before it leaves (`ciokit.app_api.checks`), and is a function as well (`ciokit.app_api.sending`).
"""

from __future__ import annotations

from typing import Any, Literal, NotRequired, TypeAlias, TypedDict

from ciokit.app_api import checks
from ciokit.core.endpoint import Field, Group, Header, S, endpoint
from ciokit.core.retry import Retry


class ById(TypedDict):
    """A person by your own id."""

    id: str


class ByEmail(TypedDict):
    """A person by e-mail address."""

    email: str


class ByCioId(TypedDict):
    """A person by the service's id."""

    cio_id: str


SendIdentifiers: TypeAlias = ById | ByEmail | ByCioId
"""Whose message it is, named in exactly one way, never by phone."""


PushTo = Literal["all", "last_used"]
"""Which of a person's devices; a token names one."""


class CustomDevice(TypedDict):
    """A device to add to the person before sending; `last_used` is in Unix seconds."""

    token: str
    platform: Literal["ios", "android"]
    last_used: NotRequired[int]
    attributes: NotRequired[dict[str, str]]


class PushPayload(TypedDict):
    """What goes to the push services as it is: `ios` in the form of APNs or FCM, `android` in that of FCM."""

    ios: NotRequired[dict[str, Any]]
    android: NotRequired[dict[str, Any]]


class Sent(TypedDict):
    """The send was taken. `queued_at` is in Unix seconds; `send_at` is there only when it is still to come."""

    delivery_id: str
    queued_at: int
    send_at: NotRequired[int]


class Send(Group[S]):
    """Send one message to one person now, or at `send_at`.

    Common to all: `transactional_message_id` is a number or a trigger name (upper and lower case alike), `message_data`
    is `{{trigger.*}}` in Liquid, `send_at` is in Unix seconds, at most 90 days ahead (past means now), `queue_draft`
    keeps a draft instead of sending, `auto_create` makes an empty template for a trigger name that is new.
    `workspace_id` is only for service-account tokens, which work for all workspaces. A request is at most 1 MB.
    None of them is repeated once it may have left: the service cannot tell the second from the first.
    """

    @endpoint("app", "POST", "/v1/send/email", retry=Retry.NEVER, docs="sendEmail", rate="app_send", check=checks.email)
    def email(
        self,
        *,
        to: Field[str],
        identifiers: Field[SendIdentifiers | None] = None,
        transactional_message_id: Field[int | str | None] = None,
        message_data: Field[dict[str, Any] | None] = None,
        subject: Field[str | None] = None,
        body: Field[str | None] = None,
        body_plain: Field[str | None] = None,
        body_amp: Field[str | None] = None,
        preheader: Field[str | None] = None,
        from_: Field[str | None] = None,
        reply_to: Field[str | None] = None,
        cc: Field[str | None] = None,
        bcc: Field[str | None] = None,
        fake_bcc: Field[bool | None] = None,
        headers: Field[str | None] = None,
        attachments: Field[dict[str, str] | None] = None,
        language: Field[str | None] = None,
        send_at: Field[int | None] = None,
        tracked: Field[bool] = True,
        send_to_unsubscribed: Field[bool] = True,
        queue_draft: Field[bool] = False,
        auto_create: Field[bool | None] = None,
        disable_message_retention: Field[bool] = False,
        disable_css_preprocessing: Field[bool] = False,
        workspace_id: Header[int | None] = None,
    ) -> Sent:
        """Send an e-mail, from a template or written out in the call.

        Args:
            to: addresses with commas between; with `cc` and `bcc` at most 15.
            identifiers: whose e-mail it is; always needed.
            transactional_message_id: the template; without it `subject`, `body` and `from_` are needed.
            message_data: what the template fills in.
            subject: instead of the template's, like all down to `headers`.
            body: HTML.
            body_plain: for readers without HTML.
            body_amp: AMP.
            preheader: what mail programs show beside the subject.
            from_: the sender, an address whose domain is verified.
            reply_to: where answers go.
            cc: see `to`.
            bcc: see `to`.
            fake_bcc: send those in `bcc` a copy with the recipient in the subject.
            headers: JSON text, a list of `{"name": ..., "value": ...}`.
            attachments: base64 by file name, at most 2 MB in all; `attachments_from` makes it from paths.
            language: which translation to send.
            send_at: see the group.
            tracked: count opens and clicks.
            send_to_unsubscribed: send also to people who unsubscribed.
            queue_draft: see the group.
            auto_create: see the group.
            disable_message_retention: keep no copy.
            disable_css_preprocessing: leave the styles as they are.
            workspace_id: see the group.

        Raises:
            RefusedError: 400, bad input; 413, attachments too large.
            AuthenticationError: 403, a kind of attachment that is not allowed; 401, the key.
        """
        ...

    @endpoint("app", "POST", "/v1/send/push", retry=Retry.NEVER, docs="sendPush", rate="app_send", check=checks.send)
    def push(
        self,
        *,
        transactional_message_id: Field[int | str],
        identifiers: Field[SendIdentifiers],
        to: Field[PushTo | str] = "all",
        message_data: Field[dict[str, Any] | None] = None,
        title: Field[str | None] = None,
        message: Field[str | None] = None,
        image_url: Field[str | None] = None,
        link: Field[str | None] = None,
        sound: Field[Literal["default", "none"]] = "default",
        custom_data: Field[dict[str, Any] | None] = None,
        custom_device: Field[CustomDevice | None] = None,
        custom_payload: Field[PushPayload | None] = None,
        language: Field[str | None] = None,
        send_at: Field[int | None] = None,
        send_to_unsubscribed: Field[bool] = True,
        queue_draft: Field[bool] = False,
        auto_create: Field[bool | None] = None,
        disable_message_retention: Field[bool] = False,
        workspace_id: Header[int | None] = None,
    ) -> Sent:
        """Send a push notification, from a template.

        Args:
            transactional_message_id: the template.
            identifiers: whose devices.
            to: `all` devices, the one `last_used`, or the token of one.
            message_data: what the template fills in.
            title: instead of the template's, like all down to `custom_payload`.
            message: the text.
            image_url: a picture.
            link: where a tap leads.
            sound: whether it makes one.
            custom_data: keys and values for the app.
            custom_device: a device to add to the person first.
            custom_payload: the whole payload, instead of everything else.
            language: which translation to send.
            send_at: see the group.
            send_to_unsubscribed: send also to people who unsubscribed.
            queue_draft: see the group.
            auto_create: see the group.
            disable_message_retention: keep no copy.
            workspace_id: see the group.

        Raises:
            RefusedError: 400, bad input.
            AuthenticationError: 403, transactional push is not allowed in the workspace; 401, the key.
        """
        ...

    @endpoint("app", "POST", "/v1/send/sms", retry=Retry.NEVER, docs="sendSMS", rate="app_send", check=checks.send)
    def sms(
        self,
        *,
        transactional_message_id: Field[int | str],
        to: Field[str],
        identifiers: Field[SendIdentifiers],
        message_data: Field[dict[str, Any] | None] = None,
        from_: Field[str | None] = None,
        language: Field[str | None] = None,
        send_at: Field[int | None] = None,
        tracked: Field[bool | None] = None,
        send_to_unsubscribed: Field[bool] = True,
        queue_draft: Field[bool] = False,
        auto_create: Field[bool | None] = None,
        disable_message_retention: Field[bool] = False,
        workspace_id: Header[int | None] = None,
    ) -> Sent:
        """Send an SMS, from a template.

        `to` is a number in E.164 form or Liquid that gives one; `from_` a verified number or sender id.

        Raises:
            RefusedError: 400, bad input.
            AuthenticationError: 403, transactional SMS is not allowed in the workspace; 401, the key.
        """
        ...

    @endpoint(
        "app", "POST", "/v1/send/whatsapp", retry=Retry.NEVER, docs="sendWhatsApp", rate="app_send", check=checks.send
    )
    def whatsapp(
        self,
        *,
        transactional_message_id: Field[int | str],
        to: Field[str],
        identifiers: Field[SendIdentifiers],
        message_data: Field[dict[str, Any] | None] = None,
        from_: Field[str | None] = None,
        language: Field[str | None] = None,
        send_at: Field[int | None] = None,
        tracked: Field[bool | None] = None,
        send_to_unsubscribed: Field[bool | None] = None,
        queue_draft: Field[bool] = False,
        disable_message_retention: Field[bool | None] = None,
        workspace_id: Header[int | None] = None,
    ) -> Sent:
        """Send a WhatsApp message, from a template.

        `to` is a number in E.164 form or Liquid that gives one; `from_` an approved sender. `tracked` is the template's
        unless given. There is no `auto_create` here.

        Raises:
            RefusedError: 400, bad input.
            AuthenticationError: 403, WhatsApp is not on in the workspace; 401, the key.
        """
        ...

    @endpoint("app", "POST", "/v1/send/in_app", retry=Retry.NEVER, docs="sendInApp", rate="app_send", check=checks.send)
    def in_app(
        self,
        *,
        transactional_message_id: Field[int | str],
        identifiers: Field[SendIdentifiers],
        message_data: Field[dict[str, Any] | None] = None,
        language: Field[str | None] = None,
        send_at: Field[int | None] = None,
        queue_draft: Field[bool] = False,
        auto_create: Field[bool | None] = None,
        workspace_id: Header[int | None] = None,
    ) -> Sent:
        """Send a message shown in the app, from a template.

        Raises:
            RefusedError: 400, bad input.
            AuthenticationError: 403, transactional or in-app messages are not on in the workspace; 401, the key.
        """
        ...

    @endpoint(
        "app",
        "POST",
        "/v1/send/inbox_message",
        retry=Retry.NEVER,
        docs="sendInboxMessage",
        rate="app_send",
        check=checks.send,
    )
    def inbox_message(
        self,
        *,
        transactional_message_id: Field[int | str],
        identifiers: Field[SendIdentifiers],
        to: Field[str | None] = None,
        message_data: Field[dict[str, Any] | None] = None,
        language: Field[str | None] = None,
        send_at: Field[int | None] = None,
        queue_draft: Field[bool] = False,
        auto_create: Field[bool | None] = None,
        workspace_id: Header[int | None] = None,
    ) -> Sent:
        """Send a message to the inbox in the app, from a template; `to` is rarely needed.

        Raises:
            RefusedError: 400, bad input.
            AuthenticationError: 403, transactional or inbox messages are not on in the workspace; 401, the key.
        """
        ...

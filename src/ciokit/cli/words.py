"""What is said of an option whose declaration says nothing of it: names that mean the same wherever they are."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, get_args, get_type_hints, is_typeddict

from ciokit.core import codec

_MOMENT = "in Unix seconds"
_SHARED: Mapping[str, str] = {
    "auto_create": "make an empty template for a trigger name that is new",
    "attributes": "what stays the same as long as it is shown",
    "body": "the text, HTML where the channel has it",
    "body_amp": "AMP",
    "body_json": "the content as JSON",
    "body_plain": "for readers without HTML",
    "content": "what takes the place of what is there",
    "content_state": "all of what it shows now",
    "created_after": f"those made after this, {_MOMENT}",
    "created_before": f"those made before this, {_MOMENT}",
    "deep_link": "what a tap on it opens",
    "description": "for people",
    "direct_descendants_only": "leave out what is in folders below",
    "disable_message_retention": "keep no copy",
    "drafts": "drafts instead of what was sent",
    "email": "an e-mail address",
    "end": f"when the range ends, {_MOMENT}",
    "end_ts": f"made before this, {_MOMENT}",
    "from_": "the sender",
    "get_tracked_responses": "tell answers to surveys in the app, too",
    "id_type": "what kind of identifier names them",
    "has_translations": "those with translations, or those without",
    "identifiers": "whose message it is, named in exactly one way",
    "ids": "who it is about",
    "instance_id": "which: what its start answered with",
    "is_linked": "those that belong to a message, or those that do not",
    "is_template": "templates, or what is none",
    "language": "which translation",
    "limit": "rows a page",
    "message_data": "what the template fills in",
    "metric": "those that this happened to",
    "name": "what it is called",
    "page": "the page to begin with, from 1",
    "parent_folder_id": "the folder it is in; 0 is the root",
    "period": "how long a step is; days begin at midnight, Eastern time",
    "preheader_text": "what mail programs show beside the subject",
    "publish_id": "which: what publishing answered with",
    "push_payload": "what of the notification around it differs",
    "queue_draft": "keep a draft instead of sending",
    "rate_limit_email_rate": "messages, of any channel, in `rate_limit_time_period`; both or neither",
    "rate_limit_spread": "send them evenly, instead of all at its beginning",
    "rate_limit_time_period": "seconds",
    "res": "how long a step is, with `version` 2",
    "resolution": "how long a step is",
    "send_at": f"when, {_MOMENT}, at most 90 days ahead; now unless given",
    "send_to_unsubscribed": "send also to people who unsubscribed",
    "sort": "which come first",
    "sort_by": "what they are sorted by",
    "sort_order": "which come first",
    "start": "where to go on: the `next` of the page before",
    "start_ts": f"made at or after this, {_MOMENT}",
    "state": "those in this state",
    "steps": "how many, counted back from now: at most 24 hours, 45 days, 12 weeks or 121 months",
    "subject": "of an e-mail",
    "timezone": "the name of a time zone, such as Europe/Zurich",
    "to": "who gets it, where that is not what the profile says",
    "tracked": "count opens and clicks",
    "transactional_message_id": "the template: its number or its trigger name",
    "type": "of this channel alone",
    "tz": "the name of a time zone, with `version` 2; UTC unless given",
    "unsubscribe": "whether the person shall be unsubscribed",
    "unique": "count each person once",
    "updated_after": f"those changed after this, {_MOMENT}",
    "updated_before": f"those changed before this, {_MOMENT}",
    "value": "the text it stands for",
    "version": "2, which needs `res`, `start` and `end`; or 1, which counts `steps` of a `period` back from now",
    "workspace_id": "with a token of a service account alone: the workspace it is for",
}
_NUMBERS: Mapping[str, str] = {"start": f"when the range begins, {_MOMENT}"}
_ELSEWHERE = frozenset({"", "see the group"})  # a command shows no group's words


def words_for(name: str, said: str, kinds: Iterable[Any]) -> str:
    """Return what to say of an argument: what its declaration said, in the words of the command line, or else these.

    Of an object, that is what it holds.
    """
    if said.rstrip(".") not in _ELSEWHERE:
        return said.replace("`from_`", "`from`")
    inner = [each for kind in kinds for part in (kind, *get_args(kind)) for each in codec.alternatives(part)]
    held = dict.fromkeys(name for kind in inner if is_typeddict(kind) for name in get_type_hints(kind))
    if held and name != "identifiers":
        return f"holds {', '.join(held)}"
    if int in kinds and name in _NUMBERS:
        return _NUMBERS[name]
    return _SHARED.get(name, "")

"""Forms: what somebody filled in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ciokit.core.endpoint import Field, Group, Path, S, endpoint
from ciokit.core.retry import Retry


class Forms(Group[S]):
    """Forms of your own pages."""

    @endpoint("track", "POST", "/api/v1/forms/{form_id}/submit", retry=Retry.NEVER, docs="submitForm")
    def submit(self, form_id: Path[str], data: Field[Mapping[str, Any]]) -> None:
        """Hand in a form; the person is made if need be. Not sent again after a lost answer: it could count twice.

        Args:
            form_id: any name; the first time it is used, a form connection is made.
            data: fields and answers as text, with `id` or `email`, or a field the form maps to one of these.
                `form_id`, `form_name`, `form_type`, `form_url` and `form_url_param` are reserved.

        Raises:
            RefusedError: 400, nobody can be told from the data. A form seen for the first time is made all the same,
                and its fields can then be mapped.
        """
        ...

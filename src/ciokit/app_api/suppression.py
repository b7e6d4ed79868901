"""Who must not be written to: opt-outs from senders of text messages, and addresses the e-mail provider suppresses."""

from __future__ import annotations

from typing import Any, Literal, NotRequired, TypedDict

from ciokit.app_api import checks
from ciokit.app_api.types import IdType
from ciokit.core.endpoint import Field, Group, Path, Query, S, endpoint, paged
from ciokit.core.paging import Offset
from ciokit.core.retry import Retry

SuppressionType = Literal["blocks", "bounces", "spam_reports", "invalid_emails"]
"""Why an e-mail provider suppresses an address."""

# `from` cannot be written as a field of a class.
OptOut = TypedDict("OptOut", {"channel": Literal["sms", "whatsapp"], "from": str})
"""A sender a person does not want: `from` is a number in E.164 form, an alphanumeric id or a service's SID."""

OptOutChange = TypedDict(
    "OptOutChange", {"from": str, "optout": bool, "channel": NotRequired[Literal["sms", "whatsapp"]]}
)
"""A change: `optout` true turns the sender off for a person, false on again. The channel is `sms` if not given."""


class OptOutAnswer(TypedDict):
    """The senders a person does not want."""

    optouts: list[OptOut]


class OptOutsOfPerson(TypedDict):
    """The senders a person does not want, and who that is."""

    customer_id: str
    cio_id: str
    optouts: list[OptOut]


class Suppression(TypedDict):
    """An address an e-mail provider does not deliver to.

    `created` is in Unix seconds; `reason` and `status` (normally `550`) are the provider's words.
    """

    created: int
    email: str
    reason: str
    status: str


class SuppressionAnswer(TypedDict):
    """What suppresses an address: `suppressions` is empty when nothing does."""

    category: NotRequired[Literal["bounces", "spam"]]
    suppressions: list[Suppression]


class OptOuts(Group[S]):
    """What the App API does about opt-outs from senders of text messages."""

    @paged("app", "GET", "/v1/optouts", items="optouts", docs="getOptouts", check=checks.page_of(1000))
    def find(
        self,
        *,
        from_: Query[str | None] = None,
        start: Query[str | None] = None,
        limit: Query[int] = 100,
    ) -> list[OptOutsOfPerson]:
        """Yield the people who opted out of a sender, page by page.

        Args:
            from_: only opt-outs from this sender: a number in E.164 form, an alphanumeric id or a service's SID.
            start: the cursor to go on from.
            limit: people a page, at most 1,000.
        """
        ...

    @endpoint("app", "GET", "/v1/customers/{customer_id}/optouts", retry=Retry.SAFE, docs="getPersonOptouts")
    def get(self, customer_id: Path[str], *, id_type: Query[IdType] = "id") -> OptOutAnswer:
        """Return the senders one person opted out of.

        Raises:
            RefusedError: 404, nobody has this identifier.
        """
        ...

    @endpoint("app", "PUT", "/v1/customers/{customer_id}/optouts", retry=Retry.SAFE, docs="updatePersonOptouts")
    def update(
        self, customer_id: Path[str], optouts: Field[list[OptOutChange]], *, id_type: Query[IdType] = "id"
    ) -> None:
        """Opt a person out of senders, or in again.

        Raises:
            RefusedError: 400, a change is malformed; 404, nobody has this identifier.
        """
        ...


class EspSuppression(Group[S]):
    """What the App API does about suppression at the e-mail provider, which is not that of the workspace.

    A person suppressed here can stay in the workspace: only e-mail to the address is stopped.
    """

    @endpoint("app", "GET", "/v1/esp/search_suppression/{email_address}", retry=Retry.SAFE, docs="getSuppression")
    def get(self, email_address: Path[str]) -> SuppressionAnswer:
        """Return whether the e-mail provider suppresses an address, and why."""
        ...

    @paged(
        "app",
        "GET",
        "/v1/esp/suppression/{suppression_type}",
        items="suppressions",
        docs="getSuppressionByType",
        paging=Offset(size=100),
        check=checks.page_of(1000),
    )
    def find(
        self,
        suppression_type: Path[SuppressionType],
        *,
        domain: Query[str | None] = None,
        offset: Query[int] = 0,
        limit: Query[int] = 100,
    ) -> list[Suppression]:
        """Yield the addresses suppressed for one reason, page by page.

        Args:
            suppression_type: the reason.
            domain: only those of this sending domain.
            offset: how many to pass over.
            limit: addresses a page, at most 1,000.
        """
        ...

    @paged(
        "app",
        "GET",
        "/v1/esp/domains/{domain_name}/suppression/{suppression_type}",
        items="suppressions",
        docs="getDomainSuppressionsByType",
        check=checks.page_of(1000),
    )
    def find_of_domain(
        self,
        domain_name: Path[str],
        suppression_type: Path[SuppressionType],
        *,
        email: Query[str | None] = None,
        start: Query[str | None] = None,
        limit: Query[int] = 100,
    ) -> list[Suppression]:
        """Yield the addresses of one sending domain suppressed for one reason, page by page.

        Args:
            domain_name: the sending domain.
            suppression_type: the reason.
            email: only this address: at most one row, and no further page.
            start: the cursor to go on from.
            limit: addresses a page, at most 1,000.
        """
        ...

    # The second time changes nothing, so this POST may be repeated.
    @endpoint(
        "app",
        "POST",
        "/v1/esp/suppression/{suppression_type}/{email_address}",
        retry=Retry.SAFE,
        docs="postSuppression",
    )
    def create(self, suppression_type: Path[SuppressionType], email_address: Path[str]) -> dict[str, Any]:
        """Have the e-mail provider suppress an address; what the answer holds is not documented."""
        ...

    @endpoint(
        "app",
        "DELETE",
        "/v1/esp/suppression/{suppression_type}/{email_address}",
        retry=Retry.SAFE,
        docs="deleteSuppression",
    )
    def delete(self, suppression_type: Path[SuppressionType], email_address: Path[str]) -> None:
        """Have the e-mail provider deliver to an address again."""
        ...

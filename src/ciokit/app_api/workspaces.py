"""The account around a workspace: its workspaces with their sizes, and the addresses the service calls from."""

from __future__ import annotations

from typing import TypedDict

from ciokit.core.endpoint import Group, S, endpoint
from ciokit.core.retry import Retry


class WorkspaceSize(TypedDict):
    """A workspace, and how much is in it."""

    id: int
    name: str
    messages_sent: int
    billable_messages_sent: int
    people: int
    object_types: int
    objects: int


class WorkspaceList(TypedDict):
    """The workspaces of the account."""

    workspaces: list[WorkspaceSize]


class IpAddresses(TypedDict):
    """The addresses that e-mail servers and webhook receivers must let in; push notifications come from others."""

    ip_addresses: list[str]


class Workspaces(Group[S]):
    """What the App API says about the account."""

    @endpoint("app", "GET", "/v1/workspaces", retry=Retry.SAFE, docs="listWorkspaces")
    def find(self) -> WorkspaceList:
        """Return the workspaces of the account the key belongs to."""
        ...


class Info(Group[S]):
    """What the App API says about the service."""

    @endpoint("app", "GET", "/v1/info/ip_addresses", retry=Retry.SAFE, docs="getCioAllowlist")
    def ip_addresses(self) -> IpAddresses:
        """Return the addresses messages and webhooks come from; the service asks for no key here."""
        ...

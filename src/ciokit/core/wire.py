"""Requests and answers as plain data: the only thing that passes between the flows and whoever does the I/O."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Request:
    """One HTTP request, complete. `label` is what logs and errors may say of it: method and route, never an id."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes = b""
    label: str = ""
    timeout: float = 30.0

    def __repr__(self) -> str:
        return f"Request({self.label or self.method}, {len(self.body)} B)"


@dataclass(frozen=True, slots=True)
class Response:
    """One HTTP answer, read whole; header names are lower case."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    body: bytes = b""

    def __repr__(self) -> str:
        return f"Response({self.status}, {len(self.body)} B)"


class Transport(Protocol):
    """Sends one request and waits for the answer; raises `NetworkError` if none comes."""

    def send(self, request: Request) -> Response: ...
    def close(self) -> None: ...


class AsyncTransport(Protocol):
    """The awaitable twin of `Transport`."""

    async def send(self, request: Request) -> Response: ...
    async def aclose(self) -> None: ...

"""Uploads: named texts and files as one multipart body, and back; equal parts make equal bodies, so they compare."""

from __future__ import annotations

from collections.abc import Mapping
from email import message_from_bytes
from email.policy import HTTP
from typing import Any

_BOUNDARY = "ciokit-5f2c9c1e6c0e5d399a530c1d5a1b7a11"


class Upload(bytes):
    """The content of a file, which knows the name it is sent under."""

    filename: str


def write(parts: Mapping[str, Any]) -> tuple[str, bytes]:
    """Return content type and body; uploads are files under their own name, other bytes are called like the part."""
    chunks = [_part(name, value) for name, value in parts.items()]
    boundary = _BOUNDARY
    while any(boundary.encode() in chunk for chunk in chunks):
        boundary += "0"
    mark = b"--" + boundary.encode()
    body = b"".join(mark + b"\r\n" + chunk + b"\r\n" for chunk in chunks) + mark + b"--\r\n"
    return f"multipart/form-data; boundary={boundary}", body


def _part(name: str, value: Any) -> bytes:
    disposition = f'form-data; name="{name}"'
    if isinstance(value, bytes):
        content, filename = value, getattr(value, "filename", name)
        disposition += f'; filename="{_quoted(filename)}"'
        kind = "Content-Type: application/octet-stream\r\n"
    else:
        content, kind = str(value).encode(), ""
    return f"Content-Disposition: {disposition}\r\n{kind}\r\n".encode() + content


def _quoted(text: str) -> str:
    return text.replace("\\", "_").replace('"', "_").replace("\r", "_").replace("\n", "_")


def read(body: bytes, headers: Mapping[str, str]) -> dict[str, Any]:
    """Return the parts of a body: texts as `str`, files as `Upload`."""
    head = f"Content-Type: {headers.get('content-type', '')}\r\n\r\n".encode()
    message = message_from_bytes(head + body, policy=HTTP)
    found: dict[str, Any] = {}
    for part in message.iter_parts():
        name = part.get_param("name", header="content-disposition")
        content = part.get_payload(decode=True)
        data = content if isinstance(content, bytes) else b""
        filename = part.get_filename()
        if filename is None:
            found[str(name)] = data.decode("utf-8", "replace")
            continue
        upload = found[str(name)] = Upload(data)
        upload.filename = filename
    return found

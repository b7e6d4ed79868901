"""A throw-away certificate authority, so that clients which insist on https can talk to the emulator."""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from pathlib import Path

from ciokit.errors import ConfigurationError

_MARK = "# Certificate of a throw-away authority made by `ciokit emulate`; its key existed in memory only.\n"
_ALWAYS = ("127.0.0.1", "::1", "localhost")


@dataclass(frozen=True, slots=True)
class TlsOptions:
    """Serve over TLS too.

    - `port`: 0 picks a free one.
    - `ca_file`: where the authority's certificate (PEM) is written for clients to trust. A new one at each start.
    - `names`: further host names or addresses to be good for; 127.0.0.1, ::1 and localhost always are.
    """

    ca_file: Path
    port: int = 0
    names: tuple[str, ...] = ()


def server_context(options: TlsOptions) -> ssl.SSLContext:
    """Make an authority, write its certificate to `options.ca_file`, and return a context to serve with.

    Raises `ConfigurationError` without the `tls` extra, on a name no certificate can hold, and if the file cannot be
    written or holds something else.
    """
    try:
        import trustme
    except ImportError:
        raise ConfigurationError("serving over TLS needs one more package: pip install 'ciokit[tls]'") from None
    authority = trustme.CA(organization_name="ciokit emulator", organization_unit_name="throw-away authority")
    try:
        certificate = authority.issue_cert(*dict.fromkeys((*_ALWAYS, *options.names)))
    except ValueError:
        raise ConfigurationError(
            f"no certificate can be made for {', '.join(options.names)}: "
            "`--tls-name` takes host names and IP addresses, without scheme or port"
        ) from None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.set_alpn_protocols(["http/1.1"])
    with certificate.private_key_and_cert_chain_pem.tempfile() as path:
        context.load_cert_chain(path)
    _write(options.ca_file, authority.cert_pem.bytes().decode("ascii"))
    return context


def _write(path: Path, certificate: str) -> None:
    """Write the certificate, but never over a file that is not one of ours: it could be a real trust store."""
    try:
        if path.exists() and not path.read_bytes().startswith(_MARK.encode()) and path.stat().st_size:
            raise ConfigurationError(
                f"{path} exists and was not written by `ciokit emulate`; give `--tls-ca` another path"
            )
        path.write_text(_MARK + certificate, encoding="ascii")
    except OSError as error:
        raise ConfigurationError(
            f"the certificate cannot be written to {path} ({error.strerror}); give `--tls-ca` a path in a directory "
            "that exists and may be written to"
        ) from None

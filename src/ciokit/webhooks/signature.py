"""Is this webhook really from Customer.io? The signature check, for receivers of every kind.

The service signs `v0:<timestamp>:<body>` with HMAC-SHA256 and sends the bare hex digest in `X-CIO-Signature`, the
timestamp in `X-CIO-Timestamp` (reporting webhooks, "Securely verifying requests"). Whatever the request holds, nothing
here raises: the answer says which check failed, and is false then.
"""

from __future__ import annotations

import hashlib
import hmac
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias, get_args

from ciokit.errors import ConfigurationError

Reason = Literal[
    "ok",
    "secret_missing",
    "payload_not_bytes",
    "signature_missing",
    "timestamp_missing",
    "timestamp_invalid",
    "timestamp_outside_tolerance",
    "signature_invalid",
]
"""What came of a check."""

Secret: TypeAlias = str | bytes
Secrets: TypeAlias = Secret | Sequence[Secret]
"""A signing key, or several while one takes the place of another."""

SIGNATURE_HEADER: Final = "x-cio-signature"
TIMESTAMP_HEADER: Final = "x-cio-timestamp"

_HEX_LENGTH: Final = 64
_MOST_DIGITS: Final = 20
_OK: Final = "ok"


@dataclass(frozen=True, slots=True)
class Verification:
    """What came of a check: true only for `ok`.

    `secret` is which of the secrets signed it, counted from 0: as long as an old one still does, keep it.
    """

    reason: Reason
    secret: int | None = None

    def __bool__(self) -> bool:
        return self.reason == _OK


_REASONS: Final[tuple[Reason, ...]] = get_args(Reason)
_FAILED: Final = {reason: Verification(reason) for reason in _REASONS if reason != _OK}


class Verifier:
    """Checks signatures with secrets prepared once.

    Args:
        secrets: the signing key of the webhook, or several: one that matches is enough.
        tolerance: how many seconds the timestamp may be away from the clock, either way; None takes any. The service
            tries again for seven days and does not say whether it signs again, so a narrow window may refuse genuine
            events for good.
        clock: gives the seconds since 1970.

    Raises:
        ConfigurationError: there is no secret, or an empty one, or the tolerance is negative.
    """

    def __init__(
        self, secrets: Secrets, tolerance: float | None = None, *, clock: Callable[[], float] = time.time
    ) -> None:
        # Made once and copied: half the time of a new one for each check.
        self._signers = tuple(hmac.new(key, b"v0:", hashlib.sha256) for key in _keys(secrets))
        if tolerance is not None and not tolerance >= 0:  # so that NaN is refused too
            raise ConfigurationError("The tolerance of webhook timestamps is negative; pass seconds, or None for any")
        self._tolerance = tolerance
        self._clock = clock

    def verify(
        self, payload: bytes, signature: str | bytes | None, timestamp: str | bytes | int | None
    ) -> Verification:
        """Check the signature of a body, byte for byte as it came."""
        if not _is_bytes(payload):
            return _FAILED["payload_not_bytes"]
        given = _ascii(signature)
        if not given:
            return _FAILED["signature_missing" if _absent(signature) else "signature_invalid"]
        moment = _digits(timestamp)
        if not moment:
            return _FAILED["timestamp_missing" if _absent(timestamp) else "timestamp_invalid"]
        if self._tolerance is not None and not abs(self._clock() - int(moment)) <= self._tolerance:
            return _FAILED["timestamp_outside_tolerance"]
        given = given.removeprefix(b"v0=").lower()
        if len(given) != _HEX_LENGTH:
            return _FAILED["signature_invalid"]
        found = None
        for index, signer in enumerate(self._signers):  # all of them: the time tells nothing of which one it was
            digest = signer.copy()
            digest.update(moment + b":")
            digest.update(payload)
            if hmac.compare_digest(digest.hexdigest().encode(), given) and found is None:
                found = index
        return _FAILED["signature_invalid"] if found is None else Verification(_OK, found)

    def __repr__(self) -> str:
        return f"Verifier({len(self._signers)} secrets, tolerance={self._tolerance})"


def verify_signature(
    payload: bytes,
    signature: str | bytes | None,
    timestamp: str | bytes | int | None,
    secret: Secrets,
    *,
    now: float | None = None,
    tolerance: float | None = None,
) -> Verification:
    """Check the signature of a webhook.

    Args:
        payload: the body, byte for byte as it came: not parsed, not decoded.
        signature: the header `X-CIO-Signature`, hex; a leading `v0=` is tolerated.
        timestamp: the header `X-CIO-Timestamp`, seconds since 1970.
        secret: the signing key, or several while one takes the place of another.
        now: seconds since 1970, the clock's if None.
        tolerance: how many seconds the timestamp may be away from now; None takes any. See `Verifier`.

    Returns:
        Verification: true if the signature is right; `.reason` says which check failed otherwise.
    """
    try:
        verifier = Verifier(secret, tolerance, clock=time.time if now is None else lambda: now)
    except _NoSecretError:
        return _FAILED["secret_missing"]
    return verifier.verify(payload, signature, timestamp)


def verify_headers(
    payload: bytes,
    headers: Mapping[str, str],
    secret: Secrets,
    *,
    now: float | None = None,
    tolerance: float | None = None,
) -> Verification:
    """Check the signature of a webhook by its headers, found whatever the case of their names.

    See `verify_signature`.
    """
    found = {str(name).lower(): value for name, value in headers.items()}
    signature, timestamp = found.get(SIGNATURE_HEADER), found.get(TIMESTAMP_HEADER)
    return verify_signature(payload, signature, timestamp, secret, now=now, tolerance=tolerance)


def sign(payload: bytes, timestamp: int | str, secret: Secret) -> str:
    """Return what the service would send as `X-CIO-Signature`: bare hex."""
    (key,) = _keys(secret)
    return hmac.new(key, b"v0:%b:%b" % (str(timestamp).encode(), payload), hashlib.sha256).hexdigest()


class _NoSecretError(ConfigurationError):
    """There is nothing to check with; an empty key would let anybody sign."""


def _keys(secrets: Secrets | None) -> tuple[bytes, ...]:
    several = [secrets] if isinstance(secrets, str | bytes) else secrets or ()
    keys = tuple(map(_key, several))
    if not keys or not all(keys):
        raise _NoSecretError(
            "There is no webhook signing key, or an empty one; pass the key that Customer.io shows beside the webhook"
        )
    return keys


def _key(secret: object) -> bytes:
    # A key read from a file or a variable often ends in a newline, which the service never puts into one. Text from the
    # environment that is no UTF-8 holds lone surrogates.
    if not isinstance(secret, str):
        return secret if isinstance(secret, bytes) else b""
    try:
        return secret.strip().encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return b""


def _is_bytes(value: object) -> bool:
    return isinstance(value, bytes | bytearray)


def _absent(value: object) -> bool:
    return value is None or (isinstance(value, str | bytes) and not value)


def _ascii(value: object) -> bytes:
    if isinstance(value, str):
        return value.encode() if value.isascii() else b""
    return value if isinstance(value, bytes) else b""


def _digits(value: object) -> bytes:
    """Return the digits of a timestamp; anything else could move the border between it and the body."""
    text = b"%d" % value if isinstance(value, int) and not isinstance(value, bool) else _ascii(value)
    return text if text.isdigit() and len(text) <= _MOST_DIGITS else b""

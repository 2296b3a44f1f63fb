"""The edge half of bearer tokens: the ``Authorization`` header of a request in, claims out.

What a token must look like is decided in :mod:`workers.tokens`, which the command line shares.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from workers.tokens import BadToken, Claims, Issuer, Signed, read, verify

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["BadToken", "Claims", "Issuer", "claims", "single", "taken_apart", "verify"]


def claims(headers: Mapping[str, str], issuers: Sequence[Issuer], now: float) -> Claims:
    """Return what the one bearer token in ``headers`` says, valid at ``now`` (seconds since the epoch).

    ``headers`` is any mapping, Starlette's included. Raises :class:`BadToken` (answered 401) when there is
    no token, more than one ``Authorization`` header, or a token :func:`workers.tokens.verify` refuses.
    """
    return verify(single(headers), issuers, now)


def single(headers: Mapping[str, str]) -> str | None:
    """Return the one ``Authorization`` header, ``None`` for none. Raises :class:`BadToken` when there are more."""
    values = [value for name, value in headers.items() if name.lower() == "authorization"]
    if len(values) > 1:
        raise BadToken("the request has more than one Authorization header")
    return values[0] if values else None


def taken_apart(headers: Mapping[str, str]) -> Signed | None:
    """Return the token in ``headers`` unverified, ``None`` when there is none that could be."""
    try:
        return read(single(headers))
    except BadToken:
        return None

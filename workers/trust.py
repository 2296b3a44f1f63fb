"""Whose bearer tokens count, and how their signatures are checked: the configured issuers, ready for use."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from workers import keysets, secretrefs, signing
from workers.claims import Granted, Rule, Terms
from workers.errors import BadConfiguration

if TYPE_CHECKING:
    from collections.abc import Callable

    from workers import issuers
    from workers.keysets import KeySet


@dataclass(frozen=True, slots=True)
class Issuer:
    """Someone whose tokens count: name, the audience they must name us by, allowed algorithms, and the keys.

    ``key`` returns the HMAC secret, or a PEM: public to verify, private to mint. It is called for every
    token, so a replaced key file counts at once. ``keys`` returns a published key set instead. ``longest`` is in
    seconds; with ``rules`` only they say what a token is worth. Raises :class:`BadConfiguration` when the algorithms
    are none, unknown, or mix shared secrets with key pairs (which invites using a public key as a secret).
    """

    issuer: str
    audience: str
    algorithms: tuple[str, ...]
    key: Callable[[], str] | None = field(default=None, repr=False)
    keys: Callable[[], KeySet] | None = field(default=None, repr=False)
    rules: tuple[Rule, ...] = ()
    longest: float = 86400.0

    def __post_init__(self) -> None:
        allowed = set(self.algorithms)
        if not self.issuer or not self.audience:
            raise BadConfiguration("a token issuer needs a name and an audience", field="issuer")
        if not allowed or not (allowed <= signing.HMAC.keys() or allowed <= signing.ASYMMETRIC):
            known = f"{', '.join(sorted(signing.HMAC))}, or of {', '.join(sorted(signing.ASYMMETRIC))}"
            raise BadConfiguration(f"must be one or more of {known}, not a mix", field="algorithms")
        if (self.key is None) == (self.keys is None):
            raise BadConfiguration("a token issuer needs either a key or published keys", field="key")

    @property
    def terms(self) -> Terms:
        """What its tokens must be."""
        return Terms(self.audience, self.longest, self.rules)

    def candidates(self, algorithm: str, kid: str) -> list[signing.Key]:
        """Return the keys a token of this algorithm may be signed with; raises as ``key`` and ``keys`` do."""
        if self.keys is not None:
            return self.keys().named(kid, algorithm)
        return [self.local(algorithm)]

    def local(self, algorithm: str) -> signing.Key:
        """Return the local key, proven to be of the algorithm's kind; a PEM is never taken for a secret."""
        try:
            return signing.secret(self.key() if self.key else "", algorithm)
        except BadConfiguration as error:
            raise BadConfiguration(f"the key of issuer {self.issuer!r} {error}") from None


def trusted(declared: issuers.Issuer, published: Callable[[], KeySet] | None = None) -> Issuer:
    """Return a configured issuer. ``published`` gives the keys of one whose key set has to be fetched.

    Nothing is read before a token asks for it: a replaced key file counts at once. Raises :class:`BadConfiguration`.
    """
    ref, place = declared.key, declared.jwks
    return Issuer(
        declared.issuer,
        declared.audience,
        tuple(declared.algorithms),
        key=(lambda: secretrefs.read(ref)) if ref else None,
        keys=None if ref else published or (lambda: read_file(place.removeprefix("file:"))),
        rules=tuple(
            Rule(tuple(sorted(grant.claims.items())), Granted(frozenset(grant.scopes), tuple(grant.apps)))
            for grant in declared.grants
        ),
        longest=declared.max_lifetime,
    )


def read_file(place: str) -> KeySet:
    """Return the key set in a file. Raises :class:`BadConfiguration` naming the file."""
    try:
        with Path(place).open("rb") as file:
            return keysets.read(file.read(keysets.MOST_BYTES + 1))
    except OSError as error:
        raise BadConfiguration(f"the key set {place} cannot be read ({error.strerror})") from None
    except BadConfiguration as error:
        raise BadConfiguration(f"{place}: {error}") from None

"""Issuers in the configuration: closed by default, and what would be open to the world is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from tests.receiver.keys import ISSUER, RSA_KEY, document, published
from workers import trust
from workers.errors import BadConfiguration
from workers.issuers import Issuer

GRANT = {"claims": {"repository": "your-org/*"}, "scopes": ["sync"], "apps": ["shop-*"]}
GOOD: dict[str, Any] = {
    "issuer": "https://token.actions.githubusercontent.com",
    "algorithms": ["RS256"],
    "jwks": "https://token.actions.githubusercontent.com/.well-known/jwks",
    "grants": [GRANT],
}


def declared(**changes: Any) -> Issuer:
    """An issuer with some fields changed, or left out where the value is ``...``."""
    return Issuer.model_validate({name: value for name, value in (GOOD | changes).items() if value is not ...})


def test_a_ci_system_is_an_issuer() -> None:
    """By the URL of its keys; the loopback address needs no https."""
    assert declared().max_lifetime == 86400
    bound = GRANT | {"claims": {"sub": "repo:your-org/*:environment:production"}}
    assert declared(grants=[bound]).grants[0].scopes == ("sync",)
    for url in ("http://127.0.0.1:8443/jwks", "http://[::1]/jwks", "http://localhost/jwks", "file:keys.json"):
        assert declared(jwks=url).jwks == url


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"jwks": "http://ci.example/jwks"}, "expected https"),
        ({"jwks": "http://localhost.evil.example/jwks"}, "expected https"),
        ({"jwks": "http://127.0.0.1.evil.example/jwks"}, "expected https"),
        ({"jwks": "ftp://ci.example/jwks"}, "expected an https URL"),
        ({"jwks": "https://user:secret@ci.example/jwks"}, "without a user"),
        ({"jwks": "https:///jwks"}, "expected an https URL"),
        ({"jwks": "https://[::1/jwks"}, "expected an https URL"),
        ({"jwks": "https://ci.example:x/jwks"}, "expected an https URL"),
        ({"jwks": "file:"}, "expected an https URL"),
        ({"jwks": "/etc/keys.json"}, "expected an https URL"),
        ({"jwks": ...}, "either `key` or `jwks`"),
        ({"key": "env:KEY"}, "either `key` or `jwks`"),
        ({"algorithms": ...}, "public keys"),
        ({"algorithms": ["RS256", "HS256"]}, "public keys"),
        ({"algorithms": ["none"]}, "HS256"),
        ({"grants": ...}, "worth nothing"),
        ({"grants": [GRANT | {"claims": {}}]}, "at least 1"),
        ({"grants": [GRANT | {"scopes": []}]}, "at least 1"),
        ({"grants": [GRANT | {"scopes": ["admin"]}]}, "sync:force"),
        ({"grants": [GRANT | {"apps": []}]}, "at least 1"),
        ({"grants": [GRANT | {"apps": ["[!a]"]}]}, "nothing special but `*`"),
        ({"grants": [GRANT | {"claims": {"repository": "your-org/?"}}]}, "nothing special but `*`"),
        ({"grants": [GRANT | {"claims": {"environment": "production"}}]}, "signs for everybody"),
        ({"grants": [GRANT, GRANT | {"claims": {"repository": "*/*", "environment": "x"}}]}, "signs for everybody"),
        ({"grants": [GRANT | {"claims": {"repository": "**"}}]}, "signs for everybody"),
        ({"grants": [GRANT | {"claims": {"repository": "your-*/shop"}}]}, "signs for everybody"),
        ({"grants": [GRANT | {"claims": {"sub": "repo:*/*:environment:production"}}]}, "signs for everybody"),
        ({"grants": [GRANT | {"claims": {"sub": "**"}}]}, "signs for everybody"),
        ({"issuer": "https://gitlab.com", "grants": [GRANT]}, "signs for everybody"),
    ],
)
def test_what_would_be_open_or_means_nothing_is_refused(changes: dict[str, Any], says: str) -> None:
    """At the start, with the field; what was written is not repeated."""
    with pytest.raises(ValidationError) as refused:
        declared(**changes)
    text = "; ".join(detail["msg"] for detail in refused.value.errors(include_input=False))
    assert says in text
    assert "secret" not in text


def test_a_key_set_in_a_file_is_read_for_every_token(tmp_path: Path) -> None:
    """So a replaced file counts at once; one that is wrong is the operator's error."""
    path = tmp_path / "jwks.json"
    issuer = trust.trusted(declared(issuer=ISSUER, jwks=f"file:{path}"))
    with pytest.raises(BadConfiguration, match="cannot be read"):
        issuer.candidates("RS256", "one")
    path.write_bytes(document(published(RSA_KEY, "one")))
    assert len(issuer.candidates("RS256", "one")) == 1
    path.write_bytes(b"{}")
    with pytest.raises(BadConfiguration, match=r"jwks\.json"):
        issuer.candidates("RS256", "one")

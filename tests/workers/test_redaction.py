"""No credential survives in a text, whatever it is wrapped in; and what is none stays readable."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Callable
from urllib.parse import quote

import pytest

from workers.redaction import blank, redact

JWT = "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJJdjIzIn0.c2lnbmF0dXJlLW9mLWEta2V5"
SHAPES = {
    "classic": "ghp_16C7e42F292c6912E7710c838347Ae178B4a",
    "fine-grained": "github_pat_11AAAAAAA0abcdefghijkl_mnopqrstuvwxyz0123456789ABCDEFGHIJ",
    "App JWT": JWT,
    "installation": "ghs_16C7e42F292c6912E7710c838347Ae178B4a",
    "stateless installation": f"ghs_123456_{JWT}",
    "GitLab": "glpat-abcdefghij0123456789",
    "GitLab, routable": "glpat-abcdefghij0123456789.01.0z1a2b3c4",
}
SHAPELESS = "0123456789abcdef0123456789abcdef01234567"
"""Gitea's tokens and GitHub's of old: forty hexadecimal digits, just like a commit."""

Wrap = Callable[[str], str]
WRAPS: dict[str, Wrap] = {
    "as it is": lambda token: token,
    "header": lambda token: f"Authorization: Bearer {token}",
    "basic auth in a URL": lambda token: f"https://x-access-token:{token}@github.com/your-org/your-repo.git",
    "the same, escaped as in JSON": lambda token: f'{{"url":"https:\\/\\/oauth2:{token}@gitlab.com\\/g\\/p.git"}}',
    "the same in a query": lambda token: "/login?next=" + quote(f"https://oauth2:{token}@gitlab.com/g", safe=""),
    "query": lambda token: f"/api/v4/projects?per_page=1&private_token={token}",
    "percent signs for all": lambda token: "".join(f"%{ord(char):02X}" for char in token),
    "base64": lambda token: base64.b64encode(token.encode()).decode(),
    "base64 of user and token": lambda token: "Basic " + base64.b64encode(f"git:{token}".encode()).decode(),
    "the same without a word": lambda token: base64.b64encode(f"git:{token}".encode()).decode(),
    "base64 for URLs": lambda token: base64.urlsafe_b64encode(f"me:{token}".encode()).decode().rstrip("="),
    "bytes as Python shows them": lambda token: repr(f"Bearer {token}".encode()),
}


def traces(token: str) -> list[str]:
    """Return what of a token must be nowhere: itself, and every 16 characters of its base64."""
    encoded = [base64.b64encode(b"\0" * shift + token.encode()).decode()[4:-4] for shift in range(3)]
    return [token, *(text[at : at + 16] for text in encoded for at in range(0, len(text) - 16, 4))]


@pytest.mark.parametrize("wrap", WRAPS)
@pytest.mark.parametrize("kind", SHAPES)
def test_a_credential_with_a_shape_is_found_in_any_words(kind: str, wrap: str) -> None:
    """Nobody told which token it is."""
    token = SHAPES[kind]
    shown = redact(f"refused: {WRAPS[wrap](token)} was sent")
    assert [trace for trace in traces(token) if trace in shown or quote(trace, safe="") in shown] == []
    assert token[8:] not in shown
    assert "***" in shown
    assert shown.startswith("refused: ")
    assert shown.endswith("was sent")


@pytest.mark.parametrize("token", [SHAPELESS, 'pass/w+rd"with%signs', *SHAPES.values()])
@pytest.mark.parametrize("wrap", [*WRAPS, "JSON"])
def test_a_credential_that_was_just_used_is_found_without_a_shape(token: str, wrap: str) -> None:
    """As it is, in percent signs, in JSON, in base64 behind whatever."""
    wrapped = json.dumps({"token": token}) if wrap == "JSON" else WRAPS[wrap](token)
    shown = blank(f"refused: {wrapped} was sent", token)
    assert [trace for trace in traces(token) if trace in shown] == []
    assert quote(token, safe="") not in shown
    assert json.dumps(token)[1:-1] not in shown


def test_a_private_key_is_found_whole_or_cut_off() -> None:
    """From its first line to its last, or to the end."""
    pem = "-----BEGIN RSA PRIVATE KEY-----\nMIIEow\nIBAAKC\n-----END RSA PRIVATE KEY-----"
    assert redact(f"key {pem} end") == "key *** end"
    assert redact(f"key {pem[:45]}") == "key ***"


@pytest.mark.parametrize(
    "text",
    [
        "the commit 0123456789abcdef0123456789abcdef01234567 of your-org/your-repo",
        "https://api.github.com/repos/your-org/your-repo/commits/0123456789abcdef0123456789abcdef01234567/check-runs",
        "image registry.example:5000/team/app@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
        "give the token scope `api` and the role Developer in the project",
        "the bearer token is of a kind Hookline does not know",
        "Deployment apps/my-app-with-a-rather-long-name-indeed: 3 of 5 updated, 100% of %2F",
    ],
)
def test_what_is_no_credential_stays(text: str) -> None:
    """An error that says nothing helps nobody."""
    assert redact(text) == text


@pytest.mark.parametrize("text", ["a" * 400_000, "a%41" * 100_000, "https://" + "a" * 400_000, "eyJ" * 130_000])
def test_a_long_text_takes_no_longer_than_it_is(text: str) -> None:
    """A server decides what is in it, not how long we think about it."""
    began = time.process_time()
    redact(text)
    blank(text, SHAPELESS)
    assert time.process_time() - began < 5

"""Bearer tokens: one way to be right, and every known way to be wrong."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from hypothesis import given, settings
from hypothesis import strategies as st
from jose import jws
from starlette.datastructures import Headers

from receiver.tokens import BadToken, Claims, Issuer, claims, verify
from workers.claims import Granted
from workers.errors import BadConfiguration
from workers.tokens import mint

NOW = 1780000000.0
SECRET = "0123456789abcdef0123456789abcdef"

Key = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey


def private(key: Key) -> str:
    """Return a private key as PEM."""
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()


def public(key: Key) -> str:
    """Return a key pair's public half as PEM."""
    return (
        key.public_key()
        .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
        .decode()
    )


RSA_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
EC_KEY = ec.generate_private_key(ec.SECP256R1())
P384_KEY = ec.generate_private_key(ec.SECP384R1())

SHARED = Issuer("hookline", "hookline-api", ("HS256",), lambda: SECRET)
PAIR = Issuer("https://idp.example", "hookline-api", ("RS256",), lambda: public(RSA_KEY))
CURVE = Issuer("https://ec.example", "hookline-api", ("ES256",), lambda: public(EC_KEY))
ISSUERS = (SHARED, PAIR, CURVE)

GOOD: dict[str, Any] = {
    "iss": "hookline",
    "aud": "hookline-api",
    "sub": "ada",
    "jti": "t-1",
    "iat": NOW,
    "nbf": NOW,
    "exp": NOW + 600,
    "scope": "sync read",
    "apps": ["myapp", "team-*"],
}


def segment(value: Any) -> str:
    """Return one base64url segment of JSON, or of the bytes given."""
    raw = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def token(header: Any = None, payload: Any = None, key: str = SECRET) -> str:
    """Return a token whose HMAC-SHA256 signature by ``key`` is right, whatever its parts say."""
    signed = f"{segment(header or {'alg': 'HS256', 'typ': 'JWT'})}.{segment(GOOD if payload is None else payload)}"
    return f"{signed}.{segment(hmac.new(key.encode(), signed.encode(), hashlib.sha256).digest())}"


def with_claims(**changes: Any) -> str:
    """Return a rightly signed token with some claims replaced, or left out where the value is ``...``."""
    return token(payload={name: value for name, value in (GOOD | changes).items() if value is not ...})


def raw_claims(text: str) -> str:
    """Return a rightly signed token around a payload ``json.dumps`` would not write."""
    return token(payload=text.encode())


def test_a_good_token_says_who_may_do_what() -> None:
    """Every claim arrives."""
    expected = Claims("ada", "t-1", (Granted(frozenset({"sync", "read"}), ("myapp", "team-*")),))
    assert verify(f"Bearer {token()}", ISSUERS, NOW) == expected
    assert verify(f"bearer  {token()}", ISSUERS, NOW) == expected
    assert verify(f"Bearer {with_claims(aud=['other', 'hookline-api'])}", ISSUERS, NOW) == expected
    assert (expected.issuer, verify(f"Bearer {token()}", ISSUERS, NOW).issuer) == ("", "hookline")


@pytest.mark.parametrize(
    ("minter", "issuer"),
    [
        (SHARED, SHARED),
        (Issuer(PAIR.issuer, PAIR.audience, ("RS256",), lambda: private(RSA_KEY)), PAIR),
        (Issuer(CURVE.issuer, CURVE.audience, ("ES256",), lambda: private(EC_KEY)), CURVE),
    ],
    ids=["HS256", "RS256", "ES256"],
)
def test_what_is_minted_verifies(minter: Issuer, issuer: Issuer) -> None:
    """With the public half where there is one; a private key at the edge verifies as well."""
    made = mint(minter, "ada", ["sync"], ["myapp"], 600, NOW, "t-9")
    expected = Claims("ada", "t-9", (Granted(frozenset({"sync"}), ("myapp",)),))
    assert verify(f"Bearer {made}", [issuer], NOW) == expected
    assert verify(f"Bearer {made}", [minter], NOW + 659) == expected
    with pytest.raises(BadToken, match="expired"):
        verify(f"Bearer {made}", [issuer], NOW + 661)


NO_ALGORITHM: list[Any] = ["none", "None", "NONE", "nOnE", "", None, [], {}, 0, ["HS256"]]
NONE = [
    f"{segment({'alg': alg, 'typ': 'JWT'})}.{segment(GOOD)}.{signature}"
    for alg in NO_ALGORITHM
    for signature in ("", segment(b"x"))
]
CONFUSED = [
    token({"alg": alg, "typ": "JWT"}, GOOD | {"iss": issuer.issuer}, key=key)
    for issuer, key in ((PAIR, public(RSA_KEY)), (CURVE, public(EC_KEY)), (PAIR, ""), (CURVE, ""))
    for alg in ("HS256", "HS384", "RS256", "ES256")
]
BAD_VALUES: dict[str, list[Any]] = {
    "iss": [..., None, "", "Hookline", "hookline ", ["hookline"], 1, "https://evil.example"],
    "aud": [..., None, "", "other", [], ["other"], {"hookline-api": 1}, "hookline-api ", 1],
    "exp": [..., None, "1780000600", NOW - 60, NOW + 86461, 0, -1, True, [], {}, 1e300, 253402300800, 10**30],
    "nbf": [..., NOW + 61, "0", None, True, [NOW], 1e300, -1],
    "iat": [..., NOW + 61, NOW - 86461, "0", None, False, {}, 1e300, -1],
    "sub": [..., None, "", 7, ["ada"], "x" * 257, "a\nb", "\u202eada"],
    "jti": [..., None, "", 7, [], "x" * 257, "a\x00"],
    "scope": [None, ["sync"], 1, {}, True],
    "apps": [None, "*", [1], [None], [""], [["*"]], {"*": 1}, ["x" * 257], ["a\n"], ["a"] * 1001],
}
BAD_GLOBS = ["[!a]", "[a-z]", "?", "a**", "**a", "***", "**/a", "{a,b}", "m\u0443app", "a\\", "!a", "a|b", "^a"]
BAD_VALUES["apps"] += [[glob] for glob in BAD_GLOBS]
BAD_CLAIMS = [{name: value} for name, values in BAD_VALUES.items() for value in values]
MALFORMED = [
    "",
    ".",
    "..",
    "...",
    "abc",
    "a.b.c",
    token() + ".",
    "." + token(),
    token() + "." + segment(b"x"),
    token().rsplit(".", 1)[0],
    token().rsplit(".", 1)[0] + ".",
    token() + "=",
    token() + "!",
    token()[:-1] + "é",
    token().replace(".", ". "),
    token()[:-4] + "AAAA",
    token(key="f" * 32),
    token({"alg": "HS512", "typ": "JWT"}),
    token({"alg": "HS256", "typ": "JWE"}),
    token({"alg": "HS256", "typ": None}),
    token({"alg": "HS256", "typ": ["JWT"]}),
    token({"alg": "HS256", "crit": ["b64"], "b64": False}),
    token({"typ": "JWT"}),
    token(["HS256"]),
    token(b"null"),
    token(b"\xff"),
    token(b'{"alg":"HS256","x":' + b"[" * 1005 + b"]" * 1005 + b"}", b"{}")[:8000],
    token(b'{"alg":"HS256","x":' + b"[" * 1200 + b"]" * 1200 + b"}"),
    raw_claims("null"),
    raw_claims("[]"),
    raw_claims('"x"'),
    raw_claims("{"),
    raw_claims(""),
    raw_claims(json.dumps(GOOD | {"exp": float("nan")})),
    raw_claims(json.dumps(GOOD | {"exp": float("inf")})),
    raw_claims(json.dumps(GOOD)[:-1] + ',"exp":1e999}'),
    raw_claims(json.dumps(GOOD)[:-1] + ',"x":"\\ud800"}'),
    raw_claims("\ufeff" + json.dumps(GOOD)),
    "A" * 7000 + "." + "A" * 500 + "." + "A" * 500,
]
BAD_TOKENS = [*NONE, *CONFUSED, *MALFORMED, *(with_claims(**changes) for changes in BAD_CLAIMS)]
BAD_HEADERS = [
    None,
    "",
    " ",
    "Bearer",
    "Bearer ",
    token(),
    f"Basic {token()}",
    f"Token {token()}",
    f"Bearer{token()}",
    f"Bearer:{token()}",
    f" Bearer {token()}",
    f"Bearer {token()} ",
    f"Bearer {token()}\n",
    f"Bearer\t{token()}",
    f"Bearer\u00a0{token()}",
    f"Bearer Bearer {token()}",
    f"Bearer {token()} {token()}",
    f"Bearer {token()},{token()}",
    f"Bearer {token()}, Bearer {token()}",
    f'Bearer "{token()}"',
    "Bearer é.é.é",
    "Bearer \ud800.\ud800.\ud800",
    "Bearer " + "\uff21" * 9 + ".a.a",
    "Bearer " + "A" * 10_000_000,
    f"Bearer {with_claims(padding='x' * 8192)}",
]


OWN_WORDS = "the Authorization header must be 'Bearer' and one signed token"
"""What a refusal says by itself: a header that is made of just that is not shown by it."""


def refused(header: str | None) -> str:
    """Return the message of a refusal, after making sure that it shows nothing of the header."""
    with pytest.raises(BadToken) as refusal:
        verify(header, ISSUERS, NOW)
    message = str(refusal.value)
    assert 0 < len(message) < 120
    assert "ada" not in message.split()
    shown = [part for part in (header or "").split(".") if len(part) > 10 and part in message]
    assert not [part for part in shown if part not in OWN_WORDS]
    return message


@pytest.mark.parametrize("bad", BAD_TOKENS)
def test_a_bad_token_is_refused(bad: str) -> None:
    """A refusal is always :class:`BadToken`, whatever is wrong."""
    refused(f"Bearer {bad}")


@pytest.mark.parametrize("header", BAD_HEADERS, ids=lambda header: repr(header)[:20])
def test_a_bad_header_is_refused(header: str | None) -> None:
    """Around the best of tokens, too."""
    refused(header)


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"exp": NOW - 60}, "expired"),
        ({"exp": "soon"}, "'exp'"),
        ({"exp": ...}, "'exp'"),
        ({"nbf": NOW + 61}, "'nbf'"),
        ({"iat": NOW + 61}, "'iat'"),
        ({"aud": "other"}, "'aud'"),
        ({"iss": "other"}, "issuer"),
        ({"sub": ""}, "'sub'"),
        ({"jti": ...}, "'jti'"),
        ({"scope": []}, "'scope'"),
        ({"apps": "*"}, "'apps'"),
    ],
)
def test_a_refusal_names_the_claim(changes: dict[str, Any], word: str) -> None:
    """So that whoever made the token can put it right."""
    assert word in refused(f"Bearer {with_claims(**changes)}")


def test_clocks_may_differ_by_a_minute() -> None:
    """Either way, and not more."""
    for changes in ({"exp": NOW - 59}, {"nbf": NOW + 60}, {"iat": NOW + 60}):
        assert verify(f"Bearer {with_claims(**changes)}", ISSUERS, NOW).subject == "ada"


def test_every_flipped_character_of_a_token_is_noticed() -> None:
    """Header, claims and signature are all covered; the last character may carry unused bits."""
    good = token()
    for index, character in enumerate(good[:-1]):
        if character != ".":
            other = "A" if character != "A" else "B"
            refused(f"Bearer {good[:index]}{other}{good[index + 1 :]}")


def test_a_token_of_one_issuer_cannot_speak_for_another() -> None:
    """The key is the one of the issuer the token names."""
    minter = Issuer(PAIR.issuer, PAIR.audience, ("ES256",), lambda: private(EC_KEY))
    made = mint(minter, "ada", ["sync"], ["*"], 600, NOW, "t-1")
    refused(f"Bearer {made}")
    assert jws.verify(made, public(EC_KEY), ["ES256"])


def test_two_issuers_of_one_name_are_a_rotation() -> None:
    """Tokens of the old and of the new key count; of any other key they do not."""
    new = Issuer("hookline", "hookline-api", ("HS256",), lambda: "n" * 32)
    for issuers in ((SHARED, new), (new, SHARED)):
        assert verify(f"Bearer {token()}", issuers, NOW).token_id == "t-1"
        assert verify(f"Bearer {token(key='n' * 32)}", issuers, NOW).token_id == "t-1"
    with pytest.raises(BadToken):
        verify(f"Bearer {token(key='o' * 32)}", (SHARED, new), NOW)
    with pytest.raises(BadToken):
        verify(f"Bearer {token()}", (), NOW)


def test_scope_and_app_are_both_needed() -> None:
    """Globs count in whole names and case; without an ``apps`` claim no app is allowed."""
    granted = verify(f"Bearer {token()}", ISSUERS, NOW)
    assert granted.allows("sync", "myapp")
    assert granted.allows("read", "team-a")
    assert not granted.allows("sync", "MyApp")
    assert not granted.allows("sync", "myapp2")
    assert not granted.allows("syn", "myapp")
    assert not granted.allows("", "myapp")
    assert not verify(f"Bearer {with_claims(apps=...)}", ISSUERS, NOW).allows("sync", "myapp")
    assert not verify(f"Bearer {with_claims(scope=...)}", ISSUERS, NOW).allows("sync", "myapp")


def test_the_edge_reads_exactly_one_authorization_header() -> None:
    """None is refused, and so are two, even of the same token."""
    good = (b"authorization", f"Bearer {token()}".encode())
    assert claims(Headers(raw=[good]), ISSUERS, NOW).subject == "ada"
    assert claims({"authorization": f"Bearer {token()}"}, ISSUERS, NOW).subject == "ada"
    for raw in ([], [good, good]):
        with pytest.raises(BadToken):
            claims(Headers(raw=raw), ISSUERS, NOW)


@pytest.mark.parametrize(
    ("issuer", "audience", "algorithms"),
    [
        ("", "a", ("HS256",)),
        ("i", "", ("HS256",)),
        ("i", "a", ()),
        ("i", "a", ("none",)),
        ("i", "a", ("HS256", "none")),
        ("i", "a", ("HS256", "RS256")),
        ("i", "a", ("dir",)),
        ("i", "a", ("hs256",)),
    ],
)
def test_an_issuer_that_invites_confusion_cannot_be_configured(
    issuer: str, audience: str, algorithms: tuple[str, ...]
) -> None:
    """Unknown algorithms, and shared secrets beside key pairs, are refused at the start."""
    with pytest.raises(BadConfiguration):
        Issuer(issuer, audience, algorithms, lambda: SECRET)


@pytest.mark.parametrize(
    ("algorithm", "key"),
    [
        ("HS256", ""),
        ("HS256", "short"),
        ("HS512", SECRET),
        ("HS256", public(RSA_KEY)),
        ("RS256", ""),
        ("RS256", SECRET),
        ("RS256", public(EC_KEY)),
        ("RS256", private(EC_KEY)),
        ("ES256", public(RSA_KEY)),
        ("ES256", public(P384_KEY)),
    ],
)
def test_a_key_of_the_wrong_kind_is_the_operators_error(algorithm: str, key: str) -> None:
    """It verifies nothing, mints nothing, and its text is in no message."""
    issuer = Issuer("hookline", "hookline-api", (algorithm,), lambda: key)
    with pytest.raises(BadConfiguration) as failure:
        verify(f"Bearer {token({'alg': algorithm, 'typ': 'JWT'})}", [issuer], NOW)
    assert not key or key not in str(failure.value)
    with pytest.raises(BadConfiguration):
        mint(issuer, "ada", ["sync"], ["*"], 600, NOW, "t-1")


def test_a_public_key_cannot_mint() -> None:
    """The edge's half of a pair makes no tokens."""
    for issuer in (PAIR, CURVE):
        with pytest.raises(BadConfiguration, match="cannot sign"):
            mint(issuer, "ada", ["sync"], ["*"], 600, NOW, "t-1")


@pytest.mark.parametrize(
    "changes",
    [
        {"subject": ""},
        {"token_id": ""},
        {"scopes": ["sync admin"]},
        {"scopes": [""]},
        {"apps": [""]},
        {"apps": ["a" * 200] * 100},
        {"lifetime": 0},
        {"lifetime": -30},
        {"lifetime": float("nan")},
        {"lifetime": float("inf")},
        {"lifetime": 1e15},
    ],
)
def test_no_token_is_minted_that_would_not_verify(changes: dict[str, Any]) -> None:
    """Or that would say more than was asked for."""
    good: dict[str, Any] = {"subject": "ada", "scopes": ["sync"], "apps": ["*"], "lifetime": 60, "token_id": "t"}
    assert mint(SHARED, now=NOW, **good)
    with pytest.raises(BadConfiguration):
        mint(SHARED, now=NOW, **(good | changes))


def test_an_issuer_shows_no_key() -> None:
    """Its ``repr`` may end in a log."""
    assert "key" not in repr(SHARED)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=5,
)


@settings(max_examples=1500, deadline=None)
@given(
    header=st.dictionaries(st.sampled_from(["alg", "typ", "kid", "crit"]), json_values, max_size=3),
    changes=st.dictionaries(st.sampled_from(sorted({*GOOD, "nbf"})), json_values, min_size=1),
)
def test_no_rightly_signed_nonsense_is_an_error(header: dict[str, Any], changes: dict[str, Any]) -> None:
    """Any JSON in any claim or header parameter: claims, or :class:`BadToken`."""
    made = token({"alg": "HS256", "typ": "JWT"} | header, GOOD | changes)
    try:
        found = verify(f"Bearer {made}", ISSUERS, NOW)
    except BadToken:
        return
    assert changes.get("iss", "hookline") == "hookline"
    assert changes.get("exp", NOW) > NOW - 60
    assert found.subject == changes.get("sub", "ada")


@settings(max_examples=1000, deadline=None)
@given(header=st.text() | st.from_regex(r"Bearer [\w.=+/-]*\.[\w.=+/-]*\.[\w=+/-]*"))
def test_no_text_in_the_header_is_an_error(header: str) -> None:
    """Random text is refused like any bad token."""
    refused(header)

"""Published key sets: what is taken from them, and what never is."""

from __future__ import annotations

import json
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.receiver.keys import EC_KEY, ED_KEY, OTHER_RSA_KEY, RSA_KEY, document, number, published, segment
from workers import keysets, signing
from workers.errors import BadConfiguration

WEAK = rsa.generate_private_key(public_exponent=65537, key_size=1024)  # noqa: S505 -- that is the point
P521 = ec.generate_private_key(ec.SECP521R1())
GOOD = published(RSA_KEY, "one", alg="RS256", use="sig")


@pytest.mark.parametrize(
    ("key", "algorithm"), [(RSA_KEY, "RS256"), (EC_KEY, "ES256"), (P521, "ES512"), (ED_KEY, "EdDSA")]
)
def test_a_published_key_verifies_what_its_private_half_signed(key: Any, algorithm: str) -> None:
    """By its name, and where the token has none, by being the only one."""
    found = keysets.read(document(published(key, "one"), published(OTHER_RSA_KEY, "two")))
    signature = signing.of(key, algorithm).sign(b"text")
    for kid in ("one", ""):
        assert any(one.verify(b"text", signature) for one in found.named(kid, algorithm))
        assert not any(one.verify(b"other", signature) for one in found.named(kid, algorithm))
        assert not any(one.verify(b"text", b"x" * len(signature)) for one in found.named(kid, algorithm))
        assert not any(one.verify(b"text", b"") for one in found.named(kid, algorithm))
    assert found.named("three", algorithm) == []
    assert found.named("../one", algorithm) == []


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (published(WEAK, "weak"), "1024 bits"),
        ({"kty": "oct", "k": segment(b"s" * 32), "kid": "x", "alg": "HS256"}, "kind that is not used"),
        (published(RSA_KEY, "x", use="enc"), "not for verifying"),
        (published(RSA_KEY, "x", key_ops=["sign"]), "not for verifying"),
        (published(RSA_KEY, "x", key_ops="verify"), "not for verifying"),
        (published(RSA_KEY, "x", alg="HS256"), "not one for HS256"),
        (published(RSA_KEY, "x", alg="none"), "not one for none"),
        (published(RSA_KEY, "x", alg="ES256"), "not one for ES256"),
        (published(RSA_KEY, "x", alg=["RS256"]), "no short text"),
        (published(RSA_KEY, "x") | {"kid": 7}, "no short text"),
        (published(RSA_KEY, "x" * 300), "no short text"),
        (published(RSA_KEY, "x", n="!"), "`n` is no base64url"),
        (published(RSA_KEY, "x", n=7), "`n` is no base64url"),
        (published(RSA_KEY, "x", n=""), "`n` is no base64url"),
        (published(RSA_KEY, "x", e=number(1)), ""),
        (published(RSA_KEY, "x", e=number(2**64 + 1)), "beyond any real key"),
        (published(RSA_KEY, "x", n=number(2**16000 + 1)), "`n` is no base64url"),
        (published(RSA_KEY, "x", n=number(2**9000 + 1)), "beyond any real key"),
        (published(EC_KEY, "x", x=number(5, 32)), ""),
        (published(EC_KEY, "x", crv="secp256k1"), "kind that is not used"),
        (published(EC_KEY, "x", crv=["P-256"]), "kind that is not used"),
        (published(ED_KEY, "x", x=segment(b"short")), ""),
        (published(ED_KEY, "x", crv="X25519"), "kind that is not used"),
        ({"kty": "RSA"}, "`e` is no base64url"),
        ({}, "kind that is not used"),
        ([], "is no object"),
        ("key", "is no object"),
        (None, "is no object"),
    ],
)
def test_a_bad_key_is_left_out_and_harms_no_other(bad: Any, reason: str) -> None:
    """And is named, with why; alone it makes the set useless."""
    found = keysets.read(document(bad, GOOD))
    assert [one.kid for one in found.keys] == ["one"]
    assert found.refused[0].startswith("keys[0]: ")
    assert reason in found.refused[0]
    with pytest.raises(BadConfiguration, match="no key that can be used"):
        keysets.read(document(bad))


def test_two_keys_of_one_name_are_both_left_out() -> None:
    """Which one is meant cannot be said; one of another kind is no rival."""
    found = keysets.read(document(published(RSA_KEY, "a"), published(OTHER_RSA_KEY, "a"), published(EC_KEY, "a")))
    assert [one.key for one in found.keys] == [EC_KEY.public_key()]
    assert any("'a' for RS256 is there twice" in reason for reason in found.refused)
    with pytest.raises(BadConfiguration):
        keysets.read(document(published(RSA_KEY, "a"), published(RSA_KEY, "a")))


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"null",
        b"[]",
        b"{}",
        b'{"keys":{}}',
        b'{"keys":[]}',
        b'{"keys":"x"}',
        b"<html>",
        b"\xff",
        b'{"keys":' + b"[" * 3000 + b"]" * 3000 + b"}",
        document(*[GOOD] * 65),
        document(GOOD) + b" " * keysets.MOST_BYTES,
    ],
)
def test_what_is_no_key_set_is_one_sentence(text: bytes) -> None:
    """However it is wrong."""
    with pytest.raises(BadConfiguration):
        keysets.read(text)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**60), 2**60) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=5,
)


@settings(max_examples=500, deadline=None)
@given(
    key=st.sampled_from([GOOD, published(EC_KEY, "e"), published(ED_KEY, "d")]),
    changes=st.dictionaries(
        st.sampled_from(["kty", "crv", "n", "e", "x", "y", "kid", "alg", "use", "key_ops"]), json_values, min_size=1
    ),
)
def test_no_nonsense_in_a_key_is_an_error_of_ours(key: dict[str, Any], changes: dict[str, Any]) -> None:
    """A usable key, or a sentence."""
    try:
        found = keysets.read(json.dumps({"keys": [key | changes]}).encode())
    except BadConfiguration:
        return
    assert len(found.keys) == 1


def test_a_private_key_in_a_public_set_is_read_as_public() -> None:
    """Somebody published too much; nothing here can sign with it."""
    secret = OTHER_RSA_KEY.private_numbers()
    found = keysets.read(document(published(OTHER_RSA_KEY, "a", d=number(secret.d), p=number(secret.p))))
    with pytest.raises(BadConfiguration, match="cannot sign"):
        found.named("a", "RS256")[0].sign(b"x")


def test_ed25519_is_of_its_own_kind() -> None:
    """EdDSA with any other key, and Ed25519 with any other algorithm, is refused."""
    assert signing.unfit(ED_KEY, "RS256")
    assert signing.unfit(RSA_KEY, "EdDSA")
    assert signing.unfit(ed25519.Ed25519PrivateKey.generate().public_key(), "EdDSA") == ""

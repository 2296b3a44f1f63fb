"""Signature checks against every published vector, and against everything that is not a signature."""

from __future__ import annotations

import base64
import hashlib
import hmac

import pytest
from hypothesis import given
from hypothesis import strategies as st

from receiver import signatures
from receiver.signatures import Secrets

GITHUB_VECTORS = [
    pytest.param(
        b"It's a Secret to Everybody",
        b"Hello, World!",
        "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17",
        id="github-docs",
    ),
    pytest.param(
        b"123456",
        b"gidget",
        "sha256=091319196718d5bcb1c20ad25fc890597423ecdbad1f947f560afd643b5000de",
        id="gidgethub",
    ),
]
SECRET, BODY = b"123456", b"gidget"
DIGEST = "091319196718d5bcb1c20ad25fc890597423ecdbad1f947f560afd643b5000de"

STANDARD_VECTORS = [
    pytest.param(
        b"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        "msg_p5jXN8AQM9LWM0D4loKWxJek",
        1614265330,
        b'{"test": 2432232314}',
        "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
        id="standard-webhooks",
    ),
    pytest.param(
        b"whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=",
        "f5e5f430-f57b-4e6e-9fac-d9128cd7232f",
        1780000000,
        b'{"object_kind":"push","ref":"refs/heads/main"}',
        "v1,L5Y6L6ysOxxs0EAAzxDe9/Udayr3DgVcYSq1TltPYx8=",
        id="gitlab-shaped",
    ),
]
KEY, ID, TIME, SIGNED = (
    b"whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=",
    "f5e5f430-f57b-4e6e-9fac-d9128cd7232f",
    1780000000,
    b'{"object_kind":"push","ref":"refs/heads/main"}',
)
GOOD = "v1,L5Y6L6ysOxxs0EAAzxDe9/Udayr3DgVcYSq1TltPYx8="
OTHER = "v1," + base64.b64encode(b"x" * 32).decode()


@pytest.mark.parametrize(("secret", "body", "header"), GITHUB_VECTORS)
def test_published_github_vectors_verify(secret: bytes, body: bytes, header: str) -> None:
    """The vectors of GitHub's documentation and of gidgethub's tests verify."""
    assert signatures.github(header, body, [secret])


@pytest.mark.parametrize(("secret", "body", "header"), GITHUB_VECTORS)
def test_any_flipped_bit_of_the_body_is_refused(secret: bytes, body: bytes, header: str) -> None:
    """Each single bit of the body counts."""
    for index in range(len(body) * 8):
        flipped = bytearray(body)
        flipped[index // 8] ^= 1 << index % 8
        assert not signatures.github(header, bytes(flipped), [secret])


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "sha256=",
        "sha256",
        DIGEST,
        f"sha256={DIGEST.upper()}",
        f"SHA256={DIGEST}",
        f"sha256={DIGEST[:-1]}",
        f"sha256={DIGEST}0",
        f"sha256={DIGEST}\n",
        f" sha256={DIGEST}",
        f"sha256={DIGEST} ",
        f"sha256= {DIGEST}",
        f"sha256={DIGEST},sha256={DIGEST}",
        f"sha256={DIGEST}, sha256={DIGEST}",
        "sha256=é",
        "sha256=" + "é" * 64,
        "sha256=" + "\uff10" * 64,
        "sha256=" + "\ud800" * 64,
        "sha256=" + "g" * 64,
        "sha256=" + "0" * 64,
        "sha256=" + "0" * 1_000_000,
        "sha1=" + hmac.new(SECRET, BODY, hashlib.sha1).hexdigest(),
        "sha256=" + hmac.new(SECRET, BODY, hashlib.sha1).hexdigest(),
        f"sha1={DIGEST}",
        "\x00",
    ],
)
def test_a_malformed_github_header_is_refused_and_never_an_error(header: str | None) -> None:
    """Absent, short, long, upper-case, doubled, non-ASCII or SHA-1: a plain no."""
    assert not signatures.github(header, BODY, [SECRET])


def test_github_takes_any_of_several_live_secrets() -> None:
    """During a rotation the old and the new secret both verify, wherever they stand."""
    header = f"sha256={DIGEST}"
    assert signatures.github(header, BODY, [b"new", SECRET])
    assert signatures.github(header, BODY, [SECRET, b"new"])
    assert not signatures.github(header, BODY, [b"new", b"newer"])


@pytest.mark.parametrize("secrets", [(), (b"",), (b"", b"")])
def test_an_empty_secret_never_verifies(secrets: tuple[bytes, ...]) -> None:
    """A sender who signs with the empty secret gets nowhere, whatever the scheme."""
    empty = "sha256=" + hmac.new(b"", BODY, hashlib.sha256).hexdigest()
    assert not signatures.github(empty, BODY, secrets)
    assert not signatures.gitlab_token("", secrets)
    assert not signatures.gitlab_token(None, secrets)
    signed = f"{ID}.{TIME}.".encode() + BODY
    forged = "v1," + base64.b64encode(hmac.new(b"", signed, hashlib.sha256).digest()).decode()
    assert not signatures.standard_webhooks(ID, str(TIME), forged, BODY, secrets, TIME)
    assert not signatures.standard_webhooks(ID, str(TIME), forged, BODY, (*secrets, b"whsec_"), TIME)


def test_a_gitlab_token_is_compared_whole() -> None:
    """Only the exact token, and a non-ASCII one as the bytes it was sent as."""
    assert signatures.gitlab_token("s3cret", [b"old", b"s3cret"])
    assert signatures.gitlab_token("gehörig".encode().decode("latin-1"), ["gehörig".encode()])
    for header in (None, "", "s3cre", "s3crett", "S3CRET", "s3cret ", "é", "\u4e2d", "\ud800", "s3cret\x00"):
        assert not signatures.gitlab_token(header, [b"s3cret"])


@pytest.mark.parametrize(("key", "id_", "time", "body", "header"), STANDARD_VECTORS)
def test_published_standard_webhooks_vectors_verify(key: bytes, id_: str, time: int, body: bytes, header: str) -> None:
    """The specification's vector and a GitLab-shaped one verify."""
    assert signatures.standard_webhooks(id_, str(time), header, body, [key], time)


@pytest.mark.parametrize(
    ("offset", "accepted"), [(0, True), (300, True), (-300, True), (300.5, False), (301, False), (-301, False)]
)
def test_a_signature_lives_five_minutes_either_way(offset: float, accepted: bool) -> None:
    """300 seconds old or early is in time, more is not."""
    answer = signatures.standard_webhooks(ID, str(TIME), GOOD, SIGNED, [KEY], TIME + offset)
    assert answer is accepted


def test_the_signature_covers_id_time_and_body() -> None:
    """Changing any of the three makes the same signature worthless."""

    def check(id_: str = ID, time: str = str(TIME), body: bytes = SIGNED) -> bool:
        return signatures.standard_webhooks(id_, time, GOOD, body, [KEY], TIME)

    assert check()
    assert not check(id_=ID[:-1] + "0")
    assert not check(time=str(TIME + 1))
    assert not check(time="0" + str(TIME))
    assert not check(body=SIGNED + b" ")


@pytest.mark.parametrize(
    ("header", "accepted"),
    [
        (GOOD, True),
        (f"{OTHER} {GOOD}", True),
        (f"{GOOD} {OTHER}", True),
        (f"v2,abc v1a,{GOOD[3:]} {GOOD}", True),
        (OTHER, False),
        (f"v2,{GOOD[3:]}", False),
        (GOOD[3:], False),
        (f"v1={GOOD[3:]}", False),
        (f"v1,{GOOD[3:-1]}", False),
        (f"V1,{GOOD[3:]}", False),
        (f"{GOOD}\n", False),
        (f"{OTHER},{GOOD}", False),
        ("v1,é", False),
        ("v1," + "é" * 43 + "=", False),
        ("\ud800", False),
        ("", False),
        (" ", False),
        (None, False),
        (" ".join([OTHER] * 50 + [GOOD]), False),
        ("v1," * 100_000, False),
    ],
)
def test_one_good_v1_among_the_signatures_is_enough(header: str | None, accepted: bool) -> None:
    """Unknown versions and wrong signatures beside a good one do not matter; alone they verify nothing."""
    assert signatures.standard_webhooks(ID, str(TIME), header, SIGNED, [KEY], TIME) is accepted


@pytest.mark.parametrize(
    "timestamp",
    [None, "", "now", "-1", "+1780000000", "1780000000.0", "1e9", "١٧٨٠٠٠٠٠٠٠", " 1780000000", "9" * 5000, "\ud800"],
)
def test_a_malformed_timestamp_is_refused_and_never_an_error(timestamp: str | None) -> None:
    """Only plain ASCII digits are a timestamp."""
    assert not signatures.standard_webhooks(ID, timestamp, GOOD, SIGNED, [KEY], TIME)


@pytest.mark.parametrize("id_", [None, "", "a b", "é", "\ud800", "x" * 257, "a\n"])
def test_a_malformed_id_is_refused_and_never_an_error(id_: str | None) -> None:
    """Only a bounded printable word is a message id."""
    assert not signatures.standard_webhooks(id_, str(TIME), GOOD, SIGNED, [KEY], TIME)


@pytest.mark.parametrize(
    "key", [b"MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=", b"whsec_", b"whsec_!", b"whsec_abc", b"\xff"]
)
def test_a_key_that_is_no_signing_token_verifies_nothing(key: bytes) -> None:
    """A misconfigured key neither verifies nor harms the good one beside it."""
    assert not signatures.standard_webhooks(ID, str(TIME), GOOD, SIGNED, [key], TIME)
    assert signatures.standard_webhooks(ID, str(TIME), GOOD, SIGNED, [key, KEY], TIME)


@given(header=st.none() | st.text() | st.from_regex(r"(sha256=|v1,).*"), other=st.none() | st.text())
def test_no_header_raises_or_verifies(header: str | None, other: str | None) -> None:
    """Random text in any header is refused without an error."""
    assert not signatures.github(header, BODY, [SECRET])
    assert not signatures.gitlab_token(header, [SECRET * 4])
    assert not signatures.standard_webhooks(other, str(TIME), header, SIGNED, [KEY], TIME)
    assert not signatures.standard_webhooks(ID, other, header, SIGNED, [KEY], TIME)


def test_secrets_show_nothing_of_themselves() -> None:
    """A log line with the hook's secrets in it shows none."""
    shown = repr(Secrets(secrets=(b"hunter2",), signing_keys=(KEY,)))
    assert "hunter2" not in shown
    assert "whsec" not in shown

"""Bad tokens over HTTP, against a CI system's issuer and a local one: refused, counted, and nothing else happens."""

from __future__ import annotations

import base64
import functools
import hashlib
import hmac
import json
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import redis
from cryptography.hazmat.primitives.asymmetric import ed25519
from starlette.testclient import TestClient

from receiver import app, edge
from tests.receiver import keys as made
from tests.receiver.conftest import KEY
from tests.receiver.keys import ISSUER, Ci, document, pem, published, segment
from workers import queues, tokens
from workers.records.failures import WINDOW
from workers.records.keys import key
from workers.settings import Settings

SYNC = "/api/apps/myapp/sync"
NOW = time.time


@pytest.fixture
def trusting(settings: Settings, tmp_path: Path) -> Settings:
    """A local issuer, and a CI whose jobs of your-org in production may sync."""
    jwks = tmp_path / "jwks.json"
    keys: dict[str, made.Private] = {"one": made.RSA_KEY, "ed": made.ED_KEY, "ec": made.EC_KEY}
    jwks.write_bytes(document(*(published(private, kid) for kid, private in keys.items())))
    value = settings.model_dump(mode="json") | {
        "issuers": [
            {"issuer": "hookline", "key": "env:TOKEN_KEY"},
            {
                "issuer": ISSUER,
                "algorithms": ["RS256", "ES256", "EdDSA"],
                "jwks": f"file:{jwks}",
                "grants": [
                    {
                        "claims": {"repository": "your-org/*", "environment": "production"},
                        "scopes": ["sync"],
                        "apps": ["my*"],
                    },
                    {"claims": {"repository": "your-org/shop"}, "scopes": ["read", "audit"], "apps": ["*"]},
                ],
            },
        ]
    }
    return Settings.model_validate(value)


@pytest.fixture
def held(trusting: Settings, redis_client: redis.Redis) -> edge.Edge:
    """What the web process holds."""
    return edge.create(trusting)


def bearer(text: str) -> dict[str, str]:
    """The header that carries a token."""
    return {"authorization": f"Bearer {text}"}


def local(**changes: Any) -> str:
    """A token of the local issuer, rightly signed with its key."""
    now = time.time()
    good = {"iss": "hookline", "aud": "hookline", "sub": "ada", "jti": "l-1", "iat": now, "nbf": now, "exp": now + 60}
    good |= {"scope": "sync", "apps": ["myapp"]} | changes
    return hs256({name: value for name, value in good.items() if value is not ...}, KEY)


def hs256(claims: dict[str, Any], secret: str, head: dict[str, Any] | None = None) -> str:
    """A token with an HMAC by any secret."""
    signed = f"{segment({'alg': 'HS256', 'typ': 'JWT'} if head is None else head)}.{segment(claims)}"
    return f"{signed}.{segment(hmac.new(secret.encode(), signed.encode(), hashlib.sha256).digest())}"


@pytest.mark.parametrize(
    ("private", "algorithm", "kid"),
    [
        (made.RSA_KEY, "RS256", "one"),
        (made.RSA_KEY, "RS256", ""),
        (made.EC_KEY, "ES256", "ec"),
        (made.ED_KEY, "EdDSA", "ed"),
    ],
)
def test_a_job_s_token_syncs_and_the_trail_says_whose_it_was(
    client: TestClient, held: edge.Edge, private: made.Private, algorithm: str, kid: str
) -> None:
    """By signature, issuer and claims; no `scope` or `apps` is in it."""
    head = {"alg": algorithm, "typ": "JWT", "x5t": "thumb"} | ({"kid": kid} if kid else {})
    answer = client.post(SYNC, headers=bearer(Ci(private, algorithm).token(head, None)), json={"reason": "release"})
    assert answer.status_code == 202, answer.text
    [entry] = held.records.audit.entries()
    assert (entry["who"], entry["issuer"]) == ("repo:your-org/shop:environment:production", ISSUER)
    assert (entry["reason"], entry["address"]) == ("release", "testclient")


CI = Ci()
OTHER = Ci(key=made.OTHER_RSA_KEY)
ROGUE_ED = Ci(key=ed25519.Ed25519PrivateKey.generate(), algorithm="EdDSA", kid="ed")
HEAD = {"alg": "RS256", "typ": "JWT", "kid": "one"}
REQUIRED = ("iss", "aud", "exp", "nbf", "iat", "jti", "sub")
UNAUTHENTIC: dict[str, Callable[[], str]] = {
    "none": lambda: f"{segment({'alg': 'none'})}.{segment(CI.claims())}.",
    "none with a signature": lambda: f"{segment({'alg': 'none'})}.{segment(CI.claims())}.{segment(b'x')}",
    "no algorithm": lambda: CI.token({"typ": "JWT", "kid": "one"}),
    "an algorithm not allowed": lambda: CI.token(HEAD | {"alg": "RS512"}),
    "an algorithm of another kind": lambda: CI.token(HEAD | {"alg": "ES256"}),
    "EdDSA over an RSA signature": lambda: CI.token(HEAD | {"alg": "EdDSA"}),
    "the algorithm as a list": lambda: CI.token(HEAD | {"alg": ["RS256"]}),
    "the public PEM as secret": lambda: hs256(CI.claims(), pem(made.RSA_KEY)),
    "the public PEM as secret, with kid": lambda: hs256(CI.claims(), pem(made.RSA_KEY), HEAD | {"alg": "HS256"}),
    "the key set as secret": lambda: hs256(CI.claims(), json.dumps(published(made.RSA_KEY, "one"))),
    "an empty secret": lambda: hs256(CI.claims(), ""),
    "the local secret for the CI": lambda: hs256(CI.claims(), KEY),
    "the CI's key for the local issuer": lambda: CI.token(iss="hookline", scope="sync", apps=["*"]),
    "a key nobody published": OTHER.token,
    "another Ed25519 key": ROGUE_ED.token,
    "its own jwk": lambda: OTHER.token(HEAD | {"jwk": published(made.OTHER_RSA_KEY, "one")}),
    "its own jku": lambda: OTHER.token(HEAD | {"jku": "http://127.0.0.1:1/jwks"}),
    "its own x5u": lambda: OTHER.token(HEAD | {"x5u": "http://127.0.0.1:1/cert"}),
    "its own x5c": lambda: OTHER.token(HEAD | {"x5c": ["MIIB"]}),
    "a jku, rightly signed": lambda: CI.token(HEAD | {"jku": ISSUER}),
    "a kid that is a path": lambda: CI.token(HEAD | {"kid": "../../../../dev/null"}),
    "a kid that is a file": lambda: hs256(CI.claims(), "", HEAD | {"alg": "HS256", "kid": "/dev/null"}),
    "a kid that is SQL": lambda: CI.token(HEAD | {"kid": "x' UNION SELECT 'key"}),
    "a kid that is a URL": lambda: CI.token(HEAD | {"kid": "http://127.0.0.1:1/"}),
    "a kid that is a list": lambda: CI.token(HEAD | {"kid": ["one"]}),
    "a kid nobody has": lambda: CI.token(HEAD | {"kid": "two"}),
    "another's kid": lambda: CI.token(HEAD | {"kid": "ec"}),
    "crit": lambda: CI.token(HEAD | {"crit": ["exp"]}),
    "an encrypted kind": lambda: CI.token(HEAD | {"typ": "JWE"}),
    "another issuer": lambda: CI.token(iss="https://evil.example"),
    "the issuer with a slash": lambda: CI.token(iss=ISSUER + "/"),
    "issuers as a list": lambda: CI.token(iss=[ISSUER]),
    "another audience": lambda: CI.token(aud="sts.amazonaws.com"),
    "no audience in a list": lambda: CI.token(aud=[]),
    "an audience that begins alike": lambda: CI.token(aud="hookline-staging"),
    "expired": lambda: CI.token(exp=NOW() - 61),
    "from the future": lambda: CI.token(iat=NOW() + 120),
    "not yet": lambda: CI.token(nbf=NOW() + 120),
    "good for too long": lambda: CI.token(exp=NOW() + 90_000),
    "dates as texts": lambda: CI.token(exp=str(NOW() + 60)),
    "the date beyond all": lambda: CI.token(exp=1e300),
    **{f"no {name}": functools.partial(CI.token, **{name: ...}) for name in REQUIRED},
    "a null jti": lambda: CI.token(jti=None),
    "a jti of control signs": lambda: CI.token(jti="a\x00b"),
    "a subject that turns the text": lambda: CI.token(sub="\u202eada"),
    "a changed claim": lambda: changed(CI.token()),
    "a cut signature": lambda: CI.token()[:-8],
    "no signature": lambda: CI.token().rpartition(".")[0] + ".",
    "five segments": lambda: CI.token() + ".a.b",
    "one segment": lambda: "x" * 40,
    "no base64": lambda: "a!.b.c",
    "unicode": lambda: "é.é.é",
    "not JSON": lambda: f"{segment(b'{')}.{segment(b'{')}.{segment(b'x')}",
    "nested JSON": lambda: CI.token(b'{"alg":"RS256","x":' + b"[" * 2000 + b"]" * 2000 + b"}"),
    "JSON that is a list": lambda: CI.token(["RS256"]),
    "NaN": lambda: CI.token(HEAD, json.dumps(CI.claims(exp=float("nan"))).encode()),
    "huge": lambda: CI.token(padding="x" * 9000),
    "a local scope as a list": lambda: local(scope=["sync"]),
    "local apps as a text": lambda: local(apps="*"),
    "a local glob that is a class": lambda: local(apps=["[!a]"]),
    "a local glob with a line end": lambda: local(apps=["myapp\n"]),
    "a local glob of another alphabet": lambda: local(apps=["m\u0443app"]),
    "a local glob beyond the bound": lambda: local(apps=["*" * 300]),
    "a thousand local globs more": lambda: local(apps=["*"] * 1001),
}
FORBIDDEN: dict[str, Callable[[], str]] = {
    "another repository": lambda: CI.token(repository="evil/shop"),
    "a repository that begins alike": lambda: CI.token(repository="your-org-evil/shop"),
    "a repository of a group below": lambda: CI.token(repository="your-org/a/shop"),
    "the organisation in capitals": lambda: CI.token(repository="Your-Org/shop"),
    "a look-alike": lambda: CI.token(repository="y\u043eur-org/shop"),
    "a line end": lambda: CI.token(repository="your-org/shop\n"),
    "a repository in a list": lambda: CI.token(repository=["your-org/shop"]),
    "another environment": lambda: CI.token(environment="staging"),
    "no environment": lambda: CI.token(environment=...),
    "a scope it gave itself": lambda: CI.token(environment="staging", scope="sync", apps=["*"]),
    "another scope": lambda: local(scope="read"),
    "a scope that begins alike": lambda: local(scope="sync:force"),
    "a scope in capitals": lambda: local(scope="SYNC"),
    "scopes that other spaces part": lambda: local(scope="read\u00a0sync\tsync\nsync"),
    "no scope": lambda: local(scope=...),
    "no apps": lambda: local(apps=...),
    "no app": lambda: local(apps=[]),
    "another app": lambda: local(apps=["other-*", "MYAPP", "myapp2", "/myapp", "my/*"]),
}


def changed(token: str) -> str:
    """A token with another claim in it and the old signature."""
    head, claims, signature = token.split(".")
    value = json.loads(base64.urlsafe_b64decode(claims + "=" * (-len(claims) % 4)))
    return f"{head}.{segment(value | {'repository': 'your-org/other'})}.{signature}"


def nothing_happened(held: edge.Edge, redis_client: redis.Redis, but: set[str]) -> None:
    """No message, no request, no entry: no key in Redis but those named."""
    assert redis_client.llen(queues.EMERGENCY) == 0
    assert held.records.audit.entries() == []
    assert set(redis_client.keys("*")) == {key(name) for name in but}


@pytest.mark.parametrize("name", UNAUTHENTIC)
def test_a_token_that_is_not_authentic_is_401_and_counted(
    client: TestClient, held: edge.Edge, redis_client: redis.Redis, name: str
) -> None:
    """For a sync and for a look; the failure count is all that is recorded."""
    headers = {b"authorization": f"Bearer {UNAUTHENTIC[name]()}".encode()}
    for answer in (client.post(SYNC, headers=headers), client.get("/api/apps", headers=headers)):
        assert answer.status_code == 401, answer.text
    nothing_happened(held, redis_client, {"failed", "failed:since"})
    assert redis_client.hgetall(key("failed")) == {"testclient": "2"}


@pytest.mark.parametrize("name", FORBIDDEN)
def test_a_token_that_may_not_is_403(client: TestClient, held: edge.Edge, redis_client: redis.Redis, name: str) -> None:
    """It is somebody, so it is no failure; and its id is not used up."""
    assert client.post(SYNC, headers=bearer(FORBIDDEN[name]())).status_code == 403
    nothing_happened(held, redis_client, set())


def test_two_authorization_headers_are_401(client: TestClient, held: edge.Edge, redis_client: redis.Redis) -> None:
    """Even two of the same good token: somebody between may have looked at the other one."""
    good = f"Bearer {CI.token()}"
    answer = client.post(SYNC, headers=[("authorization", good), ("Authorization", good)])
    assert answer.status_code == 401
    nothing_happened(held, redis_client, {"failed", "failed:since"})


def test_no_token_is_401_and_no_failure(client: TestClient, held: edge.Edge, redis_client: redis.Redis) -> None:
    """Nothing was guessed."""
    assert client.post(SYNC).status_code == 401
    nothing_happened(held, redis_client, set())


def test_a_token_that_changes_something_is_used_once_and_one_that_reads_often(
    client: TestClient, held: edge.Edge, redis_client: redis.Redis
) -> None:
    """A replay is a failure; what was refused for its body did not use the token up."""
    token = bearer(CI.token())
    assert client.post(SYNC, headers=token, content=b"[]").status_code == 400
    assert client.post("/api/apps/mynothing/sync", headers=token).status_code == 404
    assert [client.get("/api/apps", headers=token).status_code for _ in range(3)] == [200] * 3
    assert client.post(SYNC, headers=token).status_code == 202
    assert client.post(SYNC, headers=token).status_code == 401
    assert client.get("/api/apps", headers=token).status_code == 200
    assert (redis_client.llen(queues.EMERGENCY), len(held.records.audit.entries())) == (1, 1)
    assert redis_client.hget(key("failed"), "testclient") == "1"


@pytest.fixture
def replicas(trusting: Settings, redis_client: redis.Redis) -> Iterator[list[TestClient]]:
    """Two web processes over one Redis."""
    with TestClient(app.create(edge.create(trusting))) as one, TestClient(app.create(edge.create(trusting))) as two:
        yield [one, two]


def test_of_a_hundred_replays_at_once_exactly_one_wins(
    replicas: list[TestClient], redis_client: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Over two replicas; and one that starts later knows it too."""
    token = bearer(CI.token())

    def ask(number: int) -> int:
        return replicas[number % 2].post(SYNC, headers=token).status_code

    with ThreadPoolExecutor(16) as pool:
        codes = list(pool.map(ask, range(100)))
    assert codes.count(202) == 1
    assert set(codes) <= {202, 401, 429}
    assert (redis_client.llen(queues.EMERGENCY), redis_client.llen(key("trail"))) == (1, 1)


def test_the_limiter_holds_over_replicas_and_restarts(
    replicas: list[TestClient], trusting: Settings, redis_client: redis.Redis
) -> None:
    """Unread after so many failures, wherever they were made; another address is answered as ever."""
    most = trusting.edge.max_failures
    bad = bearer(OTHER.token())
    codes = [replicas[number % 2].post(SYNC, headers=bad).status_code for number in range(most)]
    assert set(codes) == {401}
    restarted = app.create(edge.create(trusting))
    with TestClient(restarted) as same, TestClient(restarted, client=("192.0.2.7", 1)) as other:
        answer = same.post(SYNC, headers=bearer(CI.token()))
        assert (answer.status_code, 0 < int(answer.headers["retry-after"]) <= WINDOW + 1) == (429, True)
        assert other.post(SYNC, headers=bearer(CI.token())).status_code == 202


def test_strangers_failures_never_stop_who_verifies(held: edge.Edge, trusting: Settings) -> None:
    """Ten thousand of them, from as many addresses."""
    for number in range(10_000):
        held.records.failures.add(f"10.1.{number >> 8}.{number & 255}")
    with TestClient(app.create(held)) as client:
        for _ in range(trusting.edge.max_failures + 5):
            assert client.post(SYNC, headers=bearer(CI.token())).status_code == 202


def test_without_redis_nobody_gets_in(held: edge.Edge, monkeypatch: pytest.MonkeyPatch) -> None:
    """What cannot be counted is not checked: 503, and never 500."""
    monkeypatch.setattr(held.records.failures, "_redis", redis.Redis(port=1))
    with TestClient(app.create(held), raise_server_exceptions=False) as client:
        assert client.get("/api/apps", headers=bearer(CI.token())).status_code == 503


def test_a_request_that_could_not_be_recorded_leaves_the_token_unused(
    client: TestClient, held: edge.Edge, monkeypatch: pytest.MonkeyPatch
) -> None:
    """503 means: send it again. A job has one token only."""
    token = bearer(CI.token())
    with monkeypatch.context() as broken:
        broken.setattr(held.counter, "accept", unavailable)
        assert client.post(SYNC, headers=token).status_code == 503
    assert client.post(SYNC, headers=token).status_code == 202


def unavailable(*_: object) -> None:
    """Redis is gone."""
    raise redis.ConnectionError


def test_the_trail_is_for_who_may_audit_and_only_of_their_apps(client: TestClient, held: edge.Edge) -> None:
    """Newest first; entries of no app are for tokens that may see all."""
    held.records.audit.add("sync", app="myapp", who="ada")
    held.records.audit.add("sync", app="secret", who="ada")
    held.records.audit.add("replay", delivery="github:1", who="ada")
    every = client.get("/api/audit", headers=bearer(CI.token())).json()["entries"]
    some = client.get("/api/audit", headers=bearer(local(scope="audit", apps=["my*"]))).json()["entries"]
    assert [entry["line"] for entry in every] == [3, 2, 1]
    assert [entry["line"] for entry in some] == [1]
    paged = client.get("/api/audit?limit=1&below=3", headers=bearer(CI.token())).json()["entries"]
    assert [entry["line"] for entry in paged] == [2]
    only = client.get("/api/audit?app=secret", headers=bearer(CI.token())).json()["entries"]
    assert [entry["line"] for entry in only] == [2]
    assert client.get("/api/audit", headers=bearer(local())).status_code == 403
    assert client.get("/api/audit?limit=x", headers=bearer(CI.token())).status_code == 400


def test_a_token_of_one_app_is_no_token_of_all(client: TestClient, held: edge.Edge) -> None:
    """A glob that stands for the name `*` used to count as all apps."""
    claims = tokens.verify(f"Bearer {local(apps=['my*', 'a'])}", held.issuers, time.time())
    assert not claims.allows_all("sync")
    assert tokens.verify(f"Bearer {local(apps=['*'])}", held.issuers, time.time()).allows_all("sync")
    assert not tokens.verify(f"Bearer {local(apps=['*'])}", held.issuers, time.time()).allows_all("read")

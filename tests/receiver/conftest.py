"""An edge on real records and a real queue, asked over HTTP without a socket."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import redis
from starlette.testclient import TestClient

from receiver import app, edge
from workers import embedded
from workers.settings import Settings

SECRET = "It's a Secret to Everybody"
KEY = "k" * 32

APPLICATION = """\
apiVersion: argoproj.io/v1alpha1
kind: Application
metadata:
  name: myapp
spec:
  destination:
    namespace: default
    server: https://kubernetes.default.svc
  project: default
  source:
    path: myapp
    repoURL: https://github.com/your-org/your-repo.git
    targetRevision: main
  syncPolicy:
    automated:
      prune: true
      selfHeal: true
"""


@pytest.fixture
def settings(tmp_path: Path, redis_data: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """A configuration with a GitHub hook, a GitLab hook and one app."""
    monkeypatch.setenv("HOOK_SECRET", SECRET)
    monkeypatch.setenv("TOKEN_KEY", KEY)
    catalog = tmp_path / "catalog"
    catalog.mkdir()
    (catalog / "myapp.yaml").write_text(APPLICATION)
    monkeypatch.setenv("REDIS_URL", f"unix://{embedded.socket_of(redis_data)}")
    return Settings.model_validate(
        {
            "data": tmp_path,
            "redis": {"url": "env:REDIS_URL"},
            "catalog": {"folders": [catalog]},
            "edge": {"max_body": 1024 * 1024, "body_deadline": 1},
            "hooks": {
                "github": {"forge": "github", "secrets": ["env:HOOK_SECRET"], "repositories": ["your-org/*"]},
                "gitlab": {"forge": "gitlab", "secrets": ["env:HOOK_SECRET"]},
            },
            "issuers": [{"issuer": "hookline", "key": "env:TOKEN_KEY"}],
        }
    )


@pytest.fixture
def held(settings: Settings, redis_client: redis.Redis) -> edge.Edge:
    """What the web process holds, on empty records."""
    return edge.create(settings)


@pytest.fixture
def client(held: edge.Edge) -> Iterator[TestClient]:
    """Somebody who sends requests."""
    with TestClient(app.create(held), raise_server_exceptions=False) as made:
        yield made


def push(ref: str = "refs/heads/main", after: str = "a" * 40, repository: str = "your-org/your-repo") -> dict[str, Any]:
    """A synthetic GitHub push: the fields a receiver reads."""
    return {
        "ref": ref,
        "before": "b" * 40,
        "after": after,
        "created": False,
        "deleted": False,
        "forced": False,
        "repository": {"id": 1, "full_name": repository, "clone_url": f"https://github.com/{repository}.git"},
        "sender": {"login": "octocat"},
        "head_commit": {"id": after},
        "commits": [],
    }


def signed(body: bytes, event: str = "push", delivery: str = "guid-1", secret: str = SECRET) -> dict[str, str]:
    """The headers GitHub sends with ``body``."""
    signature = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    return {
        "content-type": "application/json",
        "x-github-event": event,
        "x-github-delivery": delivery,
        "x-hub-signature-256": f"sha256={signature}",
    }


def encoded(payload: Any) -> bytes:
    """A payload as the bytes that are signed."""
    return json.dumps(payload).encode()

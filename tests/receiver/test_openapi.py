"""Our own document describes the JSON API as it is: schemathesis asks every operation strange things."""

from __future__ import annotations

import time
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import ignored_auth, missing_required_header
from starlette.testclient import TestClient

from receiver import app, edge
from receiver.openapi import DOCUMENT
from tests.receiver.conftest import KEY, encoded, push, signed
from workers import tokens

pytestmark = pytest.mark.filterwarnings("default")
NOT_HERE = [ignored_auth, missing_required_header]
"""The token is set after the case is made; that none means 401 is shown elsewhere."""
_SCHEMA = schemathesis.openapi.from_dict(DOCUMENT)
OPERATIONS = [found.ok() for found in _SCHEMA.get_all_operations() if isinstance(found, Ok)]
"""Each is a test of its own name: what shares the tests out knows them by it."""


@pytest.fixture(scope="module")
def authorization() -> str:
    """A token for everything."""
    issuer = tokens.Issuer("hookline", "hookline", ("HS256",), lambda: KEY)
    scopes = ["read", "sync", "hold", "rollback", "approve", "audit", "plan"]
    return f"Bearer {tokens.mint(issuer, 'ada', scopes, ['*'], 3600, time.time(), '1')}"


@pytest.fixture
def asgi(held: edge.Edge) -> Any:
    """The application, with a delivery on record."""
    made = app.create(held)
    with TestClient(made) as client:
        body = encoded(push())
        assert client.post("/hooks/github", content=body, headers=signed(body)).status_code == 202
    return made


@pytest.mark.parametrize("operation", OPERATIONS, ids=[operation.label for operation in OPERATIONS])
@given(data=st.data())
@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.filter_too_much],
)
def test_every_operation_answers_as_documented(
    operation: Any, data: st.DataObject, asgi: Any, authorization: str
) -> None:
    """Codes, media types and bodies; never a 5xx."""
    case = data.draw(operation.as_strategy())
    case.headers = {**(case.headers or {}), "Authorization": authorization}
    answer = case.call(app=asgi)
    case.validate_response(answer, excluded_checks=NOT_HERE)
    assert answer.status_code < 500


def test_every_route_of_the_api_is_documented(asgi: Any) -> None:
    """And nothing that does not exist is."""
    paths = {route.path.replace(":path", "") for route in asgi.routes}
    routes = {path for path in paths if path.startswith("/api/") and path != "/api/openapi.json"}
    assert routes == set(DOCUMENT["paths"])


def test_the_document_is_served(asgi: Any, authorization: str) -> None:
    """As JSON, to whoever has a token."""
    with TestClient(asgi) as client:
        assert client.get("/api/openapi.json", headers={"authorization": authorization}).json() == DOCUMENT

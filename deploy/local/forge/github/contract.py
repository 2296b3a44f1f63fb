"""Whether a call is one that GitHub's published description allows."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Final

import orjson
from openapi_core import Config, OpenAPI
from openapi_core.datatypes import RequestParameters
from openapi_core.exceptions import OpenAPIError
from openapi_core.templating.paths.exceptions import PathError
from werkzeug.datastructures import Headers, ImmutableMultiDict

from deploy.local.forge.web import Request

DATA: Final = Path(__file__).parent / "data"

_guard = threading.Lock()


@dataclass
class Described:
    """A request in the words of the validator."""

    method: str
    path: str
    content_type: str
    body: bytes | None
    parameters: Any = field(default=None)
    host_url: str = "https://api.github.com"


@cache
def description() -> OpenAPI:
    """Return GitHub's description, read once. It is not itself validated: it is GitHub's."""
    return OpenAPI.from_dict(
        orjson.loads((DATA / "api.github.com.json").read_bytes()), config=Config(spec_validator_cls=None)
    )


def problem(request: Request, path: str) -> tuple[int, str] | None:
    """Return the code and words that refuse a call to ``path`` (below the API's base), ``None`` if it is allowed."""
    described = Described(
        method=request.method.lower(),
        path=path,
        content_type=request.headers.get("content-type", "").lower(),
        body=request.body or None,
        parameters=RequestParameters(
            query=ImmutableMultiDict(request.query), header=Headers(list(request.headers.items()))
        ),
    )
    try:
        with _guard:
            description().validate_request(described)
    except PathError:
        return 404, "Not Found"
    except OpenAPIError as error:
        return 422, _words(error)
    return None


def _words(error: BaseException) -> str:
    """The innermost reasons: the outer errors only say that there are some."""
    reasons = getattr(error, "schema_errors", None)
    if reasons:
        return "; ".join(f"{'.'.join(map(str, one.absolute_path)) or 'body'}: {one.message}" for one in reasons)
    return _words(error.__cause__) if error.__cause__ else str(error)

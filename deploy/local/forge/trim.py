"""Cuts GitHub's published descriptions down to the calls the stand-in answers and the events it sends.

::

    npm install --ignore-scripts @octokit/openapi @octokit/openapi-webhooks
    python -m deploy.local.forge.trim node_modules/@octokit

writes the files in ``github/data/``. Run it again when GitHub's API changes.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any, Final

import orjson

DATA: Final = Path(__file__).parent / "github" / "data"
CALLS: Final = {
    "/repos/{owner}/{repo}/statuses/{sha}": ("post",),
    "/repos/{owner}/{repo}/commits/{ref}/statuses": ("get",),
    "/repos/{owner}/{repo}/commits/{ref}/status": ("get",),
    "/repos/{owner}/{repo}/commits/{ref}/check-runs": ("get",),
    "/repos/{owner}/{repo}/check-runs": ("post",),
    "/repos/{owner}/{repo}/check-runs/{check_run_id}": ("get", "patch"),
    "/repos/{owner}/{repo}/check-runs/{check_run_id}/rerequest": ("post",),
    "/repos/{owner}/{repo}/installation": ("get",),
    "/app/installations/{installation_id}/access_tokens": ("post",),
    "/repos/{owner}/{repo}/hooks": ("get",),
    "/repos/{owner}/{repo}/hooks/{hook_id}/deliveries": ("get",),
    "/repos/{owner}/{repo}/hooks/{hook_id}/deliveries/{delivery_id}/attempts": ("post",),
    "/repos/{owner}/{repo}/pulls": ("post",),
    "/repos/{owner}/{repo}/pulls/{pull_number}": ("get", "patch"),
    "/repos/{owner}/{repo}/pulls/{pull_number}/merge": ("put",),
    "/repos/{owner}/{repo}/pulls/{pull_number}/reviews": ("get", "post"),
    "/repos/{owner}/{repo}/issues/{issue_number}/comments": ("get", "post"),
    "/repos/{owner}/{repo}/issues/comments/{comment_id}": ("get", "patch", "delete"),
    "/repos/{owner}/{repo}/issues/{issue_number}/events": ("get",),
    "/repos/{owner}/{repo}/issues/{issue_number}/labels": ("post",),
    "/repos/{owner}/{repo}/issues/{issue_number}/labels/{name}": ("delete",),
    "/repos/{owner}/{repo}/collaborators/{username}/permission": ("get",),
    "/repos/{owner}/{repo}/deployments": ("get", "post"),
    "/repos/{owner}/{repo}/deployments/{deployment_id}/statuses": ("get", "post"),
    "/user": ("get",),
    "/app": ("get",),
}
EVENTS: Final = (
    "webhook-push",
    "webhook-pull-request-closed",
    "webhook-pull-request-opened",
    "webhook-pull-request-synchronize",
    "webhook-pull-request-labeled",
    "webhook-pull-request-review-submitted",
    "webhook-check-run-rerequested",
)

# what validates nothing: the examples alone are most of the files
_PROSE = frozenset({"examples", "example", "externalDocs", "x-github", "x-octokit", "tags", "summary"})


def calls(description: dict[str, Any]) -> dict[str, Any]:
    """Return the OpenAPI ``description`` with the operations in :data:`CALLS` and what they refer to. Pure."""
    kept = {
        path: {method: _bare(description["paths"][path][method]) for method in methods}
        for path, methods in CALLS.items()
    }
    return {
        "openapi": description["openapi"],
        "info": description["info"],
        "servers": description["servers"],
        "paths": kept,
        "components": _components(description, _references(kept)),
    }


def events(description: dict[str, Any]) -> dict[str, Any]:
    """Return the schemas in :data:`EVENTS` and what they refer to. Pure."""
    wanted = {f"#/components/schemas/{name}" for name in EVENTS}
    return {"info": description["info"], "components": _components(description, wanted)}


def _components(description: dict[str, Any], waiting: set[str]) -> dict[str, dict[str, Any]]:
    kept: dict[str, dict[str, Any]] = {}
    while waiting:
        _, _, section, name = waiting.pop().split("/", 3)
        place = kept.setdefault(section, {})
        if name not in place:
            place[name] = _bare(description["components"][section][name])
            waiting |= _references(place[name])
    return {section: dict(sorted(place.items())) for section, place in sorted(kept.items())}


def _bare(value: Any, *, is_names: bool = False) -> Any:
    """``value`` without prose; the keys of ``properties`` are GitHub's names and all stay."""
    if isinstance(value, dict):
        return {
            key: _bare(item, is_names=key == "properties" and not is_names)
            for key, item in value.items()
            if is_names or key not in _PROSE
        }
    if isinstance(value, list):
        return [_bare(item) for item in value]
    return value


def _references(value: Any) -> set[str]:
    if isinstance(value, dict):
        own = {value["$ref"]} if isinstance(value.get("$ref"), str) else set()
        return own.union(*(_references(item) for item in value.values()))
    if isinstance(value, list):
        return set().union(*(_references(item) for item in value))
    return set()


def main(packages: Path) -> None:
    """Write both files from the npm packages below ``packages``."""
    for package, target, cut in (("openapi", "api", calls), ("openapi-webhooks", "webhooks", events)):
        whole = orjson.loads((packages / package / "generated" / "api.github.com.json").read_bytes())
        file = DATA / f"{target}.github.com.json"
        file.write_bytes(orjson.dumps(cut(whole), option=orjson.OPT_INDENT_2) + b"\n")
        print(f"{file.name}: {file.stat().st_size} bytes")


if __name__ == "__main__":
    main(Path(sys.argv[1]))

"""The calls of GitLab's API that the stand-in answers, in GitLab's shapes."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from urllib.parse import unquote

from deploy.local.forge.gitlab import deployments, jobs, members, merges, payloads, rules, talk
from deploy.local.forge.gitlab.jobs import Job
from deploy.local.forge.repository import Repository
from deploy.local.forge.state import State
from deploy.local.forge.web import Request, Response, json

_PROJECT = re.compile(r"/projects/([^/]+)(/.*|)")
_REVISION = re.compile(r"[0-9a-f]{40}")


class Api:
    """The API of one forge: it keeps the jobs of each commit. Safe for threads."""

    def __init__(self) -> None:
        self._jobs: dict[tuple[str, str], list[Job]] = {}
        self._last = 0
        self._guard = threading.Lock()

    def answer(self, state: State, request: Request, path: str) -> Response:
        """Answer a call to ``path``, below ``/api/v4``; a project is named by id or by quoted path."""
        user = rules.user(request.headers, state.tokens)
        if not user:
            return json(401, {"message": "401 Unauthorized"})
        if path == "/user":
            return json(200, {**payloads.user(user), "state": "active"})
        place = _PROJECT.fullmatch(path)
        repository = _project(state, unquote(place[1])) if place else None
        if place is None or repository is None:
            return json(404, {"message": "404 Project Not Found"})
        calls: tuple[tuple[str, str, Callable[..., Response]], ...] = (
            ("GET", r"", _show),
            ("POST", r"/statuses/([^/]+)", self._write),
            ("GET", r"/repository/commits/([^/]+)/statuses", self._list),
            *merges.CALLS,
            *talk.CALLS,
            *deployments.CALLS,
            ("GET", r"/members/all/(\d+)", members.show),
        )
        for method, pattern, handler in calls:
            if method == request.method and (found := re.fullmatch(pattern, place[2])):
                return handler(state, repository, request, user, *found.groups())
        return json(404, {"error": "404 Not Found"})

    def jobs(self, repository: str, sha: str) -> list[Job]:
        """Return every job of a commit, oldest first."""
        with self._guard:
            return list(self._jobs.get((repository, sha), []))

    def _write(self, state: State, repository: Repository, request: Request, user: str, sha: str) -> Response:
        body = request.json()
        refused = rules.refusal(body)
        if refused is not None:
            return json(400, refused)
        if not _REVISION.fullmatch(sha) or repository.commit(sha) != sha:
            return json(404, {"message": "404 Commit Not Found"})
        ref = body.get("ref") or next(iter(repository.branches_with(sha)), "")
        if not ref:
            return json(404, {"message": "404 References for commit Not Found"})

        def write() -> Response:
            wanted = Job(
                id=0,
                sha=sha,
                ref=ref,
                name=body.get("name") or body.get("context") or "default",
                user=user,
                status=body["state"],
                description=body.get("description", ""),
                target_url=body.get("target_url", ""),
                at=time.time(),
            )
            return self._post(state, repository, wanted)

        return state.perform(write)

    def _post(self, state: State, repository: Repository, wanted: Job) -> Response:
        with self._guard:
            before = self._jobs.get((repository.full_name, wanted.sha), [])
            wanted = replace(wanted, id=self._last + 1)
            try:
                after = jobs.post(before, wanted)
            except jobs.Refused as refused:
                return json(400, {"message": str(refused)})
            self._last += len(after) - len(before)
            self._jobs[repository.full_name, wanted.sha] = after
            state.ledger.add(
                repository=repository.full_name,
                sha=wanted.sha,
                context=wanted.name,
                state=wanted.status,
                description=wanted.description,
                target_url=wanted.target_url,
                creator=wanted.user,
            )
            changed = next(job for job in reversed(after) if job not in before)
        return json(201, _status(changed))

    def _list(self, state: State, repository: Repository, request: Request, user: str, sha: str) -> Response:
        del state, user
        if not repository.commit(sha):
            return json(404, {"message": "404 Commit Not Found"})
        query = request.query
        found = [
            job
            for job in self.jobs(repository.full_name, sha)
            if job.name == query.get("name", job.name)
            and job.ref == query.get("ref", job.ref)
            and (query.get("all") == "true" or not job.is_retried)
        ]
        size = min(int(query.get("per_page", "20")), 100)
        start = size * (int(query.get("page", "1")) - 1)
        return json(200, [_status(job) for job in found[start : start + size]])


def _project(state: State, name: str) -> Repository | None:
    by_id = {str(one.number): one for one in state.repositories.values()}
    return state.repositories.get(name) or by_id.get(name)


def _show(state: State, repository: Repository, request: Request, user: str) -> Response:
    del request, user
    return json(200, payloads.project(state.place(repository)))


def _status(job: Job) -> dict[str, Any]:
    """One job in GitLab's shape."""
    at = datetime.fromtimestamp(job.at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return {
        "id": job.id,
        "sha": job.sha,
        "ref": job.ref,
        "status": job.status,
        "name": job.name,
        "target_url": job.target_url or None,
        "description": job.description or None,
        "created_at": at,
        "started_at": at if job.status != "pending" else None,
        "finished_at": at if job.status in ("success", "failed", "canceled") else None,
        "allow_failure": False,
        "coverage": None,
        "pipeline_id": 1,
        "author": {"id": payloads.number(job.user), "username": job.user, "name": job.user, "state": "active"},
    }

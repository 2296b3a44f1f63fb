"""Git's smart HTTP protocol, spoken by ``git http-backend`` as a CGI program."""

from __future__ import annotations

import gzip
import subprocess

from deploy.local.forge.repository import Repository, environment
from deploy.local.forge.web import Request, Response


def serve(repository: Repository, rest: str, request: Request) -> Response:
    """Answer a Git client; ``rest`` is the path below the repository (``info/refs``, ``git-upload-pack`` …)."""
    headers = request.headers
    variables = {
        "GIT_PROJECT_ROOT": str(repository.path.parent),
        "GIT_HTTP_EXPORT_ALL": "1",
        "PATH_INFO": f"/{repository.path.name}/{rest}",
        "REQUEST_METHOD": request.method,
        "QUERY_STRING": request.raw_query,
        "CONTENT_TYPE": headers.get("content-type", ""),
        "CONTENT_LENGTH": str(len(request.body)),
        "HTTP_CONTENT_ENCODING": headers.get("content-encoding", ""),
        "GIT_PROTOCOL": headers.get("git-protocol", ""),
        "REMOTE_ADDR": "127.0.0.1",
        # receive-pack writes the reflog under this name
        "GIT_COMMITTER_NAME": "forge",
        "GIT_COMMITTER_EMAIL": "forge@localhost",
    }
    done = subprocess.run(
        ["git", "http-backend"],
        input=request.body,
        env={**environment(), **variables},
        capture_output=True,
        check=False,
    )
    return answer(done.stdout) if done.stdout else Response(500, done.stderr)


def is_fetch(request: Request) -> bool:
    """Whether a call of ``git-upload-pack`` asks for objects; gitprotocol-v2 lists refs there too. Pure."""
    body = gzip.decompress(request.body) if request.headers.get("content-encoding") == "gzip" else request.body
    return b"command=ls-refs" not in body[:64]


def answer(output: bytes) -> Response:
    """Return what a CGI program (RFC 3875) printed as an answer; its ``Status`` is 200 unless it says. Pure."""
    head, _, body = output.partition(b"\r\n\r\n")
    code, headers = 200, {}
    for line in head.decode("latin-1").split("\r\n"):
        name, _, value = line.partition(":")
        if name.lower() == "status":
            code = int(value.split()[0])
        else:
            headers[name.lower()] = value.strip()
    return Response(code, body, headers)

"""Are two repository URLs the same repository? Decided by parsing, without ever contacting either.

A forge names a repository by its HTTPS clone URL, an app's author may have written the SSH one: both come
down to one ``host/path``. The answer decides which apps a delivery concerns, so what cannot be read
unambiguously is refused instead of guessed. Errors never quote the URL: it may hold a password.
"""

from __future__ import annotations

import re
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

if TYPE_CHECKING:
    from collections.abc import Sequence

_DEFAULT_PORTS = {"https": 443, "http": 80, "ssh": 22}
_CASELESS_HOSTS = frozenset({"github.com", "gitlab.com"})
_HOST = re.compile(r"[a-z0-9]([a-z0-9_.-]*[a-z0-9])?|\[[0-9a-f:.]+\]")
_LONGEST = 2048


def canonical(url: str, *, local: bool = False) -> str:
    """Return ``host/path`` (``host:port/path`` for an unusual port) of a Git repository URL.

    Takes ``https://``, ``http://``, ``ssh://`` and Git's short form ``user@host:path``; with ``local`` also
    ``file:///path``, whose answer starts with ``/``. Scheme, user, default port, ``.git`` and a trailing
    slash do not count; the host's case does not either, nor the path's on github.com and gitlab.com.

    Raises ``ValueError``, one sentence without the URL, for anything else: other transports (``ext::``),
    options (``--upload-pack=…``), control characters and spaces, ``.`` and ``..`` segments, a query.
    """
    if not 0 < len(url) <= _LONGEST:
        raise ValueError(f"a repository URL must have 1 to {_LONGEST} characters")
    if not url.isprintable() or " " in url or "\\" in url:
        raise ValueError("a repository URL must not contain control characters, spaces or backslashes")
    if url.startswith("-"):
        raise ValueError("a repository URL must not start with '-': Git would take it for an option")
    scheme, separator, _ = url.partition("://")
    if not separator:
        return _short(url)
    if scheme.lower() == "file":
        return _file(url, local)
    if scheme.lower() not in _DEFAULT_PORTS:
        raise ValueError("a repository URL must start with https://, http:// or ssh://, or be user@host:path")
    return _with_scheme(url)


def same(a: str, b: str, *, local: bool = False) -> bool:
    """Whether two URLs name one repository; a URL :func:`canonical` refuses is the same as no other."""
    try:
        return canonical(a, local=local) == canonical(b, local=local)
    except ValueError:
        return False


def allowed(full_name: str, identity: str, listed: Sequence[str]) -> bool:
    """Whether an allow-list holds a repository: by a glob on its full name, or as ``id:<the forge's id>``."""
    by_id = [entry.removeprefix("id:") for entry in listed if entry.startswith("id:")]
    globs = [entry for entry in listed if not entry.startswith("id:")]
    return (bool(identity) and identity in by_id) or matches(full_name, globs)


def matches(full_name: str, globs: Sequence[str]) -> bool:
    """Whether a repository's full name (``your-org/your-repo``) matches one of ``globs``, in any case.

    ``*``, ``?`` and ``[…]`` match within one segment: ``your-org/*`` takes no repository of a subgroup. A last
    segment ``**`` takes everything below: ``your-group/**``, or ``**`` for all.
    """
    name = full_name.lower().split("/")
    return all(name) and any(_matches_segments(name, glob.lower().split("/")) for glob in globs)


def _matches_segments(name: list[str], glob: list[str]) -> bool:
    if glob[-1] == "**" and len(name) >= len(glob):
        name, glob = name[: len(glob) - 1], glob[:-1]
    return len(name) == len(glob) and all(map(fnmatchcase, name, glob))


def _with_scheme(url: str) -> str:
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise ValueError("a repository URL's host or port cannot be read") from None
    if "?" in url or "#" in url:
        raise ValueError("a repository URL must not have a query or a fragment")
    if (parts.username or "").startswith("-"):
        raise ValueError("the user of a repository URL must not start with '-'")
    if port == 0:
        raise ValueError("a repository URL's port must be 1 to 65535")
    name = _host(f"[{host}]" if ":" in host else host)
    path = _path(_decoded(parts.path).strip("/"), name)
    return f"{name}/{path}" if port in (None, _DEFAULT_PORTS[parts.scheme]) else f"{name}:{port}/{path}"


def _short(url: str) -> str:
    """``user@host:path``: here Git decodes nothing, and knows no port."""
    address, separator, path = url.partition(":")
    if address.rpartition("@")[2].startswith("["):  # an IPv6 address has colons of its own
        address, separator, path = url.partition("]:")
        address += "]"
    if not separator or "/" in address or path.startswith(":"):
        raise ValueError("a repository URL must start with https://, http:// or ssh://, or be user@host:path")
    user, _, host = address.rpartition("@")
    if user.startswith("-") or path.startswith("-"):
        raise ValueError("user and path of a repository URL must not start with '-'")
    if "@" in path.partition("/")[0]:
        raise ValueError("a repository URL of the form user@host:path cannot carry a password")
    name = _host(host.lower())
    return f"{name}/{_path(path.strip('/'), name)}"


def _file(url: str, local: bool) -> str:
    if not local:
        raise ValueError("a repository URL must not be file:// here")
    path = url[len("file://") :].removeprefix("localhost")
    if not path.startswith("/"):
        raise ValueError("a file:// URL must hold an absolute path, as in file:///srv/git/app.git")
    return "/" + _path(_decoded(path).strip("/"), "")


def _host(host: str) -> str:
    """Return a lower-case host without its root dot, refusing what is no host name."""
    name = host.removesuffix(".")
    if not _HOST.fullmatch(name) or ".." in name:
        raise ValueError("a repository URL's host must be a name of ASCII letters, digits, '.' and '-'")
    return name


def _decoded(path: str) -> str:
    """Undo percent-encoding once, refusing what would then mean something else than it looked like."""
    try:
        segments = [unquote(segment, errors="strict") for segment in path.split("/")]
    except UnicodeDecodeError:
        raise ValueError("a repository URL's path must be UTF-8") from None
    if any("/" in segment or "\\" in segment or not segment.isprintable() for segment in segments):
        raise ValueError("a repository URL's path must not hide '/', '\\' or control characters")
    return "/".join(segments)


def _path(path: str, host: str) -> str:
    path = path.removesuffix(".git")
    if any(segment in ("", ".", "..") for segment in path.split("/")):
        raise ValueError("a repository URL's path must name a repository, without '.', '..' or '//'")
    return path.lower() if host in _CASELESS_HOSTS else path

"""Gitea's ``app.ini``: as little as it needs, and nothing that leaves this machine. Pure."""

from __future__ import annotations

from pathlib import Path

_TEXT = """\
APP_NAME = Gitea of Hookline's demo
RUN_MODE = prod
WORK_PATH = {data}
I_AM_BEING_UNSAFE_RUNNING_AS_ROOT = true

[server]
STATIC_ROOT_PATH = {pages}
HTTP_ADDR = 127.0.0.1
HTTP_PORT = {port}
ROOT_URL = http://127.0.0.1:{port}/
DISABLE_SSH = true
OFFLINE_MODE = true

[database]
DB_TYPE = sqlite3
PATH = {data}/gitea.db
SQLITE_JOURNAL_MODE = WAL
SQLITE_TIMEOUT = 20000

[repository]
ROOT = {data}/repositories
DISABLED_REPO_UNITS = repo.actions,repo.packages,repo.projects,repo.wiki,repo.releases

[security]
INSTALL_LOCK = true
SECRET_KEY = {secret}

[service]
DISABLE_REGISTRATION = true

[session]
PROVIDER = memory

[webhook]
ALLOWED_HOST_LIST = loopback
DELIVER_TIMEOUT = 10

[indexer]
ISSUE_INDEXER_TYPE = db

[actions]
ENABLED = false

[packages]
ENABLED = false

[mailer]
ENABLED = false

[log]
MODE = console
LEVEL = info
"""


def text(data: Path, pages: Path, port: int, secret: str) -> str:
    """Return the settings of a Gitea that keeps everything in ``data`` and reads its pages from ``pages``.

    ``secret`` is what it encrypts its own secrets with.
    """
    return _TEXT.format(data=data, pages=pages, port=port, secret=secret)

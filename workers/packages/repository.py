"""One chart of a chart repository. Its index is kept on disk for all charts and workers of this machine.

It is asked for again only if it changed (ETag, RFC 9110 §13.1.2), once for all who wait for it.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, BinaryIO, Final
from urllib.parse import urljoin

import orjson

from workers.errors import SourceMissing
from workers.packages import hosts, index, web
from workers.packages.offers import Offer
from workers.rendering import Charts

_VALIDATORS: Final = {"etag": "if-none-match", "last-modified": "if-modified-since"}
Authorization = Callable[[str], str]
"""A URL to the header ``Authorization`` for it, "" for none; read anew for each call."""


class Repository:
    """A chart repository's chart (`workers.packages.offers.Source`)."""

    def __init__(
        self, folder: Path, rules: Charts, url: str, chart: str, authorization: Authorization, scope: str = ""
    ) -> None:
        self.shown = f"chart {chart} of {url}"
        self._url, self._chart = f"{url.rstrip('/')}/", chart
        self._rules, self._authorization = rules, authorization
        said = "\n".join(filter(None, (url, scope)))
        self._file = folder / f"{hashlib.sha256(said.encode()).hexdigest()[:24]}.index"
        self._entries: dict[str, index.Entry] = {}

    def versions(self) -> Sequence[str]:
        """Return the versions that the index names now. Raises as `workers.packages.web.get`."""
        asked = time.time()
        self._file.parent.mkdir(parents=True, exist_ok=True)
        with self._file.with_suffix(".index-lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            kept = self._kept()
            if kept.get("asked", 0.0) < asked:  # nobody asked while this one waited
                kept = self._asked(kept)
        found = [index.Entry(*one) for one in kept["charts"].get(self._chart, ())]
        self._entries = {}
        for entry in found:
            self._entries.setdefault(entry.version, entry)
        if not found:
            raise SourceMissing(f"{self._url}index.yaml names no chart {self._chart}: correct the name or the URL")
        return list(self._entries)

    def offer(self, version: str) -> Offer | None:
        """Return a version of the index that :meth:`versions` read."""
        found = self._entries.get(version)
        if found is None:
            return None
        return Offer(version, f"sha256:{found.digest}" if found.digest else "", urljoin(self._url, found.url))

    def download(self, offer: Offer, target: BinaryIO) -> None:
        """Write an archive. A credential goes along to the repository's own scheme, host and port only."""
        mine = hosts.origin(offer.url) == hosts.origin(self._url)
        authorization = self._authorization(offer.url) if mine else ""
        most = self._rules.archive_size
        web.get(self._rules, web.Wish(offer.url, most, "charts.archive_size", {}, authorization), target)

    def _kept(self) -> dict[str, Any]:
        with contextlib.suppress(OSError, orjson.JSONDecodeError):
            return dict(orjson.loads(self._file.read_bytes()))
        return {}

    def _asked(self, kept: dict[str, Any]) -> dict[str, Any]:
        """Ask for the index, and keep what counts of it."""
        url, began = f"{self._url}index.yaml", time.time()
        headers = {_VALIDATORS[name]: kept[name] for name in _VALIDATORS if kept.get(name)}
        with tempfile.TemporaryFile(dir=self._file.parent) as target:
            wish = web.Wish(url, self._rules.index_size, "charts.index_size", headers, self._authorization(url))
            answer = web.get(self._rules, wish, target, frozenset({304}) if headers else frozenset())
            if answer.code != 304:
                target.seek(0)
                read = index.read(target, url, self._rules.seconds)
                charts = {name: [list(one) for one in versions] for name, versions in read.items()}
                kept = {name: answer.headers.get(name, "") for name in _VALIDATORS} | {"charts": charts}
        kept["asked"] = began
        written(self._file, orjson.dumps(kept))
        return kept


def written(file: Path, content: bytes) -> None:
    """Replace a file in one step."""
    number, name = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}-")
    with os.fdopen(number, "wb") as opened:
        opened.write(content)
    Path(name).replace(file)

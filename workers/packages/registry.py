"""One repository of a registry: its tags, and the one layer of an artifact that is a chart or a folder.

OCI distribution specification, version 1.1, as far as it is about reading. Media types: Helm's charts ("OCI-based
registries", helm.sh) and Flux's artifacts ("OCI Artifacts", fluxcd.io).
"""

from __future__ import annotations

import hashlib
import re
import time
from collections.abc import Callable, Sequence
from typing import Any, BinaryIO, Final
from urllib.parse import urljoin

import orjson

from workers.errors import AccessDenied, SourceMissing, SourceUnreachable
from workers.packages import challenge, hosts, web
from workers.packages.offers import Offer
from workers.rendering import Charts

MOST_PAGES: Final = 50
MOST_TAGS: Final = 4 * 1024 * 1024
MOST_MANIFEST: Final = 4 * 1024 * 1024
MOST_TOKEN: Final = 64 * 1024
TOKEN_SECONDS: Final = 60.0
MANIFEST: Final = "application/vnd.oci.image.manifest.v1+json"
CHART: Final = "application/vnd.cncf.helm.chart.content.v1.tar+gzip"
LAYERS: Final = frozenset(
    {CHART, "application/vnd.cncf.flux.content.v1.tar+gzip", "application/vnd.oci.image.layer.v1.tar+gzip"}
)
"""What is unpacked; only a chart has all its files in one folder."""
_DIGEST: Final = re.compile(r"sha256:[0-9a-f]{64}")


class Registry:
    """A repository of a registry (`workers.packages.offers.Source`)."""

    def __init__(self, rules: Charts, host: str, name: str, authorization: Callable[[str], str]) -> None:
        self.shown = f"oci://{host}/{name}"
        self._rules, self._host, self._name = rules, host, name
        self._scheme = "http" if rules.plain_http and _is_local(host) else "https"
        self._authorization = authorization
        self._token, self._until = "", 0.0

    def versions(self) -> Sequence[str]:
        """Return the tags; a ``+`` of a version is a ``_`` there (Helm's rule)."""
        first = url = self._at("tags/list?n=1000")
        found: list[str] = []
        for _ in range(MOST_PAGES):
            answer = self._get(url, MOST_TAGS, "application/json")
            tags = _json(answer.body, url).get("tags")
            found += [str(tag).replace("_", "+") for tag in tags] if isinstance(tags, list) else []
            following = re.match(r'<([^>]{1,2048})>;\s*rel="?next', answer.headers.get("link", ""))
            if following is None:
                return list(dict.fromkeys(found))
            url = urljoin(url, following[1])
            if hosts.origin(url) != hosts.origin(first):
                raise SourceMissing(f"{self.shown} continues its tags at another host: it is not asked")
        raise SourceMissing(f"{self.shown} has more than {MOST_PAGES} pages of tags: name one version")

    def offer(self, version: str) -> Offer | None:
        """Return a version, or the manifest of a digest, as its manifest has it; ``None`` where there is none."""
        reference = version.replace("+", "_")
        url = self._at(f"manifests/{reference}")
        answer = self._get(url, MOST_MANIFEST, MANIFEST, takes=frozenset({404}))
        if answer.code == 404:
            return None
        found = f"sha256:{hashlib.sha256(answer.body).hexdigest()}"
        promised = {reference if ":" in reference else found, answer.headers.get("docker-content-digest", found)}
        if promised != {found}:
            raise SourceMissing(f"{self.shown}: the manifest of {version} does not have the digest that was promised")
        return self._layer_of(version, found, _json(answer.body, url))

    def _layer_of(self, version: str, digest: str, manifest: dict[str, Any]) -> Offer:
        every = manifest.get("layers")
        layers = [one for one in every if isinstance(one, dict)] if isinstance(every, list) else []
        for one in layers:
            kind, its = str(one.get("mediaType")), str(one.get("digest"))
            if kind in LAYERS and _DIGEST.fullmatch(its):
                return Offer(version, digest, its, wrapped=kind == CHART)
        kinds = ", ".join(sorted({str(one.get("mediaType"))[:80] for one in layers[:5]})) or "none"
        raise SourceMissing(f"{self.shown}: {version} is no chart and no artifact of Flux: its layers are {kinds}")

    def download(self, offer: Offer, target: BinaryIO) -> None:
        """Write the layer of an offer, whose ``url`` is its digest."""
        url = self._at(f"blobs/{offer.url}")
        self._get(url, self._rules.archive_size, "*/*", target=target, setting="charts.archive_size")

    def _at(self, path: str) -> str:
        return f"{self._scheme}://{self._host}/v2/{self._name}/{path}"

    def _get(
        self,
        url: str,
        most: int,
        accept: str,
        *,
        target: BinaryIO | None = None,
        takes: frozenset[int] = frozenset(),
        setting: str = "charts",
    ) -> web.Answer:
        """Ask, and once more with what the registry asks for."""
        headers = {"accept": accept}
        held = self._token if time.monotonic() < self._until else ""
        wish = web.Wish(url, most, setting, headers, held)
        answer = web.get(self._rules, wish, target, takes | {401})
        if answer.code != 401:
            return answer
        self._token = self._answered(answer.headers.get("www-authenticate", ""))
        if target:
            target.seek(0)
            target.truncate()
        return web.get(self._rules, web.Wish(url, most, setting, headers, self._token), target, takes)

    def _answered(self, header: str) -> str:
        """Return what a challenge asks for: a credential, or a token that may read this repository."""
        asked, own = challenge.read(header), self._authorization(f"{self._scheme}://{self._host}/{self._name}")
        if asked.scheme == "basic" and own:
            self._until = 0.0  # read anew for each call
            return own
        if asked.scheme != "bearer":
            raise AccessDenied(f"{self.shown} asks for a credential: add one for it to `repository_credentials`")
        url = challenge.token_url(asked, self._name)
        if hosts.refused(url, self._at(""), plain_http=self._scheme == "http"):
            raise AccessDenied(f"{self.shown} sends for its token to {hosts.shown(asked.realm)}, which is not asked")
        if not challenge.may_hear(self._host, asked.realm):
            own = ""
        answer = web.get(self._rules, web.Wish(url, MOST_TOKEN, "charts", {"accept": "application/json"}, own))
        said = _json(answer.body, url)
        token = said.get("token") or said.get("access_token")
        if not isinstance(token, str) or not token.isascii() or not token.isprintable():
            raise SourceUnreachable(f"{hosts.shown(url)} gave no token")
        seconds = said.get("expires_in")
        self._until = time.monotonic() + (seconds * 0.8 if isinstance(seconds, int) else TOKEN_SECONDS * 0.8)
        return f"Bearer {token}"


def _is_local(host: str) -> bool:
    """Whether a registry is on this machine: the only ones that tools ask without TLS by themselves."""
    return host.partition(":")[0] in ("localhost", "127.0.0.1") or host.startswith("[::1]")


def _json(body: bytes, url: str) -> dict[str, Any]:
    try:
        found = orjson.loads(body)
    except orjson.JSONDecodeError:
        found = None
    if not isinstance(found, dict):
        raise SourceMissing(f"{hosts.shown(url)} answered with something else than a JSON object")
    return found

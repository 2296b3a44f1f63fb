"""Every forge the stand-in can be: its API and events, where the API is, and the headers of its deliveries."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Final

from deploy.local.forge import gitea
from deploy.local.forge.bitbucket import cloud, data_center
from deploy.local.forge.bitbucket import payloads as bitbucket
from deploy.local.forge.github import side as github
from deploy.local.forge.gitlab import side as gitlab
from deploy.local.forge.hooks import Delivery
from deploy.local.forge.state import Api


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of forge; ``headers`` signs an attempt of a delivery with a secret."""

    api: Callable[[], Api]
    path: str
    headers: Callable[[Delivery, str], Mapping[str, str]]


KINDS: Final[Mapping[str, Kind]] = {
    "github": Kind(github.GitHub, "/api/v3", github.headers),
    "gitlab": Kind(gitlab.GitLab, "/api/v4", gitlab.headers),
    "gitea": Kind(gitea.Gitea, "/api/v1", gitea.headers),
    "bitbucket": Kind(cloud.Cloud, "/2.0", bitbucket.cloud_headers),
    "bitbucket-data-center": Kind(data_center.DataCenter, "/rest", bitbucket.server_headers),
    "bitbucket-server": Kind(partial(data_center.DataCenter, old=True), "/rest", bitbucket.server_headers),
}
"""By the configuration's word; ``bitbucket-server`` is a Data Center from before 7.4, ``gitea`` sends no events."""

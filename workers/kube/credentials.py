"""Where the cluster is and who we are there: read by the `kubernetes` package, which knows every way to say it.

Nothing here talks to a cluster, except that a kubeconfig may name a program that fetches a token. The messages quote
no file contents, because a broken kubeconfig may hold a token on the very line that is broken.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import yaml
from kubernetes import client, config
from kubernetes.config import ConfigException

from workers.errors import AccessDenied, BadConfiguration

POOL_SIZE = 32
"""Connections kept open per cluster and process."""


def from_kubeconfig(path: Path | None, context: str | None) -> Any:
    """Return the ``Configuration`` of a kubeconfig's context.

    ``None`` means what kubectl would take: the file(s) of ``$KUBECONFIG`` or ``~/.kube/config``, and the current
    context. Raises :class:`BadConfiguration` naming the file.
    """
    file = str(path) if path else os.environ.get("KUBECONFIG") or str(Path("~/.kube/config").expanduser())
    if path and not path.is_file():
        raise BadConfiguration(f"there is no kubeconfig {path}: correct the cluster's kubeconfig", field="kubeconfig")
    loaded = _empty()
    try:
        config.load_kube_config(  # type: ignore[no-untyped-call]
            file, context=context, client_configuration=loaded, persist_config=False
        )
    except ConfigException as error:
        raise BadConfiguration(f"the kubeconfig {file} cannot be used: {error}", field="kubeconfig") from None
    except yaml.YAMLError as error:
        mark = error.problem_mark if isinstance(error, yaml.MarkedYAMLError) else None
        line = mark.line + 1 if mark else 0
        raise BadConfiguration("the kubeconfig is no YAML: correct it", file, line, "kubeconfig") from None
    except (OSError, ValueError, TypeError, AttributeError, KeyError) as error:
        raise BadConfiguration(
            f"the kubeconfig {file} cannot be read ({type(error).__name__}): correct it", field="kubeconfig"
        ) from None
    return loaded


def in_cluster() -> Any:
    """Return the ``Configuration`` of the pod we run in. Raises :class:`BadConfiguration` outside of one."""
    loaded = _empty()
    try:
        config.load_incluster_config(client_configuration=loaded)  # type: ignore[no-untyped-call]
    except (ConfigException, OSError) as error:
        raise BadConfiguration(
            f"Hookline does not run in a pod with a service account ({error}): name a kubeconfig instead",
            field="in_cluster",
        ) from None
    return loaded


def authorization(loaded: Any) -> str:
    """Return the Authorization header, renewed when the package says it is time; ``""`` with a client certificate.

    Raises :class:`AccessDenied` when it cannot be renewed.
    """
    try:
        header = (loaded.get_api_key_with_prefix("BearerToken") or "").strip()
    except (ConfigException, OSError, ValueError) as error:
        raise AccessDenied(
            f"the cluster's credentials cannot be renewed ({type(error).__name__}): see the kubeconfig's user, "
            "or the service account's token"
        ) from None
    if not (header.isascii() and header.isprintable()):
        raise AccessDenied("the cluster's token holds characters no token has: correct the kubeconfig's user")
    return str(header)


def _empty() -> Any:
    loaded = client.Configuration()
    loaded.connection_pool_maxsize = POOL_SIZE
    loaded.keep_alive = True  # a watch is quiet for long; without probes a dead peer is not noticed
    return loaded

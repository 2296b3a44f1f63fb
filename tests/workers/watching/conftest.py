"""The scripted API server serves here, too."""

from tests.workers.kube.conftest import kubeconfig, scripted_client, server

__all__ = ["kubeconfig", "scripted_client", "server"]

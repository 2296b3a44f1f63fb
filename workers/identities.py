"""Who plans are made as: an identity that can only read and dry-run, so that not our code alone keeps them harmless."""

from __future__ import annotations

from pathlib import Path

from pydantic import model_validator

from workers.groups import Group, SecretRef


class PlanIdentity(Group):
    """Who plans of a cluster's apps are made as (`docs/plans.md`): a kubeconfig context, a token, or a user whom the
    cluster's own credentials may impersonate. Without it, as the cluster's own credentials.
    """

    kubeconfig: Path | None = None
    """The kubeconfig file; with `context` alone, the cluster's."""
    context: str | None = None
    """The context in the kubeconfig; without it the current one."""
    token: SecretRef | None = None
    """A reference to a bearer token that is sent to the cluster's own server in place of its credentials."""
    user: str = ""
    """A user to impersonate, such as `system:serviceaccount:hookline:hookline-plans`."""
    groups: tuple[str, ...] = ()
    """The groups to impersonate with `user`; a service account's come by themselves."""

    @model_validator(mode="after")
    def _one_way(self) -> PlanIdentity:
        if sum(map(bool, (self.kubeconfig or self.context, self.token, self.user))) != 1:
            raise ValueError("expected one of: kubeconfig or context, token, user")
        if self.groups and not self.user:
            raise ValueError("groups are impersonated with a user only: add `user`")
        return self

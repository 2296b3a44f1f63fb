"""Refusals that are not about the object's shape: rights, quotas, webhooks and policies. Nothing here does I/O."""

from __future__ import annotations

import re

from workers.errors import AccessDenied, BadConfiguration, HooklineError, TransientError
from workers.kube.failures import Forbidden, Unanswered
from workers.kube.problems import Problem, tidy
from workers.kube.sentences import About, denied, refused
from workers.kube.status import Said

_RBAC = re.compile(
    r'User "(?P<user>[^"]*)" cannot (?P<verb>\S+)'
    r' (?:resource "(?P<resource>[^"]*)" in API group "(?P<group>[^"]*)"|path "(?P<path>[^"]*)")'
    r'(?: in the namespace "(?P<namespace>[^"]*)")?'
)
_DENIED = re.compile(r'admission webhook "(?P<hook>[^"]*)" denied the request(?:: (?P<words>.*))?', re.DOTALL)
_UNCALLED = re.compile(r'failed calling webhook "(?P<hook>[^"]*)"(?:: (?P<words>.*))?', re.DOTALL)
_DRY = re.compile(r'admission webhook "(?P<hook>[^"]*)" does not support dry run')
_POLICY = re.compile(r".*? is forbidden: (?P<words>ValidatingAdmissionPolicy '(?P<policy>[^']*)'.*)", re.DOTALL)
_FORBIDDEN = re.compile(r".*? is forbidden: (?P<words>.*)", re.DOTALL)
_ESCALATION = "attempting to grant RBAC permissions not currently held"


def by_admission(said: Said, about: About) -> HooklineError | None:
    """Return the error when a webhook or a policy was in the way; a webhook may choose any code for its refusal."""
    if dry := _DRY.match(said.message):
        return BadConfiguration(
            f'admission webhook "{dry["hook"]}" does not allow a dry run of {about}: '
            "its sideEffects must be None or NoneOnDryRun"
        )
    if hook := _DENIED.match(said.message):
        words = about.told(hook["words"] or "it gave no reason")
        return refused(about, [Problem("", words)], f'admission webhook "{hook["hook"]}"')
    if said.code >= 500 and (hook := _UNCALLED.search(said.message)):
        words = "" if about.secret else f" ({tidy(hook['words'] or 'no reason given')})"
        return Unanswered(
            f'{about}: the API server could not reach the admission webhook "{hook["hook"]}"{words}: '
            "trying again; see whether its pods run",
        )
    if policy := _POLICY.match(said.message):
        return refused(about, [Problem("", about.told(policy["words"]))], f'policy "{policy["policy"]}"')
    return None


def by_rights(said: Said, about: About) -> HooklineError:
    """Return the error of a 403: missing rights are the operator's; a quota or Pod Security is the author's."""
    if any(cause.reason == "NamespaceTerminating" for cause in said.causes):
        return TransientError(f"{about}: namespace {about.namespace} is being deleted: trying again when it is gone")
    if rbac := _RBAC.search(said.message):
        return _rbac(rbac, about)
    if _ESCALATION in said.message:
        rules = tidy(said.message.partition(":\n")[2])
        return Forbidden(
            f"forbidden: {about} grants rights that Hookline does not have itself ({rules}): "
            "give Hookline's service account these rights, or the verb escalate or bind"
        )
    words = found["words"] if (found := _FORBIDDEN.fullmatch(said.message)) else said.message
    return refused(about, [Problem("", tidy(words) if words.startswith("exceeded quota: ") else about.told(words))])


def _rbac(rbac: re.Match[str], about: About) -> AccessDenied:
    if rbac["user"] == "system:anonymous":
        return denied(f"the API server saw no credentials ({about.verb} {about})")
    what = ".".join(part for part in (rbac["resource"], rbac["group"]) if part) or rbac["path"]
    where = f"in namespace {rbac['namespace']}" if rbac["namespace"] else "in the whole cluster"
    return Forbidden(
        f'{about}: forbidden: cannot {rbac["verb"]} {what} {where} as user "{rbac["user"]}": '
        "give Hookline's service account that right"
    )

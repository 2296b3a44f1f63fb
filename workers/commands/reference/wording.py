"""What the reference pages say that no type, default or docstring does."""

from __future__ import annotations

from typing import Final

MADE: Final = "<!-- Made by `hookline docs {page}`: change the code, then print it again. -->"

MEANINGS: Final = {
    "edge.host": "The address the web process listens on; `0.0.0.0` stands for all of the machine's.",
    "edge.port": "The TCP port the web process listens on.",
    "catalog.folders": "The folders of app documents (`.yaml`, `.yml`, `.json`), read with everything below them.",
    "clusters.kubeconfig": "The kubeconfig file; without it what kubectl would take.",
    "clusters.context": "The context in the kubeconfig; without it the current one.",
    "clusters.in_cluster": "Use the service account of the pod that Hookline runs in. "
    "Without any `clusters` there is one, `in-cluster`, with this set.",
    "forges.kind": "Which API is spoken there.",
    "hooks.forge": "Which forge signs the deliveries of this hook.",
    "repositories.url": "The repository as app documents name it; every spelling of the same URL counts.",
    "issuers.issuer": "The `iss` claim of its tokens.",
    "issuers.audience": "What the `aud` claim of its tokens must name.",
    "issuers.algorithms": "How its tokens may be signed. A shared key (HS256) and key pairs do not mix.",
    "git.url": "The repository.",
    "sync.retry_first": "The wait after the first transient failure; it doubles from one attempt to the next.",
    "sync.retry_most": "The longest of those waits.",
    "log.level": "The least important line that is still written.",
}
"""What the fields mean whose definition does not say so itself."""

EXAMPLE: Final = """\
# hookline.yaml
url: https://hookline.example.com
data: /var/lib/hookline

edge:
  host: 0.0.0.0                # the default listens on 127.0.0.1 only
  port: 8080

redis:
  url: env:REDIS_URL           # left out: an embedded Redis in the data folder

catalog:
  folders: [apps]

clusters:
  production:                  # the first one is https://kubernetes.default.svc
    in_cluster: true
  staging:                     # destination.name: staging, or this destination.server
    server: https://staging.example.com:6443
    kubeconfig: kubeconfigs/staging
    context: hookline

hooks:
  main:                        # POST https://hookline.example.com/hooks/main
    forge: github
    secrets: [env:WEBHOOK_SECRET, env:WEBHOOK_SECRET_BEFORE]
    repositories: ["your-org/*"]
  lab:
    forge: gitlab
    signing_keys: [env:GITLAB_SIGNING_TOKEN]

forges:
  github.com:
    kind: github
    api: https://api.github.com
    token: env:GITHUB_TOKEN
  gitlab.com:
    kind: gitlab
    api: https://gitlab.com/api/v4
    token: env:GITLAB_TOKEN

repositories:                  # only where Git should clone from elsewhere
  - url: https://github.com/your-org/your-repo.git
    clone: https://mirror.example.com/your-repo.git

issuers:
  - issuer: hookline           # `hookline token` signs with this key
    key: env:HOOKLINE_TOKEN_KEY
  - issuer: https://token.actions.githubusercontent.com
    algorithms: [RS256]
    jwks: https://token.actions.githubusercontent.com/.well-known/jwks
    grants:
      - claims: {repository: "your-org/*", environment: production}
        scopes: [sync]
        apps: ["shop-*"]

audit:
  file: /var/log/hookline/audit.jsonl

sync:
  sweep_every: 60
  health_timeout: 600

health:                        # only for kinds that Hookline has no rule for; see docs/health.md
  folders: [checks]
  configmaps: [argocd-cm.yaml]

alerts:
  targets:
    chat:
      url: env:CHAT_URL        # such as slack://…, mailtos://…, pagerduty://… (apprise)
      projects: ["shop-*"]
    pager:
      url: file:/run/secrets/pager-url
      kinds: [sync failed, sync recovered, app degraded, app healthy again]

log:
  format: json
"""
"""A whole file, which a test reads."""

INTRODUCTION: Final = f"""\
# Configuration

{MADE.format(page="configuration")}

One YAML file: the one named with `--config`, else by `$HOOKLINE_CONFIG`, else `hookline.yaml` in the working folder.
`hookline check` says file, line and field of everything that is wrong. Relative paths of folders and of kubeconfig
files are resolved against the file's folder.

**Secrets** are never written into it. A *secret reference* says where one is: `env:NAME` for an environment variable,
`file:PATH` for a file (give the whole path: a relative one is looked up from where the process was started).

**The environment goes before the file**, field by field: the variable is named beside each. Lists and whole groups are
JSON (`HOOKLINE_CATALOG__FOLDERS='["apps"]'`). `<NAME>` stands for a key you chose; it becomes lower-case, so a key
with a capital letter, a dot or `__` in it can only be set in the file.

A process reads its configuration once, at its start: to change it, restart.

## An example

```yaml
{EXAMPLE}```
"""

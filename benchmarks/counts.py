"""What a sync asks of the API server, of Git and of the forge: counted, so the same on every machine."""

from __future__ import annotations

from benchmarks.figures import Figure, by_verb
from benchmarks.site import Site
from deploy.local.story import SERVICE, deployment

GROUP = "requests of one sync"
APPS = 10


def requests(site: Site) -> list[Figure]:
    """Return requests to the API server for each kind of sync of an app of two objects. Needs the watch to be off."""
    files: dict[str, str | None] = {"myapp/deployment.yaml": deployment(2), "myapp/service.yaml": SERVICE}
    kinds: list[tuple[str, dict[str, str | None]]] = [
        ("first, 2 objects created", files),
        ("no change to any object", {"myapp/deployment.yaml": deployment(2) + "# said otherwise\n"}),
        ("one object changed", {"myapp/deployment.yaml": deployment(3)}),
        ("one object removed", {"myapp/service.yaml": None}),
        ("not affected", {"README.md": "hello\n"}),
    ]
    return [_counted(site, name, files) for name, files in kinds]


def _counted(site: Site, name: str, files: dict[str, str | None]) -> Figure:
    """Count what a push asks of the API server until all is quiet again."""
    site.stack.rest()
    before = len(site.requests())
    site.green(site.push(files))
    site.stack.rest()
    verbs = site.requests()[before:]
    return Figure(GROUP, name, len(verbs), "requests", None, by_verb(verbs))


def shared(site: Site) -> list[Figure]:
    """Return Git fetches and forge writes of one push, for one app and for ten of one repository."""
    figures = _git_and_forge(site, ["myapp"], {"myapp/deployment.yaml": deployment(4)})
    names = ["myapp", *(f"app-{number}" for number in range(1, APPS))]
    for name in names[1:]:
        site.declare(name, f"apps/{name}")
    files: dict[str, str | None] = {f"apps/{name}/config.yaml": _config(name) for name in names[1:]}
    return figures + _git_and_forge(site, names, {**files, "myapp/deployment.yaml": deployment(5)})


def _git_and_forge(site: Site, names: list[str], files: dict[str, str | None]) -> list[Figure]:
    site.stack.rest()
    fetches, writes = len(site.forge.fetches), len(site.forge.statuses())
    commit = site.push(files)
    for name in names:
        site.green(commit, name)
    site.green_all(commit)
    site.stack.rest()
    many = f"{len(names)} app{'s' if len(names) > 1 else ''}"
    return [
        Figure(f"one push, {many}", "Git fetches", len(site.forge.fetches) - fetches, "fetches"),
        Figure(f"one push, {many}", "status writes", len(site.forge.statuses()) - writes, "writes"),
    ]


def _config(name: str) -> str:
    return f"apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {name}\ndata:\n  a: b\n"

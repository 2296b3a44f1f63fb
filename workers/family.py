"""Apps that are declared among the manifests of an app ("app of apps"): found, declared in their wave, waited for.

They are never applied to the cluster: the catalog is where declarations live, and these join it under their parent.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from workers.apps import App
from workers.declared import declared
from workers.documents import Document
from workers.errors import BadDeclaration, BadDocument
from workers.model import Outcome, Ref, Request, Verdict, Why
from workers.run import Run


def waves(declarations: Sequence[Document]) -> dict[int, list[Document]]:
    """Return the declarations by wave; what is no app comes with the first. Raises :class:`BadDocument`. Pure.

    A broken one is declared all the same, so that its fault is told under its own name.
    """
    found: dict[int, list[Document]] = {}
    others: list[Document] = []
    for document in declarations:
        try:
            one = declared(document)
        except BadDeclaration as error:
            raise BadDocument(str(error)) from None
        if isinstance(one, App):
            found.setdefault(one.wave, []).append(document)
        else:
            others.append(document)
    if others:
        found.setdefault(min(found, default=0), []).extend(others)
    return found


def name_of(document: Document) -> str:
    """Return what tells two declarations apart: kind, namespace and name. Pure."""
    metadata = document.value.get("metadata") or {}
    return f"{document.value.get('kind')}/{metadata.get('namespace', '')}/{metadata.get('name')}"


def declare(run: Run, so_far: Sequence[Document], later: Sequence[Document], *, prune: bool) -> None:
    """Make ``so_far`` what the app declares; what it declared before of ``later`` waves stays as it was.

    With ``prune``, everything else it declared before goes. Whoever is new or changed is asked for.
    """
    children = run.context.records.children
    ours, coming = {name_of(one) for one in so_far}, {name_of(one) for one in later}
    before = [one for one in children.of(run.app.name) if name_of(one) not in ours]
    kept = [one for one in before if name_of(one) in coming or not prune]
    if not children.save(run.app.name, [*so_far, *kept]):
        return
    index = run.context.catalog.refresh()
    digests = {name: app.digest for name, app in index.apps.items()}
    for name in run.context.records.declarations.declare(digests):
        now = run.context.records.clock()
        run.context.counter.accept(None, [Request(name, 0, Why.SWEEP, f"app {run.app.name}", now)])


def verdicts(run: Run, documents: Iterable[Document]) -> list[tuple[Ref, Verdict]]:
    """Say of each declared app how far it is; one that waits for a person is not waited for."""
    index = run.context.catalog.index()
    found = []
    for document in documents:
        one = declared(document)
        if isinstance(one, App):
            ref = Ref("", one.kind, "", one.name)
            found.append((ref, _verdict(run, index.apps.get(one.name, one))))
    return found


def _verdict(run: Run, app: App) -> Verdict:
    record = run.context.records.progress.app(app.name)
    if app.fault:
        return Verdict(done=True, ok=False, message=app.fault)
    if record.wanted > record.done or (not record.outcome and app.automated):
        return Verdict(done=False, ok=False, message="is not synced yet")
    if record.outcome == Outcome.FAILED:
        return Verdict(done=True, ok=False, message=record.text)
    return Verdict(done=True, ok=True, message="is synced")

"""What a Git server says it has. Pure."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Refs:
    """The refs of a server: full ref to commit, annotated tags peeled; ``head`` is the ref that HEAD points to."""

    commits: dict[str, str]
    head: str


def advertised(text: str) -> Refs:
    """Read what ``git ls-remote --symref`` prints. Pure."""
    pairs = [(name, what) for what, _, name in (line.partition("\t") for line in text.splitlines()) if name]
    found = {name: what for name, what in pairs if not what.startswith("ref: ")}
    head = next((what.removeprefix("ref: ") for name, what in pairs if name == "HEAD" and what.startswith("ref: ")), "")
    peeled = {name: found.get(f"{name}^{{}}", sha) for name, sha in found.items() if not name.endswith("^{}")}
    return Refs({name: sha for name, sha in peeled.items() if name != "HEAD"}, head)

"""A person's clone: write files, commit, push."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from deploy.local.forge.repository import git

AUTHOR = ("Ada", "ada@localhost")


class Checkout:
    """A work tree of the repository at ``url``, cloned into ``folder`` (made; must not exist) on ``branch``."""

    def __init__(self, url: str, folder: Path, branch: str = "main") -> None:
        self.folder = folder
        folder.parent.mkdir(parents=True, exist_ok=True)
        who = ("-c", f"user.name={AUTHOR[0]}", "-c", f"user.email={AUTHOR[1]}")
        git(folder.parent, "clone", "-q", "--template=", *who, url, str(folder))
        self.switch(branch)

    def switch(self, branch: str, start: str = "") -> None:
        """Work on ``branch``, made at ``start`` (default: here) when neither side has it."""
        refs = git(self.folder, "for-each-ref", "--format=%(refname)").splitlines()
        if f"refs/heads/{branch}" in refs:
            git(self.folder, "switch", "-q", branch)
        elif f"refs/remotes/origin/{branch}" in refs:
            git(self.folder, "switch", "-q", "-c", branch, "--no-track", f"origin/{branch}")
        elif start or any(ref.startswith("refs/heads/") for ref in refs):
            git(self.folder, "switch", "-q", "-c", branch, *([start] if start else []))
        else:
            git(self.folder, "symbolic-ref", "HEAD", f"refs/heads/{branch}")

    def commit(self, files: Mapping[str, str | None], message: str) -> str:
        """Write ``files`` (path to text; ``None`` deletes), commit them and return the new commit's id."""
        for path, text in files.items():
            file = self.folder / path
            if text is None:
                file.unlink()
            else:
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_text(text, encoding="utf-8", newline="")
        git(self.folder, "add", "--all")
        git(self.folder, "commit", "-q", "--allow-empty", "-m", message)
        return self.head

    @property
    def head(self) -> str:
        """The commit checked out."""
        return git(self.folder, "rev-parse", "HEAD")

    def push(self, *refs: str, force: bool = False) -> None:
        """Push ``refs`` (default: the branch checked out) to the forge."""
        git(self.folder, "push", "-q", *(["--force"] if force else []), "origin", *(refs or ("HEAD",)))

    def pull(self) -> str:
        """Take over what the forge's side of this branch has and return the commit."""
        branch = git(self.folder, "symbolic-ref", "--short", "HEAD")
        git(self.folder, "fetch", "-q", "origin", branch)
        git(self.folder, "reset", "-q", "--hard", "FETCH_HEAD")
        return self.head

    def revert(self, commit: str) -> str:
        """Commit the reverse of ``commit`` and return the new commit's id."""
        git(self.folder, "revert", "--no-edit", commit)
        return self.head

    def run(self, *arguments: str) -> str:
        """Run any other git command here and return what it printed."""
        return git(self.folder, *arguments)

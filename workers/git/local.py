"""Reads a folder on this machine as if it were a commit: what is in it now, committed or not.

The folder and its repository stay as they are: objects go to a repository of our own, and nothing of the folder's own
Git configuration (filters, hooks) is read.
"""

from __future__ import annotations

from pathlib import Path

import git

from workers.errors import SourceMissing
from workers.git import transport
from workers.git.trees import Tree

_NOBODY = {
    f"GIT_{who}_{what}": value
    for who in ("AUTHOR", "COMMITTER")
    for what, value in (("NAME", "hookline"), ("EMAIL", "hookline@localhost"), ("DATE", "1970-01-01T00:00:00Z"))
}


def tree(folder: Path, scratch: Path, url: str) -> Tree:
    """Return the files of the checkout that ``folder`` is in; ``scratch`` is an empty folder that outlives the tree.

    Files that a ``.gitignore`` names do not count, as they would not be committed. Raises :class:`SourceMissing`.
    """
    top = root(folder)
    try:
        repo = git.Repo.init(scratch, bare=True)
        own = git.Git(top)
        own.update_environment(**transport.environment(), **_NOBODY, GIT_DIR=str(scratch), GIT_WORK_TREE=str(top))
        own.add("--all", ".")
        commit = own.commit_tree(own.write_tree(), "-m", "a local folder")
    except git.GitCommandError as error:
        said = " ".join(str(error.stderr).split())[-200:]
        raise SourceMissing(f"{folder} cannot be read: {said}") from None
    return Tree(repo, url, str(commit))


def root(folder: Path) -> Path:
    """Return the top of the checkout that a folder is in, or the folder itself. Raises :class:`SourceMissing`."""
    here = folder.resolve()
    if not here.is_dir():
        raise SourceMissing(f"there is no folder {folder}: --path takes a checkout of the app's repository")
    return next((one for one in (here, *here.parents) if (one / ".git").exists()), here)

"""What merging a pull request would make of its repository, found without a work tree and without anything that stays.

The base is the branch's tip as Git says, the head exactly the commit that the forge named. Field facts: GitHub and
Gitea keep a pull request's commits at ``refs/pull/<n>/head``, GitLab at ``refs/merge-requests/<n>/head``, Bitbucket
Data Center at ``refs/pull-requests/<n>/from``; Bitbucket Cloud has no such refs, only the source branch.
git-merge-tree(1).
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Final

import git

from workers import revisions
from workers.errors import CommitGone, GitUnreachable, SourceMissing
from workers.git import completing, quarantine
from workers.git.mirror import Mirror
from workers.git.quarantine import Quarantine
from workers.git.trees import Tree
from workers.pull import Pull

MOST_NAMED: Final = 5
"""Files that a conflict names."""
_LONGEST: Final = 100
_HEADS: Final[Mapping[str, str]] = {
    "github": "refs/pull/{}/head",
    "gitea": "refs/pull/{}/head",
    "forgejo": "refs/pull/{}/head",
    "gitlab": "refs/merge-requests/{}/head",
    "bitbucket-data-center": "refs/pull-requests/{}/from",
}
_BRANCH: Final = re.compile(r"refs/heads/[^-/\s~^:?*\[\\\x00-\x20\x7f][^\s~^:?*\[\\\x00-\x20\x7f]{0,250}")
Reader = Callable[[], AbstractContextManager[tuple[Tree, Tree]]]
"""Gives the files before and after a merge to one thread."""
_HEAD, _BASE, _WANTED = "refs/pull/head", "refs/pull/base", "refs/pull/wanted"


@dataclass(frozen=True, slots=True)
class Merge:
    """``head`` merged into ``base``, both commits: the files before and after.

    ``after`` is ``None`` where they cannot be merged, and ``problem`` says why in a sentence. Both are for one thread.
    """

    head: str
    base: str
    before: Tree
    after: Tree | None
    made: Quarantine
    problem: str = ""

    @property
    def changes(self) -> bool:
        """Whether any file differs."""
        return self.after is None or self.after.object_id(".") != self.before.object_id(".")

    @contextlib.contextmanager
    def readers(self) -> Iterator[Reader]:
        """Yield what gives the files before and after to one thread at a time, for as long as the block runs.

        Each reader has child processes of git, so one that is free is given again.
        """
        free: list[tuple[Tree, Tree]] = []
        with contextlib.ExitStack() as stack:

            @contextlib.contextmanager
            def reader() -> Iterator[tuple[Tree, Tree]]:
                try:
                    trees = free.pop()
                except IndexError:
                    repo = stack.enter_context(contextlib.closing(self.made.reopened()))
                    trees = self.before.again(repo), (self.after or self.before).again(repo)
                yield trees
                free.append(trees)  # not after an error: nobody knows what was left unread

            yield reader


def head_of(kind: str, pull: Pull) -> str:
    """Return the ref at a forge of this kind that leads to a pull request's commits. Pure.

    Raises :class:`SourceMissing` where there is none.
    """
    if kind in _HEADS:
        return _HEADS[kind].format(int(pull.number))
    if pull.source and not pull.fork:
        return _checked(f"refs/heads/{pull.source.removeprefix('refs/heads/')}", pull)
    raise SourceMissing(f"{pull.place} comes from another repository, and this forge has no ref for it here: push it")


@contextlib.contextmanager
def merged(mirror: Mirror, kind: str, pull: Pull) -> Iterator[Merge]:
    """Yield the merge of a pull request at a forge of this ``kind``; its files can be read while the block runs.

    The mirror is only brought here where it is not there yet, and its lock is not held. ``pull.head`` "" is whatever
    the pull request's ref leads to. Raises as `Mirror.fetch` does, and :class:`SourceMissing` when the branch or the
    commit is not there, or is no good.
    """
    if not mirror.fetched_at():
        mirror.fetch(lambda: not mirror.fetched_at())
    with quarantine.opened(mirror) as made:
        head, base = _fetched(made, mirror, kind, pull)
        before: Tree = mirror.rules.put_into(mirror, Tree(made.repo, mirror.url, base), made)
        root, problem = _merged(made, mirror, pull, base, head)
        found = Tree(made.repo, mirror.url, head, root) if root else None
        after: Tree | None = mirror.rules.put_into(mirror, found, made) if found else None
        yield Merge(head, base, before, after, made, problem)


def _fetched(made: Quarantine, mirror: Mirror, kind: str, pull: Pull) -> tuple[str, str]:
    """Bring both commits to the quarantine, with one call where that is enough; return (head, base)."""
    ref = _checked(pull.ref, pull)
    if pull.head and not revisions.is_commit(pull.head):
        raise SourceMissing(f"{pull.place} has no head commit: its forge named {pull.head[:_LONGEST]!r}")
    asked = f"+{ref}:{_BASE}"
    try:
        made.fetch(asked, f"+{head_of(kind, pull)}:{_HEAD}")
    except (GitUnreachable, SourceMissing) as error:
        if "find remote ref" not in str(error):
            raise
        try:
            made.fetch(asked)
        except GitUnreachable:
            raise SourceMissing(f"{pull.place} would be merged into {ref}, which is not there") from None
    head, base = made.commit(pull.head or _HEAD), made.commit(_BASE)
    if not head and pull.head:
        with contextlib.suppress(CommitGone):
            made.fetch(f"+{pull.head}:{_WANTED}")
            head = made.commit(_WANTED)
    if not head:
        what = f"has moved on from {pull.head[:7]}" if pull.head else "is not there"
        raise CommitGone(f"{pull.place} {what}: {mirror.url} gives no such commit any more")
    return head, base


def _merged(made: Quarantine, mirror: Mirror, pull: Pull, base: str, head: str) -> tuple[str, str]:
    """Return the tree of the merge and "", or "" and why there is none."""
    completing.complete(made, base, head)
    try:
        code, out = made.run("merge-tree", "--write-tree", "-z", "--name-only", "--no-messages", base, head)
    except git.GitCommandError as error:
        if "unrelated histories" in str(error.stderr):
            return "", f"{head[:7]} cannot be merged into {_branch(pull)}: they have no commit in common"
        said = " ".join(str(error.stderr).replace("stderr:", "").split())[-200:]
        raise GitUnreachable(f"git did not merge {pull.place} of {mirror.url} ({said or 'it took too long'})") from None
    root, *files = filter(None, out.split("\0"))
    return ("", _conflict(pull, base, head, list(dict.fromkeys(files)))) if code else (root, "")


def _conflict(pull: Pull, base: str, head: str, files: list[str]) -> str:
    named = ", ".join(_shown(file) for file in files[:MOST_NAMED])
    more = f" and {len(files) - MOST_NAMED} more" if len(files) > MOST_NAMED else ""
    return f"{head[:7]} conflicts with {_branch(pull)} at {base[:7]} in {named}{more}: merge {_branch(pull)} into it"


def _shown(file: str) -> str:
    """Return a file's name in one line: whoever made the pull request chose it. Pure."""
    line = "".join(letter if letter.isprintable() else "?" for letter in file)
    return line if len(line) <= _LONGEST else f"{line[: _LONGEST - 1]}…"


def _branch(pull: Pull) -> str:
    return pull.ref.removeprefix("refs/heads/")


def _checked(ref: str, pull: Pull) -> str:
    """Return a full ref that git takes for one branch and nothing else."""
    odd = ".." in ref or "//" in ref or "@{" in ref or ref.endswith(("/", ".", ".lock")) or "/." in ref
    if odd or not _BRANCH.fullmatch(ref):
        raise SourceMissing(f"{pull.place} names {ref[:_LONGEST]!r}, which is no branch")
    return ref

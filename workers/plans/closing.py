"""What is left of a plan's comment when its pull request is no longer open. Pure."""

from __future__ import annotations

from workers.plans import dialects, markdown
from workers.pull import Made


def finished(made: Made, kind: str, merge: str, limit: int) -> str:
    """Return the one text that takes the place of a plan: what became of the pull request, and the plan in a fold.

    ``merge`` is the commit that merging it made, "" when it was closed unmerged. Where the plan does not fit any more,
    or the forge knows no folds, only its summary stays.
    """
    dialect = dialects.of(kind)
    what = f"merged as {dialect.code(merge[:7])}" if merge else "closed without being merged"
    text = f"## Plan: {what}\n\nThe last plan, of {dialect.code(made.head[:7])}: {markdown.plain(made.text)}\n"
    if not dialect.folds or not made.bodies:
        return text
    whole = f"{text}\n<details>\n<summary>What it said</summary>\n\n{made.bodies[0]}\n</details>\n"
    return whole if len(whole.encode()) <= limit else text

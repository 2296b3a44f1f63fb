"""A comment that approves. Pure."""

from __future__ import annotations

from dataclasses import dataclass

import orjson

COMMAND = "/hookline approve [APP]"
"""What a comment has to say, and nothing else."""


@dataclass(frozen=True, slots=True)
class Comment:
    """A person's word below pull request ``number`` or, where that is 0, commit ``revision``, not yet acted on.

    ``who`` is the person's name at the forge, ``person`` the forge's number for it, ``apps`` are those it is for.
    """

    delivery: str
    hook: str
    repository: str
    repository_id: str
    number: int
    revision: str
    who: str
    person: str
    apps: tuple[str, ...]
    at: float

    @property
    def place(self) -> str:
        """Where it stands, for people."""
        return f"{f'pull request {self.number}' if self.number else self.revision[:7]} of {self.repository}"


def decoded(text: str) -> Comment:
    """Read a comment back from its record."""
    value = orjson.loads(text)
    return Comment(**{**value, "apps": tuple(value["apps"])})

"""One comment of ours below a pull request, in as many parts as its text takes, edited in place.

Ours is what carries our hidden marker **and** is by our own user: a stranger may copy the marker, and is neither edited
nor believed. It is looked for before any part is made, so that a lost answer makes no second one; a part that somebody
deleted is made anew, and one too many is taken away.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Final

from workers.errors import OperatorError
from workers.forges import asking, http, notes, selves
from workers.forges.asking import Ask
from workers.forges.notes import Note

if TYPE_CHECKING:
    import httpx2

    from workers.forges.account import Account
    from workers.pull import Pull

Admit = Callable[[], None]
"""Called before each write; raises what keeps it from being sent now."""
_RIGHT: Final = "the right to comment on pull requests"


def put(
    account: Account,
    client: httpx2.Client,
    pull: Pull,
    marker: str,
    bodies: Sequence[str],
    known: Sequence[str] = (),
    admit: Admit = lambda: None,
) -> tuple[str, ...]:
    """Make our comment say ``bodies``, one part each, and return the ids of the parts in order.

    Each body must fit :func:`workers.forges.limits.comment`. ``known`` are the ids that an earlier call returned, which
    saves looking for them. Nothing is written where the text is there already. Raises as :func:`workers.forges.write`,
    and what ``admit`` raises; what was written by then stays, and the next call goes on from there.
    """
    parts = {number: notes.written(account.kind, marker, number, body) for number, body in enumerate(bodies, 1) if body}
    ours = _ours(account, client, pull, marker, known, len(parts))
    kept: dict[int, Note] = {}
    for part, note in ours:
        kept.setdefault(part, note)
    ids = tuple(_true(account, client, pull, kept.get(part), text, admit) for part, text in parts.items())
    for _, note in ours:
        if note.id not in ids:
            _delete(account, client, pull, note, admit)
    return ids


def remove(
    account: Account,
    client: httpx2.Client,
    pull: Pull,
    marker: str,
    known: Sequence[str] = (),
    admit: Admit = lambda: None,
) -> None:
    """Take our comment away, all its parts; one that is gone already is no trouble. Raises as :func:`put`."""
    for _, note in _ours(account, client, pull, marker, known, len(known) or 1):
        _delete(account, client, pull, note, admit)


def _ours(
    account: Account, client: httpx2.Client, pull: Pull, marker: str, known: Iterable[str], count: int
) -> list[tuple[int, Note]]:
    """Our parts, the oldest first: those that are known, or all that can be found when one of ``count`` is missing."""
    me = selves.of(account, client)

    def sifted(found: Iterable[Note | None]) -> list[tuple[int, Note]]:
        mine = [(notes.part_of(account.kind, marker, note.text), note) for note in found if note]
        return sorted(
            ((part, note) for part, note in mine if part and me.wrote(note.author)), key=lambda one: int(one[1].id)
        )

    ours = sifted(_read(account, client, pull, number) for number in dict.fromkeys(known))
    if {part for part, _ in ours} >= set(range(1, count + 1)):
        return ours
    look = asking.all_at_once if account.kind in ("gitea", "forgejo") else asking.listed
    listed = look(account, client, notes.list_path(account.kind, pull), _ask(pull))
    seen = {note.id: note for _, note in ours}
    for entry in listed.entries:
        if note := notes.read(account.kind, entry, pull):
            seen.setdefault(note.id, note)
    return sifted(seen.values())


def _read(account: Account, client: httpx2.Client, pull: Pull, number: str) -> Note | None:
    if not notes.ID.fullmatch(number):
        return None
    found = asking.asked(account, client, notes.one_path(account.kind, pull, number), _ask(pull))
    return notes.read(account.kind, found, pull) if found else None


def _true(account: Account, client: httpx2.Client, pull: Pull, note: Note | None, text: str, admit: Admit) -> str:
    """Make one part say ``text`` and return its id."""
    if note is not None and notes.says(note, text):
        return note.id
    admit()
    if note is not None:
        answer = http.send(account, client, notes.edit(account.kind, pull, note, text))
        if answer.code not in asking.GONE:
            asking.one(account, answer, _ask(pull))
            return note.id
        admit()
    made = asking.done(account, client, notes.create(account.kind, pull, text), _ask(pull))
    if type(made.get("id")) is not int:
        raise OperatorError(f"{account.host} did not answer with a comment: check `api`")
    return str(made["id"])


def _delete(account: Account, client: httpx2.Client, pull: Pull, note: Note, admit: Admit) -> None:
    admit()
    answer = http.send(account, client, notes.delete(account.kind, pull, note))
    if answer.code not in (200, 202, 204, *asking.GONE):
        asking.one(account, answer, _ask(pull))


def _ask(pull: Pull) -> Ask:
    return Ask(f"a comment below {pull.place}", _RIGHT)

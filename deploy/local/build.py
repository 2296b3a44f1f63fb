"""Builds the control plane's binaries with Go into the cache: whole or not at all, and never twice at once."""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import signal
import subprocess
import tempfile
import threading
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from deploy.local import toolchain
from deploy.local.binaries import (
    STAGES,
    Binaries,
    Recipe,
    cache_folder,
    flags,
    folder_of,
    locate,
    stages_of,
    tagged,
    wanted,
)
from deploy.local.processes import tied
from deploy.local.progress import Progress
from workers.errors import OperatorError

KEPT_LINES = 25
TICK = 0.5

ADVICE = (
    ("no space left", "free some disk: the build needs about 6 GB in Go's caches and the temporary folder"),
    ("signal: killed", "it ran out of memory: set GOMAXPROCS=1 to compile one package at a time"),
    ("checksum mismatch", "what was downloaded is not what go.sum names: do not go on, look at GOPROXY"),
    ("missing go.sum entry", "go.mod and go.sum do not belong together: run `go mod tidy` in the folder"),
    ("dial tcp", "the Go module proxy cannot be reached: check the network, or set GOPROXY"),
    ("proxyconnect", "the HTTP proxy cannot be reached: check HTTPS_PROXY, or set GOPROXY"),
    ("i/o timeout", "the Go module proxy is too slow: try again, or set GOPROXY"),
)


class BuildFailed(OperatorError):
    """Go refused; the message has its last lines and what to do. Nothing half-built is left in the cache."""


def ensure(progress: Progress | None = None, environ: Mapping[str, str] = os.environ) -> Binaries:
    """Return where all binaries are, after building what the cache does not have.

    Takes some 8 minutes on 2 cores the first time and milliseconds afterwards. Raises :class:`BuildFailed`,
    :class:`deploy.local.toolchain.NoToolchain` or :class:`workers.errors.BadConfiguration`.
    """
    cache = cache_folder(environ)
    for recipe in wanted(environ):
        build(recipe, cache, progress or Progress(), environ)
    return locate(environ)


def ensure_alone(recipe: Recipe, progress: Progress | None = None, environ: Mapping[str, str] = os.environ) -> Path:
    """Return the folder of what is no part of a control plane, after building it when the cache does not have it.

    Takes some minutes on 2 cores the first time. Raises what :func:`ensure` raises.
    """
    return build(recipe, cache_folder(environ), progress or Progress(), environ)


def build(recipe: Recipe, cache: Path, progress: Progress, environ: Mapping[str, str] = os.environ) -> Path:
    """Build one recipe unless the cache has it, and return its folder.

    The folder appears under its final name in one step, when all is in it; a second builder waits for the first.
    """
    final = folder_of(recipe, cache)
    if final.is_dir():
        return final
    final.parent.mkdir(parents=True, exist_ok=True)
    with _lock(final.parent / f"{recipe.name}.lock", recipe.name, progress):
        if final.is_dir():
            return final
        for leftover in final.parent.glob(f".{recipe.name}-*"):  # of a builder that was killed; we have the lock
            shutil.rmtree(leftover)
        go = toolchain.find(toolchain.required((recipe.source / "go.mod").read_text("utf-8")), environ)
        work = Path(tempfile.mkdtemp(prefix=f".{recipe.name}-", dir=final.parent))
        try:
            _build_into(work, recipe, go, progress, toolchain.environment(environ))
            work.rename(final)
        finally:
            shutil.rmtree(work, ignore_errors=True)
    return final


def _build_into(work: Path, recipe: Recipe, go: toolchain.Go, progress: Progress, env: dict[str, str]) -> None:
    packages = [package for _, package in recipe.commands]
    with progress.step(f"{recipe.name}: downloading modules"):
        command = [*go.command, "list", *tagged(recipe), "-deps", *packages]
        listed = _run(command, recipe, env, progress, "modules downloaded")
    total = len(listed.splitlines())
    names = ", ".join(name for name, _ in recipe.commands)
    with progress.step(f"{recipe.name}: building {names} with {go}"):
        # A folder as target takes several commands at once, and names each after its package.
        target = f"{work}{os.sep}" if len(packages) > 1 else str(work / recipe.commands[0][0])
        command = [*go.command, "build", "-v", *flags(recipe), "-o", target, *packages]
        _run(command, recipe, env, progress, f"of {total} packages compiled")
        for name, package in recipe.commands if len(packages) > 1 else ():
            (work / _named_by_go(package)).rename(work / name)
    if recipe.copied:
        module = _run([*go.command, "list", "-m", "-f", "{{.Dir}}", recipe.copied], recipe, env, progress, "")
        _copy(Path(module.strip()), recipe.folders, work)


def _named_by_go(package: str) -> str:
    """Return the name of a command's binary where the command line gives none: that of its folder, or of the folder
    above it when that is a major version (Go command reference, "Compile packages and dependencies")."""
    above, _, last = package.rpartition("/")
    return above.rpartition("/")[2] if re.fullmatch(r"v\d+", last) else last


def _copy(module: Path, folders: Sequence[str], work: Path) -> None:
    """Copy what is used of a module that is no Go; Go's own copy cannot be written to, ours can be removed."""
    if not folders:
        (work / STAGES).write_text(stages_of(module), "utf-8")
    for name in folders:
        shutil.copytree(module / name, work / name, copy_function=shutil.copyfile)
        for folder, _, _ in os.walk(work / name):
            Path(folder).chmod(0o755)


def _run(command: Sequence[str], recipe: Recipe, env: dict[str, str], progress: Progress, what: str) -> str:
    """Run Go in the recipe's folder and return its standard output; each line of its standard error is one step."""
    tail: deque[str] = deque(maxlen=KEPT_LINES)
    steps = 0

    def follow() -> None:
        nonlocal steps
        for line in process.stderr or ():
            steps += 1
            tail.append(line.rstrip())

    with (
        tempfile.TemporaryFile("w+") as output,
        subprocess.Popen(
            tied(signal.SIGINT, command),
            cwd=recipe.source,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
        ) as process,
    ):
        reader = threading.Thread(target=follow, daemon=True)
        reader.start()
        try:
            while reader.is_alive():
                reader.join(TICK)
                progress.tick(f"{steps} {what}")
            status = process.wait()
        except BaseException:
            process.send_signal(signal.SIGINT)  # Go removes its temporary folder on this one
            raise
        if status:
            raise BuildFailed(failure(recipe, command, list(tail)))
        output.seek(0)
        return output.read()


def failure(recipe: Recipe, command: Sequence[str], tail: Sequence[str]) -> str:
    """Return the message of a failed build: what failed, Go's last lines, what to do."""
    text = "\n".join(tail)
    advice = next((advice for sign, advice in ADVICE if sign in text), "run the command there to see it all")
    lines = "\n".join(f"    {line}" for line in tail) or "    (Go said nothing)"
    return f"{recipe.name} cannot be built: {advice}.\nIn {recipe.source}: {' '.join(command)}\n{lines}"


@contextmanager
def _lock(file: Path, name: str, progress: Progress) -> Iterator[None]:
    """Hold an exclusive lock, which the kernel drops when this process dies; says so when it has to wait."""
    with file.open("a") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            progress.say(f"{name}: another process is building it; waiting")
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield

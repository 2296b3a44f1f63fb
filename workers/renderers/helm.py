"""``helm template`` as a child process: bounded, without our environment, on a copy of the chart without links.

Dependencies come from the chart's ``charts`` folder, or with the plan: nothing is downloaded.
"""

from __future__ import annotations

import functools
import hashlib
import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from workers.errors import BadConfiguration, RenderFailed
from workers.git import trees
from workers.git.trees import Tree
from workers.given import NO_KEYS, Keys
from workers.renderers import charts, child, scratch, sops
from workers.renderers.planned import Plan
from workers.renderers.valuefiles import File

MOST_WORDS: Final = 700
"""How much of helm's complaint is passed on: where it begins, and what it ends with."""
_MISSING: Final = re.compile(r"missing in charts/ directory: (?P<names>.*)")


def key(made: Plan, configured: str) -> str:
    """Return a digest of everything the result depends on; ``configured`` is the setting that names helm."""
    version = made.version if made.counts[0] else ""
    texts = [version_of(configured), made.chart, made.tree, made.release, made.namespace, made.inline, version]
    texts += [repr([(file.shown, str(file.blob.hexsha)) for file in made.values]), repr(made.sets), repr(made.flags)]
    texts += [
        repr([(name, file.shown, str(file.blob.hexsha)) for name, file in made.files]),
        repr(made.counts),
        repr(made.bare),
    ]
    texts += [f"{name}={files.revision}" for name, files in made.depends]
    return hashlib.sha256("\0".join(texts).encode()).hexdigest()


def build(tree: Tree, made: Plan, configured: str, keys: Keys = NO_KEYS) -> bytes:
    """Run ``helm template``; it may read nothing but what was planned, and fetch nothing.

    Value files and file parameters are decrypted with ``keys``; then all of it happens in memory. Raises
    :class:`RenderFailed` with the tool's own words, unless those may hold what was decrypted,
    :class:`BadConfiguration` where there is no helm, and as `workers.renderers.sops.opened`.
    """
    stored = {file: trees.content(file.blob) for file in (*made.values, *(file for _, file in made.files))}
    clear = {file: sops.opened(content, file.shown, keys) for file, content in stored.items()}
    secret = made.secret or clear != stored
    with scratch.folder(in_memory=secret) as root:
        (root / "home").mkdir()
        shown = made.chart or "the root"
        charts.write(tree.folder(made.chart), made.chart, root / "chart")
        for name, files in made.depends:
            charts.write(files.folder("."), f"charts/{name}", root / "chart" / "charts" / name)
        if made.bare:
            (root / "chart" / "values.yaml").write_bytes(b"")
        said, names = _said(made, root / "home", clear)
        own = {f"HELM_{name}_HOME": str(root / "home" / name.lower()) for name in ("CACHE", "CONFIG", "DATA")}
        own |= {"HELM_PLUGINS": str(root / "home" / "plugins"), "KUBECONFIG": str(root / "home" / "kubeconfig")}
        arguments = [binary(configured), "template", *said, "--", made.release, str(root / "chart")]
        done = child.run("helm", shown, arguments, root, own)
        if done.code and secret:
            raise RenderFailed(f"helm refused {shown}: {scratch.KEPT_BACK}")
        if done.code:
            raise RenderFailed(f"helm refused {shown}: {_words(done.said, root, names)}")
        return done.output


def _said(made: Plan, home: Path, clear: Mapping[File, bytes]) -> tuple[list[str], dict[str, str]]:
    """Write the files below ``home``; return the flags that name them, and what they are called in messages."""
    said = ["--namespace", made.namespace or "default", *made.flags]
    names: dict[str, str] = {}

    def written(name: str, shown: str, content: bytes) -> str:
        place = home / name
        place.write_bytes(content)
        names[str(place)] = shown
        return str(place)

    for at, file in enumerate(made.values):
        said += ["--values", written(f"{at}.yaml", file.shown, clear[file])]
    if made.inline:
        said += ["--values", written("inline.yaml", "the app's own values", made.inline.encode())]
    said += [word for pair in made.sets for word in pair]
    for at, (name, file) in enumerate(made.files):
        said += ["--set-file", f"{name}={written(f'parameter-{at}', file.shown, clear[file])}"]
    said += ["--kube-version", made.version] if made.version else []
    said += ["--api-versions", ",".join(made.apis)] if made.apis else []
    return said, names


def _words(said: str, root: Path, names: dict[str, str]) -> str:
    """Return helm's complaint in one line, without our paths, with advice where nothing of it says what to do."""
    if missing := _MISSING.search(said):
        return (
            f"the dependencies {missing['names'].strip()} are not in its charts folder: run `helm dependency build` "
            "and commit Chart.lock, or the folder for what is in no repository"
        )
    for place, shown in names.items():
        said = said.replace(place, shown)
    said = said.replace(f"{root / 'chart'}/", "").replace(str(root / "chart"), ".").replace(str(root), ".")
    words = " ".join(said.replace("Use --debug flag to render out invalid YAML", "").split())
    words = words.removeprefix("Error: ")
    return words if len(words) <= MOST_WORDS else f"{words[: MOST_WORDS // 3]} … {words[-MOST_WORDS // 2 :]}"


def binary(configured: str) -> str:
    """Return the path of helm. Raises :class:`BadConfiguration` saying where it was looked for."""
    said = configured or os.environ.get("HELM", "")
    found = shutil.which(said or "helm")
    if found is None:
        where = f"{said} cannot be run" if said else "no helm on the PATH"
        raise BadConfiguration(f"this app is a chart and there is {where}: install Helm 4 or 3, or set `helm` or $HELM")
    return found


def version_of(configured: str) -> str:
    """Return the version of helm, asked once for each binary. Raises :class:`BadConfiguration`."""
    path = binary(configured)
    return _asked(path, Path(path).stat().st_mtime_ns)


@functools.lru_cache(maxsize=8)
def _asked(path: str, changed: int) -> str:
    """Ask a binary for its version, once."""
    del changed
    try:
        done = subprocess.run(
            [path, "version", "--template", "{{.Version}}"],
            env={"HOME": "/nonexistent"},
            capture_output=True,
            timeout=30,
            check=True,
        )
    except (OSError, subprocess.SubprocessError) as error:
        kind = type(error).__name__
        raise BadConfiguration(f"{path} does not tell its version ({kind}): is it Helm 4 or 3?") from None
    return done.stdout.decode(errors="replace").strip()

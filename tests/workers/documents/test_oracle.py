"""YAML is read as Kubernetes reads it: every answer is compared with kubectl's."""

from __future__ import annotations

import json
import os
import subprocess
import sysconfig
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.workers.documents.corpus import COLLECTIONS, FILES, HEAD, SCALARS, TAGGED
from workers import documents
from workers.errors import BadDocument

KUBECTL = Path(sysconfig.get_path("scripts")) / "kubectl"
REFUSED = "refused"

DELIBERATE = {
    "no name": "kubectl leaves a missing name to the API server; we name file and line before asking it",
    "no apiVersion": "kubectl lets it pass here and fails later without naming the file",
    "list in list": "kubectl refuses it; every item in it is a complete object, so we take it",
}
"""Files we judge differently, and why."""


def oracle(path: Path) -> Any:
    """What kubectl reads: a list of objects, or that it refuses."""
    done = subprocess.run(
        [KUBECTL, "annotate", "--local", "-f", path, "oracle=1", "-o", "json"],
        capture_output=True,
        text=True,
        env={**os.environ, "KUBECONFIG": os.devnull, "HOME": str(path.parent)},
        check=False,
    )
    if done.returncode:
        # A file without any object is no error for us: there is nothing to apply.
        return [] if "no objects passed" in done.stderr else REFUSED
    decoder, rest = json.JSONDecoder(), done.stdout.strip()
    found: list[Any] = []
    while rest:
        value, end = decoder.raw_decode(rest)
        found += value["items"] if value.get("kind") == "List" else [value]
        rest = rest[end:].strip()
    for value in found:
        del value["metadata"]["annotations"]["oracle"]
        if not value["metadata"]["annotations"]:
            del value["metadata"]["annotations"]
    return found


def ours(text: bytes) -> Any:
    """What we read, as the oracle says it."""
    try:
        return [document.value for document in documents.objects(documents.read(text, "f.yaml"))]
    except BadDocument:
        return REFUSED


def is_same(one: Any, other: Any) -> bool:
    """Equal in value and in type: 1 is not true, and "1" is not 1; an integral float is an integer in JSON."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(is_same(one[key], other[key]) for key in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(is_same, one, other))
    if (
        isinstance(one, int | float)
        and isinstance(other, int | float)
        and not isinstance(one, bool | None)
        and not isinstance(other, bool)
    ):
        return float(one) == float(other) and (isinstance(one, int) == isinstance(other, int) or abs(one) >= 2**53)
    return type(one) is type(other) and one == other


def thing(value: str) -> str:
    """A file whose one value of interest is ``value``."""
    return f"{HEAD}spec:\n  v: {value}\n"


def compare(texts: Sequence[bytes], folder: Path) -> list[tuple[bytes, Any, Any]]:
    """Ask both about every text; return where they differ. Two kubectl at a time: it takes a tenth of a second."""
    paths = []
    for number, text in enumerate(texts):
        paths.append(folder / f"{number}.yaml")
        paths[-1].write_bytes(text)
    with ThreadPoolExecutor(3) as pool:
        answers = list(pool.map(oracle, paths))
    mine = [ours(text) for text in texts]
    return [
        (text, theirs, own) for text, theirs, own in zip(texts, answers, mine, strict=True) if not is_same(theirs, own)
    ]


def batched(values: Sequence[str], folder: Path) -> list[tuple[bytes, Any, Any]]:
    """Compare values many to a file; whatever is in a file that differs or is refused is then asked about alone."""
    groups = [values[start : start + 12] for start in range(0, len(values), 12)]
    files = ["".join(f"---\n{thing(value)}" for value in group).encode() for group in groups]
    paths = [folder / f"batch-{number}.yaml" for number in range(len(files))]
    for path, text in zip(paths, files, strict=True):
        path.write_bytes(text)
    with ThreadPoolExecutor(3) as pool:
        answers = list(pool.map(oracle, paths))
    doubtful = [
        value
        for group, text, theirs in zip(groups, files, answers, strict=True)
        if theirs == REFUSED or not is_same(theirs, ours(text))
        for value in group
    ]
    return compare([thing(value).encode() for value in doubtful], folder)


def shown(found: list[tuple[bytes, Any, Any]]) -> str:
    """Write differences for a person."""
    return "\n".join(
        f"{text.decode('utf-8', 'replace')[-120:]!r}\n  kubectl {theirs}\n  ours    {own}"
        for text, theirs, own in found
    )


def test_scalars(tmp_path: Path) -> None:
    """Booleans, octals, sexagesimals, dates, exponents, `=`, `~`, infinities, units, words."""
    assert len({*SCALARS, *TAGGED, *COLLECTIONS, *FILES}) > 400
    found = batched(SCALARS, tmp_path)
    assert not found, shown(found)


def test_tagged_values(tmp_path: Path) -> None:
    """Explicit tags, known and unknown, kept and broken."""
    found = batched(TAGGED, tmp_path)
    assert not found, shown(found)


def test_collections(tmp_path: Path) -> None:
    """Keys of every type, duplicates, anchors, aliases, merges."""
    found = batched(COLLECTIONS, tmp_path)
    assert not found, shown(found)


def test_files(tmp_path: Path) -> None:
    """Separators, directives, line ends, byte order marks, block styles, lists, JSON, and what is broken."""
    found = compare([text.encode() for text in FILES.values()], tmp_path)
    known = {FILES[name].encode() for name in DELIBERATE}
    surprising = [row for row in found if row[0] not in known]
    assert not surprising, shown(surprising)


WORDS = st.lists(
    st.text(alphabet="0123456789yesnotruefalsNULLxXobBeE+-_.:~<>=i", min_size=1, max_size=8), min_size=120, max_size=120
)


@settings(max_examples=4, deadline=None, suppress_health_check=list(HealthCheck))
@given(words=WORDS)
def test_random_plain_scalars(tmp_path_factory: pytest.TempPathFactory, words: list[str]) -> None:
    """Words made of everything that can look like a number, a boolean or a date."""
    found = batched([word for word in words if is_delimited(word)], tmp_path_factory.mktemp("words"))
    assert not found, shown(found)


def is_delimited(word: str) -> bool:
    """Whether YAML reads the word as one plain scalar at all."""
    return not word.startswith((">", "- ", ":", "-:")) and not word.endswith(":") and word not in ("-", "---")


def test_deliberate_differences_are_differences(tmp_path: Path) -> None:
    """The table above holds nothing that is not so."""
    differing = {text for text, _, _ in compare([FILES[name].encode() for name in DELIBERATE], tmp_path)}
    assert differing == {FILES[name].encode() for name in DELIBERATE}

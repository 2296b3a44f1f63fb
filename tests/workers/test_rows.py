"""What an inventory's ConfigMap holds: readable while short, packed when long, refused when no packing helps."""

from __future__ import annotations

import base64
import gzip
import json
import random
import string
from typing import Any

import pytest

from workers import inventory, rows
from workers.apps import App
from workers.errors import AuthorError
from workers.model import Ref

LETTERS = string.ascii_lowercase + string.digits
APP = App(name="myapp", url="u", path="p", revision="main", file="a.yaml", namespace="home")


def _refs(count: int, length: int, namespaces: int = 1) -> dict[Ref, str]:
    draw = random.Random(count * length)  # noqa: S311 -- the same names every time
    return {
        Ref("", "ConfigMap", f"{number % namespaces:063}", "".join(draw.choices(LETTERS, k=length))): "v1"
        for number in range(count)
    }


@pytest.mark.parametrize(("count", "length"), [(0, 1), (3, 5), (5000, 40), (5000, 253)])
def test_what_is_written_is_read_again_and_fits(count: int, length: int) -> None:
    """The longest names there are, and of the worst kind, still fit 5,000 times."""
    refs = _refs(count, length)
    made = rows.written(refs)
    size = sum(len(value) for value in made.get("data", {}).values())
    size += sum(len(base64.b64decode(value)) for value in made.get("binaryData", {}).values())
    assert size <= rows.MOST_BYTES
    assert rows.read(made) == refs
    assert ("data" in made) is (count < 100)


def test_a_packed_list_can_be_read_with_gzip() -> None:
    """By a person: ``kubectl get … | base64 -d | gunzip``; and the same list is the same bytes."""
    refs = _refs(5000, 40)
    made = rows.written(refs)
    text = gzip.decompress(base64.b64decode(made["binaryData"][rows.PACKED]))
    assert sorted(json.loads(text)) == sorted([*ref, version] for ref, version in refs.items())
    assert rows.written(dict(reversed(refs.items()))) == made


def test_an_older_list_that_is_long_and_not_packed_is_read() -> None:
    """Older versions wrote it so."""
    refs = _refs(5000, 40)
    text = json.dumps([[*ref, version] for ref, version in refs.items()])
    assert rows.read({"data": {rows.PLAIN: text}}) == refs


BOMB = base64.b64encode(gzip.compress(b"[" + b" " * (65 * 1024 * 1024))).decode()


@pytest.mark.parametrize(
    "made",
    [
        {"data": {"inventory": "[["}},
        {"data": {"inventory": "[[1, 2]]"}},
        {"data": {"inventory": "5"}},
        {"binaryData": {"inventory.gz": "!"}},
        {"binaryData": {"inventory.gz": base64.b64encode(b"no gzip").decode()}},
        {"binaryData": {"inventory.gz": base64.b64encode(gzip.compress(b"[]")[:-9]).decode()}},
        {"binaryData": {"inventory.gz": BOMB}},
    ],
    ids=["cut", "short row", "no list", "no base64", "no gzip", "cut gzip", "bomb"],
)
def test_what_is_no_list_is_refused(made: dict[str, Any]) -> None:
    """Somebody edited it, or means harm."""
    with pytest.raises(ValueError, match="inventory"):
        rows.read(made)


def test_nothing_of_ours_is_not_an_empty_list() -> None:
    """kubectl's ApplySets have no data."""
    assert rows.read({}) is None
    assert rows.read({"data": {"inventory": "[]"}}) == {}


def test_more_objects_than_a_configmap_can_name_are_refused_with_what_to_do() -> None:
    """Said before anything is written, because the inventory comes first."""
    with pytest.raises(AuthorError, match=r"app myapp has 9000 objects, too many for one inventory.*split the app"):
        inventory.manifest(APP, _refs(9000, 253))
    with pytest.raises(AuthorError, match=r"namespaces and kinds.*split the app"):
        inventory.manifest(APP, _refs(5000, 5, namespaces=5000))

"""What apps declare among their manifests: documents by parent, and a count that tells when they changed."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import orjson
import redis

from workers.documents import Document
from workers.errors import RecordsUnavailable
from workers.records.keys import Client, key


class Children:
    """Declarations found in apps. Reading the version is one GET; the rest is read only when it changed."""

    def __init__(self, client: Client) -> None:
        self._redis = client

    def version(self) -> int:
        """Return how often anything here changed. Raises :class:`RecordsUnavailable`."""
        with _answering():
            return int(self._redis.get(key("children", "version")) or 0)

    def all(self) -> dict[str, list[Document]]:
        """Return parent to what it declares. Raises :class:`RecordsUnavailable`."""
        with _answering():
            found: Mapping[str, str] = self._redis.hgetall(key("children"))
        return {parent: [_document(value) for value in orjson.loads(text)] for parent, text in found.items()}

    def of(self, parent: str) -> list[Document]:
        """Return what one app declares."""
        text = self._redis.hget(key("children"), parent)
        return [_document(value) for value in orjson.loads(text)] if text else []

    def save(self, parent: str, documents: Sequence[Document]) -> bool:
        """Make ``documents`` what an app declares; return whether that changed anything."""
        text = orjson.dumps([_plain(document) for document in documents]).decode()
        if text == (self._redis.hget(key("children"), parent) or "[]"):
            return False
        with self._redis.pipeline(transaction=True) as pipe:
            if documents:
                pipe.hset(key("children"), parent, text)
            else:
                pipe.hdel(key("children"), parent)
            pipe.incr(key("children", "version"))
            pipe.execute()
        return True


@contextlib.contextmanager
def _answering() -> Iterator[None]:
    try:
        yield
    except redis.RedisError as error:
        raise RecordsUnavailable(f"Redis did not say what apps declare ({type(error).__name__})") from error


def _plain(document: Document) -> dict[str, Any]:
    return {
        "value": document.value,
        "file": document.file,
        "line": document.line,
        "source": document.source.decode(errors="replace"),
        "offset": document.offset,
        "within": list(document.within),
    }


def _document(value: dict[str, Any]) -> Document:
    return Document(
        value["value"],
        value["file"],
        value["line"],
        value["source"].encode(),
        value["offset"],
        tuple(value["within"]),
    )

"""A file's bytes into documents: split the way Kubernetes splits, then parsed one by one."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, Final

from workers import bounds
from workers.documents import build, scalars
from workers.documents.document import Document
from workers.errors import BadDocument

SEPARATOR: Final = b"---"
MOST_BYTES: Final = 64 * 1024 * 1024
MOST_DOCUMENTS: Final = 100_000


def read(text: bytes, file: str) -> list[Document]:
    """Return the documents of a file; empty ones and those with comments only are left out.

    Raises :class:`BadDocument` with file and line.
    """
    if len(text) > MOST_BYTES:
        raise BadDocument(f"has more than {MOST_BYTES >> 20} MiB: split it", file)
    left = bounds.current()
    left.text(len(text))
    if text.lstrip(b" \t\r\n\v\f").startswith(b"{"):
        found = _json_stream(text, file)
        if found is not None:
            return found
    documents = []
    for number, (offset, chunk) in enumerate(split(text, file)):
        if number >= MOST_DOCUMENTS:
            raise BadDocument(f"has more than {MOST_DOCUMENTS} documents: split it", file, offset + 1)
        left.document()
        try:
            value, line = build.value(chunk)
        except build.Problem as error:
            raise BadDocument(str(error), file, offset + error.line + 1) from None
        if value is not None:
            documents.append(Document(value, file, offset + line + 1, chunk, offset))
    return documents


def split(text: bytes, file: str) -> Iterator[tuple[int, bytes]]:
    """Yield (lines before it, text) of every part between lines that begin with ``---``, before any parsing.

    So a ``---`` line inside a block scalar splits as well, and nothing but a comment may follow on its line.
    Raises :class:`BadDocument` otherwise.
    """
    begin, lines = 0, text.split(b"\n")
    kept: list[bytes] = []
    for number, line in enumerate(lines):
        line = line.removesuffix(b"\r")  # noqa: PLW2901 -- CRLF is a line end like any other
        if line.startswith(SEPARATOR):
            after = line[len(SEPARATOR) :].strip()
            if after and not after.startswith(b"#"):
                raise BadDocument("nothing but a comment may follow `---` on its line", file, number + 1)
            if kept:
                yield begin, b"\n".join(kept) + b"\n"
                begin, kept = number + 1, []
                continue
        kept.append(line)
    if kept and kept != [b""]:
        yield begin, b"\n".join(kept)


def _json_stream(text: bytes, file: str) -> list[Document] | None:
    """Read one JSON object after another; ``None`` when it is not JSON: then it may be YAML that begins with ``{``."""
    decoder = json.JSONDecoder(parse_constant=_no_constant, object_pairs_hook=dict)
    try:
        rest, at = text.decode(), 0
        found = []
        while at < len(rest):
            if rest[at].isspace():
                at += 1
                continue
            value, end = decoder.raw_decode(rest, at)
            line = rest.count("\n", 0, at)
            if value is not None:
                bounds.current().document()
                found.append(Document(value, file, line + 1, rest[at:end].encode(), line))
            at = end
    except (ValueError, RecursionError):
        return None
    try:
        return [replace(document, value=_numbers(document.value)) for document in found]
    except ValueError as error:
        raise BadDocument(str(error), file, found[0].line) from None


def _no_constant(name: str) -> Any:
    raise ValueError(name)


def _numbers(value: Any) -> Any:
    """Turn numbers into what Kubernetes makes of them."""
    if isinstance(value, dict):
        return {key: _numbers(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_numbers(item) for item in value]
    if isinstance(value, int | float) and not isinstance(value, bool):
        return scalars.as_json(value)
    return value

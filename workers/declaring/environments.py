"""The environment that an app's annotations name, for the deployments that GitHub and GitLab show."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlsplit

from workers.declaring import faults
from workers.documents import Document
from workers.environments import ENVIRONMENT, LONGEST_PAGE, NAME, PAGE, Environment


def environment(document: Document, annotations: Mapping[str, str]) -> Environment | None:
    """Return the environment, ``None`` for none. Raises :class:`workers.errors.BadDeclaration`."""
    name, page = annotations.get(ENVIRONMENT, "").strip(), annotations.get(PAGE, "").strip()
    if page and not name:
        place = ("metadata", "annotations", PAGE)
        raise faults.bad(document, place, f"there is no {ENVIRONMENT} that it could be the page of: name one")
    if not name:
        return None
    if not NAME.fullmatch(name):
        said = "expected 1 to 255 letters, digits, spaces and any of - _ . /, with no slash or space at an end"
        raise faults.bad(document, ("metadata", "annotations", ENVIRONMENT), said)
    if page and not _is_page(page):
        said = f"expected an http or https address of at most {LONGEST_PAGE} characters, without a user"
        raise faults.bad(document, ("metadata", "annotations", PAGE), said)
    return Environment(name, page)


def _is_page(text: str) -> bool:
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        return False
    clean = text.isprintable() and " " not in text and "@" not in parts.netloc and port != 0
    return clean and len(text) <= LONGEST_PAGE and parts.scheme in ("http", "https") and bool(parts.hostname)

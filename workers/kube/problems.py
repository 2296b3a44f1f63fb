"""What is wrong with which field, taken from the API server's words and fit to be shown. Nothing here does I/O.

The API server likes to echo values: those of a Secret must never come through, and of any other object only short
plain ones do. So a message is never passed on but taken apart, and the value is left behind; for a Secret only
words known to hold no value are kept.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass

from workers.kube.status import Cause, Said

WITHHELD = "the API server's words are withheld, as they may repeat secret values"

_LONGEST = 300
_LONGEST_VALUE = 40

_ECHOED = re.compile(r"(?P<what>Invalid value|Unsupported value|Duplicate value|Not found|Too many): ", re.ASCII)
_CLASS = re.compile(
    r"(Invalid value|Unsupported value|Duplicate value|Required value|Not found|Forbidden|Too long|Too many)"
)
_HARMLESS = re.compile(
    r"field is immutable(?: when `immutable` is set)?"
    r"|may not be more than \d+ bytes|a valid config key must consist of alphanumeric characters"
    r"|a lowercase RFC 1123 (?:subdomain|label) must consist of lower case alphanumeric characters"
    r"|field not declared in schema|expected (?:string|map|list|boolean|numeric \(int or float\))"
)
_TELLING = re.compile(r"(?i)pass|secret|token|key|cred|auth|\bvalue$")
"""Fields whose values are not shown, of whatever kind they are."""
_FINAL = re.compile(
    r"\bis immutable\b|\bmay not change once set\b"
    r"|^(?:Forbidden: )?updates to statefulset spec for fields other than .* are forbidden"
    r"|^(?:Forbidden: )?pod updates may not change fields other than ",
    re.ASCII,
)

_TYPED = re.compile(r"failed to create typed (?:patch|live) object \(.*?\): (?P<rest>.*)", re.DOTALL)
_TYPED_ONE = re.compile(r'\.(?P<field>(?:"(?:[^"\\]|\\.)*"|[^":]|:(?! ))*): (?P<problem>.*)')
_GOT = re.compile(r", got (?!(?:string|bool|boolean|int|int64|float64|list|map|null|<nil>)$).*", re.DOTALL)
_CONVERTED = re.compile(
    r"failed to convert new object \(.*?\) to proper version: "
    r"(?:.*?error decoding from json: |unable to convert unstructured object to [^:]*: )(?P<rest>.*)",
    re.DOTALL,
)
_HANDLED = re.compile(r".* in version \".*?\" cannot be handled as an? \S+: (?P<rest>.*)", re.DOTALL)
_STRICT = re.compile(r'(?P<problem>unknown|duplicate) field "(?P<field>(?:[^"\\]|\\.)*)"')
_UNMARSHAL = re.compile(
    r"cannot unmarshal (?P<got>\w+)(?P<value> \S+)? into Go"
    r" (?:struct field \w*\.(?P<field>\S+)|value) of type (?P<type>\S+)"
)


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong. ``field`` is a dotted path, ``""`` when none is known; ``words`` are fit to be shown.

    ``final`` is whether the field cannot change once set, by the API server's own word.
    """

    field: str
    words: str
    final: bool = False

    def __str__(self) -> str:
        return f"{self.field}: {self.words}" if self.field else self.words


def from_causes(causes: Sequence[Cause], secret: bool) -> tuple[Problem, ...]:
    """Read ``details.causes``. The note that other rules were not checked is left out when it is not alone."""
    named = [cause for cause in causes if cause.field != "<nil>"] or causes
    return tuple(_caused(cause, secret) for cause in named)


def _caused(cause: Cause, secret: bool) -> Problem:
    field = "" if cause.field in ("<nil>", "[]") else cause.field.lstrip(".")
    what, value, detail = taken_apart(cause.message)
    final = bool(_FINAL.search(detail))
    if secret:
        return Problem(field, _secret(what, detail), final)
    shown = f" (it is {value})" if _is_short(value) and not _TELLING.search(field) else ""
    return Problem(field, tidy(detail or what) + shown, final)


def taken_apart(message: str) -> tuple[str, str, str]:
    """Split ``Invalid value: VALUE: detail`` into its class, value and detail; what is missing is ``""``.

    The value is JSON from newer servers and a Go literal from older ones; in the latter case everything up to the
    last colon counts as value, so that rather too much is left out than too little.
    """
    line = message.partition("\n")[0]
    echoed = _ECHOED.match(line)
    if not echoed:
        return (found.group(1) if (found := _CLASS.match(line)) else ""), "", line
    rest = message[echoed.end() :]
    try:
        _, end = json.JSONDecoder().raw_decode(rest)
        value, detail = rest[:end], rest[end:].removeprefix(": ")
    except (ValueError, RecursionError):
        value, _, detail = rest.rpartition(": ")
    return echoed["what"], value, detail.partition("\n")[0]


def _is_short(value: str) -> bool:
    return 0 < len(value) <= _LONGEST_VALUE and value[0] not in "{[" and value != "null" and value.isprintable()


def _secret(what: str, detail: str) -> str:
    """Keep the class of the problem and words that are known to hold no value."""
    known = _HARMLESS.search(detail)
    return ", ".join(part for part in (what.lower(), known.group() if known else "") if part) or WITHHELD


def from_schema(said: Said, secret: bool) -> tuple[Problem, ...]:
    """Read the messages of an object that does not fit its kind's schema; empty when ``said`` is no such message.

    The API server answers some of them with 500, so the code tells nothing.
    """
    if typed := _TYPED.fullmatch(said.message):
        first, *others = typed["rest"].splitlines() or [""]
        if first != "errors:":
            return (_typed(first, secret),)  # what follows is the rest of an echoed value
        # An echoed value may have lines that look like another problem: of a Secret, only the first is sure.
        lines = [line for line in others if line.startswith("  .")]
        return tuple(_typed(line.strip(), secret) for line in (lines[:1] if secret else lines))
    decoded = _CONVERTED.fullmatch(said.message) or _HANDLED.fullmatch(said.message)
    return _decoded(decoded["rest"], secret) if decoded else ()


def _typed(line: str, secret: bool) -> Problem:
    one = _TYPED_ONE.fullmatch(line)
    words = _GOT.sub("", one["problem"] if one else line)
    if secret:
        words = known.group() if (known := _HARMLESS.match(words)) else WITHHELD
    return Problem(one["field"] if one else "", tidy(words))


def _decoded(rest: str, secret: bool) -> tuple[Problem, ...]:
    if strict := list(_STRICT.finditer(rest)):
        return tuple(Problem(one["field"], f"{one['problem']} field") for one in strict)
    if unmarshal := _UNMARSHAL.search(rest):
        got = f"a {unmarshal['got']} that does not fit" if unmarshal["value"] else unmarshal["got"]
        return (Problem(unmarshal["field"] or "", f"expected {unmarshal['type']}, got {got}"),)
    if "illegal base64" in rest:
        return (Problem("data", "a value is not base64: write plain text under stringData instead"),)
    return (Problem("", WITHHELD if secret else tidy(rest)),)


def tidy(words: str) -> str:
    """Return words on one line and of bounded length."""
    line = " ".join(words.split())
    return line if len(line) <= _LONGEST else line[: _LONGEST - 1] + "…"

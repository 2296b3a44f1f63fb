"""What a scalar means: the resolution rules of Go's YAML decoder (the v2 line, as Kubernetes uses it). Pure."""

from __future__ import annotations

import base64
import binascii
import math
import re
import struct
from typing import Final

Scalar = str | int | float | bool | None

PREFIX: Final = "tag:yaml.org,2002:"
_WORDS: Final[dict[str, Scalar]] = {
    **dict.fromkeys(("y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON"), True),
    **dict.fromkeys(("n", "N", "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF"), False),
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **dict.fromkeys((".nan", ".NaN", ".NAN"), math.nan),
    **dict.fromkeys((".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF"), math.inf),
    **dict.fromkeys(("-.inf", "-.Inf", "-.INF"), -math.inf),
}
_WORD_STARTS: Final = frozenset("yYnNtTfFoO~.+-")
_NUMBER_STARTS: Final = frozenset("0123456789+-")
_INTEGER: Final = re.compile(r"([+-]?)(0[xX][0-9a-fA-F]+|0[bB][01]+|0[oO]?[0-7]+|0|[1-9][0-9]*)")
_FLOAT: Final = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_DOT_FLOAT: Final = re.compile(r"\.[0-9]+([eE][-+]?[0-9]+)?")
_MOST_SIGNED: Final = 2**63 - 1
_MOST_UNSIGNED: Final = 2**64 - 1


def plain(text: str) -> Scalar:
    """Return what a plain (unquoted, untagged) scalar means; dates and sexagesimals stay text."""
    if not text:
        return None
    start = text[0]
    if start not in _WORD_STARTS and start not in _NUMBER_STARTS:
        return text
    if text in _WORDS:
        return _WORDS[text]
    if start == ".":
        return _float(text, text) if _DOT_FLOAT.fullmatch(text) else text
    if start in _NUMBER_STARTS:
        return _number(text)
    return text


def _number(text: str) -> Scalar:
    digits = text.replace("_", "")
    found = _INTEGER.fullmatch(digits)
    if found:
        sign, body = found.groups()
        value = _magnitude(body)
        if value <= _MOST_SIGNED or (sign == "-" and value == _MOST_SIGNED + 1):
            return -value if sign == "-" else value
        if not sign and value <= _MOST_UNSIGNED:
            return value
    return _float(digits, text) if _FLOAT.fullmatch(digits) else text


def _magnitude(body: str) -> int:
    if len(body) > 1 and body[0] == "0":
        base = {"x": 16, "b": 2, "o": 8}.get(body[1].lower())
        return int(body[2:], base) if base else int(body, 8)
    # Python refuses to read thousands of digits; more than any 64-bit number has is more than enough.
    return int(body[:30])


def _float(digits: str, text: str) -> Scalar:
    """Return the number, or the text itself when it is too large for a double."""
    value = float(digits)
    return text if math.isinf(value) else value


def tagged(tag: str, text: str) -> Scalar:
    """Return a scalar with an explicit tag. Raises ``ValueError`` with a sentence when it is not what the tag says."""
    name = tag.removeprefix(PREFIX) if tag.startswith(PREFIX) else ""
    if name == "binary":
        try:
            return base64.b64decode("".join(text.split()), validate=True).decode("utf-8", "replace")
        except (binascii.Error, ValueError):
            raise ValueError("!!binary is not valid base64") from None
    if name not in ("bool", "int", "float", "null", "timestamp"):
        return text
    value = plain(text)
    if name == "timestamp":
        return text
    if name == "float" and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    expected = {"bool": bool, "int": int, "float": float, "null": type(None)}[name]
    if type(value) is not expected:
        raise ValueError(f"{text!r} is not what !!{name} promises")
    return value


def as_json(value: Scalar) -> Scalar:
    """Return a number as JSON carries it to Kubernetes: integral floats become integers where 64 bits hold them.

    Raises ``ValueError`` for what JSON has no word for.
    """
    if isinstance(value, float):
        if not math.isfinite(value):
            raise ValueError("JSON has no infinity and no NaN: quote it, or write a number")
        if value.is_integer() and abs(value) < 1e21 and -_MOST_SIGNED - 1 <= value <= _MOST_SIGNED:
            return int(value)
    elif isinstance(value, int) and value > _MOST_SIGNED:
        return float(value)
    return value


def as_key(value: Scalar) -> str:
    """Return a mapping's key as text. Raises ``ValueError`` for a key Kubernetes does not take."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int) and value <= _MOST_SIGNED:
        return str(value)
    if isinstance(value, float):
        return _short(value)
    raise ValueError("a key cannot be null" if value is None else "a key cannot be a number of this size")


def _short(value: float) -> str:
    """Write a float key as Go's ``strconv.FormatFloat(value, 'g', -1, 32)`` does."""
    if math.isnan(value):
        return ".nan"
    try:
        single = struct.unpack("f", struct.pack("f", value))[0]
    except OverflowError:
        single = math.copysign(math.inf, value)
    if math.isinf(single):
        return ".inf" if single > 0 else "-.inf"
    for precision in range(1, 10):
        mantissa, _, exponent = f"{single:.{precision - 1}e}".partition("e")
        if struct.unpack("f", struct.pack("f", float(f"{mantissa}e{exponent}")))[0] == single:
            break
    power = int(exponent)
    digits = mantissa.replace(".", "").replace("-", "").rstrip("0") or "0"
    if power < -4 or power >= 6:
        return f"{'-' if single < 0 else ''}{digits[0]}{'.' + digits[1:] if digits[1:] else ''}e{power:+03d}"
    return f"{single:.{max(0, len(digits) - 1 - power)}f}"

"""How the command line speaks: tables and colour for people, JSON for machines, one sentence for errors."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import orjson
import redis
import typer
from rich.console import Console
from rich.text import Text

from workers.errors import HooklineError

out = Console()
err = Console(stderr=True)

Config = Annotated[
    Path | None,
    typer.Option(
        "--config",
        "-c",
        help="The configuration file.",
        envvar="HOOKLINE_CONFIG",
        show_default="hookline.yaml",
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON for machines.")]


def print_json(value: Any) -> None:
    """Print a value as JSON, without colour or wrapping."""
    sys.stdout.buffer.write(orjson.dumps(value, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE))
    sys.stdout.buffer.flush()


def printable(text: str) -> str:
    """Return a text as one line without control characters: an escape sequence must not reach the terminal. Pure."""
    return "".join(letter if letter.isprintable() else " " for letter in text)


def marked(mark: str, style: str, text: str) -> Text:
    """Return a sentence behind a coloured mark; nothing in it is read as markup. Pure."""
    return Text.assemble((mark, style), " ", printable(text))


@contextlib.contextmanager
def sentences() -> Iterator[None]:
    """Print what goes wrong inside the block as one sentence and exit with 1."""
    try:
        yield
    except HooklineError as error:
        for line in str(error).splitlines():
            err.print(marked("✗", "red", line), soft_wrap=True)
        raise typer.Exit(1) from None
    except redis.RedisError as error:
        text = f"Redis does not answer ({type(error).__name__}): is it running, and is redis.url right?"
        err.print(marked("✗", "red", text), soft_wrap=True)
        raise typer.Exit(1) from None

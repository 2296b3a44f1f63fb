"""``hookline docs``: print the reference pages, made from the code, so that they cannot say what it does not do.

Nothing here loads a configuration, reads a secret or connects to anything.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Final

import typer

from workers.commands.reference import compatibility, configuration


class Page(StrEnum):
    """The pages made from code; each is ``docs/<name>.md``."""

    CONFIGURATION = "configuration"
    COMPATIBILITY = "compatibility"


PAGES: Final = {Page.CONFIGURATION: configuration.page, Page.COMPATIBILITY: compatibility.page}


def docs(page: Annotated[Page, typer.Argument(help="The page to print.")]) -> None:
    """Print a reference page as Markdown: every setting, or what of Argo CD's Application is served.

    Example: hookline docs configuration > docs/configuration.md
    """
    typer.echo(PAGES[page](), nl=False)

"""``hookline validate``: manifests linted and validated without a cluster."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from workers import validating
from workers.commands.console import Json, err, marked, out, print_json, sentences
from workers.schemas import bundled


def validate(
    paths: Annotated[list[Path], typer.Argument(help="Files or folders of manifests; a kustomization is built too.")],
    schemas: Annotated[
        Path | None,
        typer.Option(help="A dump of another cluster's API: `kubectl get --raw /openapi/v2 > FILE` writes one."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Lint and validate manifests, without a cluster.

    YAML is read as Kubernetes reads it. Every problem is one line: file, line, object, field, what was expected. The
    exit status is 1 when there is any.

    Examples: hookline validate deploy/; hookline validate deploy/overlays/production --json
    """
    with sentences():
        known = bundled.dumped(schemas) if schemas else bundled.bundled()
        linted, files = validating.validated(paths, known)
    if as_json:
        problems = [
            {"file": one.file, "line": one.line, "field": one.field, "text": one.text} for one in linted.problems
        ]
        told = {"ok": not problems, "schemas": known.version, "files": files, "objects": linted.objects}
        print_json({**told, "unchecked": linted.unchecked, "problems": problems})
    else:
        for one in linted.problems:
            err.print(marked("✗", "red", str(one)), soft_wrap=True)
        if linted.unchecked:
            kinds = ", ".join(sorted(linted.unchecked))
            err.print(marked("!", "yellow", f"no schema is known of {kinds}: not validated"), soft_wrap=True)
        if not linted.problems:
            what = f"{linted.objects} object{'' if linted.objects == 1 else 's'}"
            out.print(f"[green]✓[/] {what} in {files} file{'' if files == 1 else 's'} are fine", highlight=False)
    raise typer.Exit(1 if linted.problems else 0)


def main() -> None:
    """Run as a command of its own, which starts faster: ``hookline-validate``."""
    typer.run(validate)

"""Recorded deliveries other projects publish, fetched once from registries and checked by digest; never kept here.

npm's ``@octokit/webhooks-examples`` (MIT) and the test data of the Go modules ``drone/go-scm`` (BSD) and
``go-playground/webhooks`` (MIT); ``go.sum`` holds the modules' digests.
"""

from __future__ import annotations

import base64
import functools
import hashlib
import json
import os
import subprocess
import sys
import sysconfig
import tarfile
from pathlib import Path
from typing import Any

from deploy.local import toolchain
from deploy.local.binaries import cache_folder

OCTOKIT = "@octokit/webhooks-examples@7.6.1"
OCTOKIT_DIGEST = "De6U3XB6O3DtCa7bKgCMzTHdeopqqZ6SNivMYJnK65ierKL1AnNIA0tkRYCRS7lwGT792d+Ps1WbfHlso6MynQ=="
MODULES = {
    "github.com/drone/go-scm": "scm/driver/{}/testdata/webhooks",
    "github.com/go-playground/webhooks/v6": "testdata/{}",
}
FOLDERS = {
    "github": "github",
    "gitlab": "gitlab",
    "gitea": "gitea",
    "bitbucket": "bitbucket",
    "stash": "bitbucket-data-center",
    "bitbucket-server": "bitbucket-data-center",
}


@functools.cache
def octokit() -> list[tuple[str, Any]]:
    """Return every GitHub payload of the npm package with its event's name; raises when it is not the one we know."""
    folder = cache_folder() / "samples"
    folder.mkdir(parents=True, exist_ok=True)
    archive = folder / "octokit-webhooks-examples-7.6.1.tgz"
    if not archive.exists():
        scripts = sysconfig.get_path("scripts")
        environment = os.environ | {"PATH": f"{scripts}{os.pathsep}{os.environ['PATH']}"}
        npm = [str(Path(scripts) / "npm"), "pack", "--silent", OCTOKIT]
        subprocess.run(npm, cwd=folder, env=environment, check=True, stdout=sys.stderr)
    digest = base64.b64encode(hashlib.sha512(archive.read_bytes()).digest()).decode()
    assert digest == OCTOKIT_DIGEST, f"{archive.name} is not the archive the tests were written for: remove it"
    with tarfile.open(archive) as opened:
        file = opened.extractfile("package/api.github.com/index.json")
        assert file is not None
        return [(entry["name"], payload) for entry in json.load(file) for payload in entry["examples"]]


@functools.cache
def modules() -> list[tuple[str, str, bytes]]:
    """Return (forge, file's name, body) of every JSON file in the modules' test data for a forge of ours."""
    go = toolchain.find((1, 21))
    asked = subprocess.run(
        [*go.command, "mod", "download", "-json", *MODULES],
        cwd=Path(__file__).parent,
        env=toolchain.environment(),
        capture_output=True,
        text=True,
        check=True,
    )
    decoder, text, found = json.JSONDecoder(), asked.stdout.strip(), []
    while text:
        value, end = decoder.raw_decode(text)
        text = text[end:].strip()
        for folder, forge in FOLDERS.items():
            place = Path(value["Dir"]) / MODULES[value["Path"]].format(folder)
            found += [(forge, path.stem, path.read_bytes()) for path in sorted(place.glob("*.json"))]
    return found

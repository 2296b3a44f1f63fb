"""The demo's story, step by step, on Hookline's real processes."""

from __future__ import annotations

from pathlib import Path

from deploy.local.control_plane import ControlPlane
from deploy.local.forge import Forge
from deploy.local.stack import APPLICATION, PUBLIC_URL, REPOSITORY, Stack
from deploy.local.story import Story


def test_the_story(tmp_path: Path, cluster: ControlPlane) -> None:
    """First push, merge, drift, refusal, revert, emergency: each read back from the API server and the forge."""
    with Forge(tmp_path / "forge") as forge:
        forge.create(REPOSITORY, public_url=PUBLIC_URL)
        stack = Stack(tmp_path / "hookline", cluster.kubeconfig, forge)
        (stack.catalog / "myapp.yaml").write_text(APPLICATION)
        with stack:
            story = Story(stack, cluster.kubectl, cluster.kubeconfig, tmp_path)
            with story.sight:
                played = [story.play(title, act) for title, act in story.steps()]
    assert [step.title for step in played] == [title for title, _ in story.steps()]
    assert all(step.marks for step in played)

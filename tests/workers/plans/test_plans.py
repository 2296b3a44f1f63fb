"""What a plan counts, warns of and looks like; the Markdown beside ``golden/`` was looked at as rendered."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from workers.model import Manifest, Ref
from workers.plans import Effect, Plan, Planned, compared, exit_code, markdown, shown, terminal, warnings
from workers.plans.masks import Mask

GOLDEN = Path(__file__).parent / "golden"
WEB, DB, CLAIM = (
    Ref("apps", "Deployment", "shop", "web"),
    Ref("apps", "StatefulSet", "shop", "db"),
    Ref("", "PersistentVolumeClaim", "shop", "data"),
)
CONFIG, KEYS = Ref("", "ConfigMap", "shop", "settings"), Ref("", "Secret", "shop", "keys")


def workload(image: str, ref: Ref = WEB) -> Manifest:
    """A workload that runs an image."""
    spec = {"template": {"spec": {"containers": [{"name": "web", "image": image}]}}}
    return {"apiVersion": "apps/v1", "kind": ref.kind, "metadata": {"name": ref.name}, "spec": spec}


def config(**data: str) -> Manifest:
    """A ConfigMap."""
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "settings"}, "data": data}


def secret(value: str) -> Manifest:
    """A Secret."""
    return {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "keys"}, "data": {"key": value}}


def one(
    ref: Ref,
    effect: str,
    before: Manifest | None = None,
    after: Manifest | None = None,
    origin: str = "myapp/a.yaml:1",
    note: str = "",
    fields: tuple[str, ...] = (),
) -> Planned:
    """One object of a plan."""
    diff = compared.difference(ref, before, after, Mask())
    return Planned(ref, Effect(effect), "" if effect == "deleted" else origin, fields, diff, note)


def plan(*objects: Planned, hooks: tuple[str, ...] = (), held: str = "", images: tuple[str, ...] = ()) -> Plan:
    """A plan of these objects, with what is warned of; the Deployment runs ``images``."""
    wanted = {WEB: {"containers": [{"image": image} for image in images]}} if images else {}
    said = tuple(warnings.of(objects, wanted, hooks, held))
    return Plan("myapp", "production", "main", "3f1c9a2" + "0" * 33, objects, said, hooks, held)


UNTAGGED = one(WEB, "configured", workload("nginx:1.25"), workload("nginx"), fields=("spec",))
PLANS = {
    "nothing": plan(one(WEB, "unchanged")),
    "created": plan(one(CONFIG, "created", None, config(colour="blue"))),
    "configured": plan(
        one(WEB, "configured", workload("nginx:1.25"), workload("nginx:1.26")), one(CONFIG, "unchanged")
    ),
    "secret": plan(one(KEYS, "configured", secret("b25l"), secret("dHdv"))),
    "ownership": plan(one(WEB, "configured", fields=("ownership of spec.replicas, held by kubectl",))),
    "deleted": plan(
        one(DB, "deleted", workload("postgres:16", DB)), one(CLAIM, "unchanged", note="kept with its data")
    ),
    "recreated": plan(one(CONFIG, "recreated", config(colour="blue"), config(colour="red"))),
    "refused": plan(
        one(WEB, "refused", note="myapp/web.yaml:1: Deployment shop/web was refused: spec.replicass: unknown field"),
        one(CONFIG, "created", None, config(colour="blue")),
    ),
    "latest": plan(UNTAGGED, images=("nginx", "shop:latest")),
    "held": plan(
        one(CONFIG, "created", None, config(a="b")),
        held="held by ada until 18:00: release freeze",
        hooks=("PreSync Job shop/migrate",),
    ),
    "untried": plan(one(CONFIG, "created", None, config(a="b"), note="not validated: its namespace comes with it")),
    "hostile": plan(
        one(
            Ref("", "ConfigMap", "shop", "x"),
            "configured",
            config(a="one\n```\n</details><img src=x>\n"),
            config(a="one\n````\n@your-org/all #1\n"),
            origin="</code></summary>@ada `x` *b*\n# head.yaml:1",
            note="see [this](https://evil.example.com) <b>@ada</b> #12 !3 www.evil.example.com",
        )
    ),
}


@pytest.mark.parametrize("name", PLANS)
def test_the_comment_is_as_it_was_looked_at(name: str) -> None:
    """Set GOLDEN=write to write them anew, and look at them rendered."""
    path, text = GOLDEN / f"{name}.md", markdown.rendered(PLANS[name])
    if os.environ.get("GOLDEN") == "write":
        path.write_text(text)
    assert text == path.read_text()


def test_a_stranger_s_words_break_out_of_nothing() -> None:
    """No HTML, no link, no mention outside of code, and a fence that the difference cannot close."""
    text = markdown.rendered(PLANS["hostile"])
    outside = re.sub(r"(`{3,})diff\n.*?\n\1\n", "", text, flags=re.DOTALL)
    assert "your-org" not in outside
    assert re.findall(r"</?([a-z]+)", outside) == ["code"] * 6 + [
        "details",
        "summary",
        *["code"] * 4,
        "summary",
        "details",
    ]
    prose = re.sub(r"<code>.*?</code>", "", outside)
    assert re.findall(r"(?<!&)[@#!]\w|://|www\.|(?<!\\)\]\(", prose) == []


@pytest.mark.parametrize(
    ("name", "summary", "code"),
    [
        ("nothing", "nothing changes", 0),
        ("created", "1 created", 2),
        ("deleted", "1 deleted", 2),
        ("recreated", "1 recreated", 2),
        ("refused", "1 created, 1 refused", 1),
    ],
)
def test_a_plan_is_counted_and_a_script_is_told(name: str, summary: str, code: int) -> None:
    """Every effect that writes, and what is refused."""
    made = PLANS[name]
    assert (made.summary, exit_code(made)) == (summary, code)
    assert sum(made.counts.values()) == len(made.objects)


def test_hooks_alone_are_a_change() -> None:
    """A hook that is new runs."""
    made = plan(one(WEB, "unchanged"), hooks=("PostSync Job shop/x",))
    assert (exit_code(made), made.warnings) == (2, ("1 hook runs: PostSync Job shop/x",))


@pytest.mark.parametrize(
    ("image", "says"),
    [
        ("nginx", "no tag"),
        ("nginx:latest", "moves"),
        ("registry.example.com:5000/nginx", "no tag"),
        ("registry.example.com:5000/nginx:1", ""),
        ("nginx@sha256:abc", ""),
        ("nginx:latest@sha256:abc", ""),
        ("nginx:latest-alpine", ""),
    ],
)
def test_an_image_that_may_be_another_tomorrow_is_told(image: str, says: str) -> None:
    """A port is no tag, a digest never moves."""
    found = warnings.loose(image)
    assert bool(found) == bool(says)
    assert says in found


def test_images_are_found_wherever_a_kind_keeps_its_containers() -> None:
    """A CronJob, a custom resource; not what is called an image elsewhere."""
    pod = {"initContainers": [{"image": "a"}], "containers": [{"image": "b"}, {"name": "c"}, "d"], "image": "e"}
    assert list(warnings.images({"spec": {"jobTemplate": {"spec": {"template": {"spec": pod}}}}})) == ["a", "b"]


@pytest.mark.parametrize("name", PLANS)
def test_terminal_json_and_patch_tell_the_same(name: str) -> None:
    """Every object that counts, once each; a line is a line."""
    made = PLANS[name]
    lines = [line.plain for line in terminal.lines(made)]
    told = [entry for entry in shown.as_json(made)["objects"] if entry["effect"] != "unchanged" or entry["note"]]
    assert len(told) == sum(line.startswith(tuple(Effect)) for line in lines)
    assert lines[-1] == made.summary
    assert not any("\n" in line for line in lines)
    assert shown.as_patch(made) == "".join(entry["diff"] for entry in told)


@pytest.mark.parametrize("text", ["green one\n  two:\n", "grün 🙂\nzwei\n"])
def test_a_text_of_several_lines_is_shown_in_lines_in_any_script(text: str) -> None:
    """However it is written: libyaml, which is faster, would escape what is beyond its letters."""
    made = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}, "data": {"text": text, "b": "1"}}
    diff = compared.difference(Ref("", "ConfigMap", "a", "a"), None, made, Mask())
    assert "".join(f"+    {line}\n" for line in text.splitlines()) in diff
    assert '+  b: "1"\n' in diff.replace("'", '"')

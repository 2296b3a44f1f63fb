"""The decisions about order, as values."""

from __future__ import annotations

from typing import Any

import pytest

from workers import order, phases
from workers.errors import BadDocument
from workers.model import Ref, Rendered
from workers.phases import Phase


def rendered(name: str, kind: str = "ConfigMap", group: str = "", **annotations: str) -> Rendered:
    """An object; keywords are short for annotations."""
    short = {"wave": phases.WAVE, "hook": phases.HOOK, "policy": phases.POLICY}
    metadata: dict[str, Any] = {"name": name, "annotations": {short[key]: value for key, value in annotations.items()}}
    manifest = {"apiVersion": f"{group}/v1" if group else "v1", "kind": kind, "metadata": metadata}
    return Rendered(Ref(group, kind, "default", name), manifest, "a.yaml", 3)


def shown(steps: list[order.Step]) -> list[tuple[str, int, list[str]]]:
    """Phase, wave and names of each step."""
    return [
        (
            step.phase.value,
            step.key.wave,
            [one.ref.name for one in step.objects]
            + [f"hook {hook.ref.name}" for hook in step.hooks]
            + [f"-{one.ref.name}" for one in step.prune],
        )
        for step in steps
    ]


def test_a_simple_app_is_one_step() -> None:
    """Nothing is stored, nothing waits between."""
    assert shown(order.steps([rendered("a"), rendered("b")], [])) == [("Sync", 0, ["a", "b"])]


def test_phases_then_waves() -> None:
    """A hook of several phases is in each; those of a deletion are in none of a sync."""
    objects, hooks = phases.split(
        [
            rendered("late", wave="5"),
            rendered("early", wave="-5"),
            rendered("around", hook="PreSync, PostSync", wave="1"),
            rendered("failing", hook="SyncFail"),
            rendered("leaving", hook="PreDelete,PostDelete"),
            rendered("never", hook="Skip"),
        ]
    )
    assert shown(order.steps(objects, hooks)) == [
        ("PreSync", 1, ["hook around"]),
        ("Sync", -5, ["early"]),
        ("Sync", 5, ["late"]),
        ("PostSync", 1, ["hook around"]),
        ("SyncFail", 0, ["hook failing"]),
    ]
    owned = {
        rendered("a").ref: ("v1", rendered("a").manifest),
        rendered("b").ref: ("v1", rendered("b", wave="2").manifest),
    }
    assert shown(order.removal(hooks, owned)) == [
        ("PreDelete", 0, ["hook leaving"]),
        ("Delete", -2, ["-b"]),
        ("Delete", 0, ["-a"]),
        ("PostDelete", 0, ["hook leaving"]),
    ]


def test_what_is_gone_goes_in_mirrored_waves_and_definitions_after_the_rest() -> None:
    """Three waves: the first and the last change places; a namespace goes after what may be in it."""
    space = Ref("", "Namespace", "", "space")
    gone = {
        rendered(name).ref: ("v1", rendered(name, wave=wave).manifest)
        for name, wave in {"a": "1", "b": "2", "c": "7"}.items()
    }
    stale = order.stale({**gone, space: ("v1", None), rendered("z").ref: ("v1", None)}, [rendered("z").ref])
    assert {one.ref.name: one.wave for one in stale if not one.last} == {"space": 7, "a": 2, "b": 1, "c": 0}
    assert shown(order.steps([rendered("new", wave="3")], [], stale)) == [
        ("Sync", 0, ["-c"]),
        ("Sync", 1, ["-b"]),
        ("Sync", 2, ["-a"]),
        ("Sync", 3, ["new"]),
        ("Sync", 7, ["-space"]),
        ("Sync", 8, ["-z"]),
    ]


def test_staged_apps_apply_definitions_and_classes_first() -> None:
    """Flux's way."""
    objects = [
        rendered("a"),
        rendered("c", "IngressClass", "networking.k8s.io"),
        rendered("r", "ClusterRole", "rbac.authorization.k8s.io"),
        rendered("n", "Namespace"),
    ]
    assert [names for _, _, names in shown(order.steps(objects, [], staged=True))] == [["r", "n"], ["c"], ["a"]]
    assert len(order.steps(objects, [])) == 1


@pytest.mark.parametrize(
    ("annotations", "says"),
    [
        ({"wave": "first"}, "annotation argocd.argoproj.io/sync-wave: expected a whole number"),
        ({"wave": "99999999999"}, "annotation argocd.argoproj.io/sync-wave: expected a whole number"),
        ({"hook": "presync"}, "annotation argocd.argoproj.io/hook: unknown hook presync"),
        ({"hook": "Skip,PreSync"}, "annotation argocd.argoproj.io/hook: Skip stands alone"),
        ({"hook": "Delete"}, "annotation argocd.argoproj.io/hook: unknown hook Delete"),
        ({"hook": "PreSync", "policy": "Never"}, "annotation argocd.argoproj.io/hook-delete-policy: unknown policy"),
    ],
)
def test_a_wrong_annotation_names_file_line_and_object(annotations: dict[str, str], says: str) -> None:
    """One sentence."""
    with pytest.raises(BadDocument, match=r"^a\.yaml:3: ConfigMap default/x: ") as caught:
        phases.split([rendered("x", **annotations)])
    assert says in str(caught.value)


def test_the_policy_of_a_hook_without_one() -> None:
    """As in Argo CD."""
    _, [hook] = phases.split([rendered("x", hook="PreSync")])
    assert (hook.phases, hook.policies) == ((Phase.PRE_SYNC,), frozenset({phases.Policy.BEFORE_CREATION}))


HELM = [
    ({"helm.sh/hook": "pre-install,pre-upgrade"}, ["PreSync"], ["BeforeHookCreation"]),
    ({"helm.sh/hook": "post-upgrade , post-install"}, ["PostSync"], ["BeforeHookCreation"]),
    ({"helm.sh/hook": "pre-install,post-install"}, ["PreSync", "PostSync"], ["BeforeHookCreation"]),
    ({"helm.sh/hook": "pre-delete"}, ["PreDelete"], ["BeforeHookCreation"]),
    ({"helm.sh/hook": "post-delete"}, ["PostDelete"], ["BeforeHookCreation"]),
    ({"helm.sh/hook": "test"}, [], ["BeforeHookCreation"]),
    ({"helm.sh/hook": "pre-rollback,post-rollback,test-success"}, [], ["BeforeHookCreation"]),
    ({"helm.sh/hook": "crd-install"}, None, []),
    ({"helm.sh/hook": ""}, None, []),
    ({"helm.sh/hook": "crd-install,pre-install"}, ["PreSync"], ["BeforeHookCreation"]),
    (
        {"helm.sh/hook": "pre-install", "helm.sh/hook-delete-policy": "hook-succeeded,hook-failed,never"},
        ["PreSync"],
        ["HookFailed", "HookSucceeded"],
    ),
    ({"helm.sh/hook": "pre-install", phases.HOOK: "PostSync"}, ["PostSync"], ["BeforeHookCreation"]),
    ({"helm.sh/hook": "pre-install", phases.HOOK: "Skip"}, [], ["BeforeHookCreation"]),
]


@pytest.mark.parametrize(("annotations", "wanted", "policies"), HELM, ids=[str(row[0]) for row in HELM])
def test_hooks_of_helm(annotations: dict[str, str], wanted: list[str] | None, policies: list[str]) -> None:
    """As Argo CD maps them: its own word goes before, and a hook it has no phase for never runs."""
    one = rendered("a")
    one.manifest["metadata"]["annotations"] = annotations
    found = phases.hook(one)
    assert (found and [phase.value for phase in found.phases]) == wanted
    assert sorted(policy.value for policy in found.policies) == policies if found else not policies
    only_helms = phases.HOOK not in annotations
    assert phases.hook(one, helm=False) is None if only_helms else phases.hook(one, helm=False) == found


@pytest.mark.parametrize(("weight", "wave"), [("-5", -5), ("7", 7), ("many", 0), ("", 0), ("99999999999", 0)])
def test_the_weight_of_helm_is_a_wave(weight: str, wave: int) -> None:
    """One that is no number counts as none; our own annotation goes before."""
    one = rendered("a")
    one.manifest["metadata"]["annotations"] = {phases.HELM_WEIGHT: weight}
    assert phases.wave(one.manifest) == wave
    one.manifest["metadata"]["annotations"][phases.WAVE] = "3"
    assert phases.wave(one.manifest) == 3

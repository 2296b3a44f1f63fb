"""The rows of the drift table, by name."""

from __future__ import annotations

from tests.workers.drift.table import (
    BUDGET,
    CONTAINER,
    CRON,
    HOSTS,
    NET,
    PROXY,
    ROLE,
    RULES,
    SCALER,
    SET,
    SUBJECT,
    TOKEN,
    Object,
    Row,
    both,
    config,
    copied,
    deployment,
    merge,
    of,
    operate,
    refused,
    run,
    secret,
    service,
    template,
    widget,
    written,
)

LABELLED: Object = {"labels": {"tier": "a"}, "annotations": {"note": "a"}}
KEEP = "example.com/keep"
DATA = {"data": {"key": "by hand"}}
TEMPLATE = "/spec/template/spec"
CPU = f"{TEMPLATE}/containers/0/resources/requests"


def _key(one: Object) -> None:
    one["data"]["key"] = "by hand"


def _nothing(one: Object) -> None:
    del one


CONFIG_MAPS = {
    "value": Row(config("value"), merge(DATA), "data.key changed by kubectl-patch"),
    "key-removed": Row(config("key-removed"), operate("remove", "/data/key"), "data.key changed"),
    "key-added": Row(config("key-added"), merge({"data": {"other": "x"}})),
    "edit": Row(config("edit"), run("edit", "OBJECT"), "data.kept changed by kubectl-edit"),
    "annotated": Row(config("annotated"), run("annotate", "OBJECT", "x=y")),
    "labelled": Row(config("labelled"), run("label", "OBJECT", "x=y")),
    "label-changed": Row(
        config("label-changed", **LABELLED), run("label", "--overwrite", "OBJECT", "tier=b"), "metadata.labels.tier"
    ),
    "label-removed": Row(
        config("label-removed", **LABELLED), run("label", "OBJECT", "tier-"), "metadata.labels.tier changed"
    ),
    "annotation-changed": Row(
        config("annotation-changed", **LABELLED),
        run("annotate", "--overwrite", "OBJECT", "note=b"),
        "metadata.annotations.note",
    ),
    "our-label": Row(
        config("our-label"), run("label", "OBJECT", "applyset.kubernetes.io/part-of-"), "metadata.labels changed"
    ),
    "deleted": Row(config("deleted"), run("delete", "OBJECT"), "is missing"),
    "deleted-held": Row(
        config("deleted-held"),
        both(merge({"metadata": {"finalizers": [KEEP]}}), run("delete", "OBJECT", "--wait=false")),
        f"is being deleted, held by {KEEP}",
        lasts=True,
    ),
    "made-anew-same": Row(
        config("made-anew-same"),
        both(run("delete", "OBJECT"), written(_nothing, "create")),
        "metadata.labels changed",
    ),
    "made-anew-other": Row(
        config("made-anew-other"), both(run("delete", "OBJECT"), written(_key, "create")), "data.key"
    ),
    "applied": Row(
        config("applied"),
        written(_key, "apply"),
        "data.key changed by kubectl-client-side-apply",
        stays=("metadata.annotations[kubectl.kubernetes.io/last-applied-configuration]",),
    ),
    "applied-forced": Row(
        config("applied-forced"),
        written(_key, "apply", "--server-side", "--force-conflicts"),
        "data.key changed by kubectl",
    ),
    "applied-refused": Row(config("applied-refused"), refused(written(_key, "apply", "--server-side"))),
    "applied-same": Row(config("applied-same"), written(_nothing, "apply", "--server-side"), retaken=True),
    "replaced": Row(config("replaced"), written(_key, "replace"), "data.key, metadata.labels changed"),
    "there-and-back": Row(config("there-and-back"), both(merge(DATA), merge({"data": {"key": "a"}})), retaken=True),
    "immutable": Row(config("immutable"), merge({"immutable": True})),
    "copy": Row(config("copy"), copied()),
    "copy-ignored": Row(config("copy-ignored"), copied(**{"argocd.argoproj.io/compare-options": "IgnoreExtraneous"})),
    "mutated": Row(config("mutated", labels={"mutate": "yes"}), run("annotate", "OBJECT", "x=y")),
}
SECRETS = {
    "secret": Row(secret("secret"), merge({"data": {"key": "aGFja2Vk"}}), "data.key changed by kubectl-patch"),
    "secret-plain": Row(
        secret("secret-plain", stringData={"key": "plain"}), merge({"data": {"key": "aGFja2Vk"}}), "data.key"
    ),
    "secret-removed": Row(secret("secret-removed"), operate("remove", "/data/key"), "data.key"),
    "secret-added": Row(secret("secret-added"), merge({"data": {"more": "bW9yZQ=="}})),
    "secret-deleted": Row(secret("secret-deleted"), run("delete", "OBJECT"), "is missing"),
}
DEPLOYMENTS = {
    "scaled": Row(
        deployment("scaled"), run("scale", "OBJECT", "--replicas=2"), "spec.replicas changed by kubectl (scale)"
    ),
    "image": Row(
        deployment("image"), run("set", "image", "OBJECT", "web=nginx:1.27"), "containers[name=web].image changed by"
    ),
    "env-added": Row(deployment("env-added"), run("set", "env", "OBJECT", "C=3")),
    "env-changed": Row(deployment("env-changed"), run("set", "env", "OBJECT", "A=2"), "env[name=A].value"),
    "env-removed": Row(deployment("env-removed"), run("set", "env", "OBJECT", "A-"), "env[name=A]"),
    "sidecar-added": Row(deployment("sidecar-added"), operate("add", f"{TEMPLATE}/containers/-", PROXY)),
    "sidecar-removed": Row(
        deployment("sidecar-removed", PROXY), operate("remove", f"{TEMPLATE}/containers/1"), "containers[name=proxy]"
    ),
    "other-units": Row(deployment("other-units"), operate("replace", CPU, {"cpu": "0.5", "memory": "1024Mi"})),
    "quantity": Row(
        deployment("quantity"), operate("replace", f"{CPU}/cpu", "600m"), "resources.requests.cpu changed by"
    ),
    "defaults-written": Row(
        deployment("defaults-written"),
        merge({"spec": {"revisionHistoryLimit": 10, "template": {"spec": {"terminationGracePeriodSeconds": 30}}}}),
    ),
    "defaults-changed": Row(deployment("defaults-changed"), merge({"spec": {"revisionHistoryLimit": 5}})),
    "int-or-string": Row(
        deployment("int-or-string", strategy={"rollingUpdate": {"maxSurge": "50%"}}),
        merge({"spec": {"strategy": {"rollingUpdate": {"maxSurge": 1}}}}),
        "maxSurge changed by kubectl-patch",
    ),
    "template-label": Row(
        deployment("template-label"), merge({"spec": {"template": {"metadata": {"labels": {"injected": "yes"}}}}})
    ),
    "restarted": Row(deployment("restarted"), run("rollout", "restart", "OBJECT")),
    "paused": Row(deployment("paused"), run("rollout", "pause", "OBJECT")),
    "autoscaled": Row(deployment("autoscaled", replicas=None), run("scale", "OBJECT", "--replicas=2")),
    "status": Row(
        deployment("status"),
        run("patch", "OBJECT", "--subresource=status", "--type=merge", "-p", '{"status": {"collisionCount": 3}}'),
    ),
    "deployment-deleted": Row(
        deployment("deployment-deleted"), run("delete", "OBJECT", "--cascade=orphan"), "is missing"
    ),
}
OTHER_WORKLOADS = {
    "idle": Row(deployment("idle", replicas=0), run("annotate", "OBJECT", "x=y")),
    "set": Row(
        of("apps/v1", "StatefulSet", "set", spec={**SET, "template": template("set")}),
        run("scale", "OBJECT", "--replicas=2"),
        "spec.replicas changed by kubectl (scale)",
    ),
    "daemons": Row(
        of(
            "apps/v1",
            "DaemonSet",
            "daemons",
            spec={"selector": {"matchLabels": {"app": "daemons"}}, "template": template("daemons")},
        ),
        run("set", "image", "OBJECT", "web=nginx:1.27"),
        "containers[name=web].image",
    ),
    "cron": Row(of("batch/v1", "CronJob", "cron", spec=CRON), merge({"spec": {"schedule": "1 1 1 1 *"}}), "schedule"),
    "cron-suspended": Row(
        of("batch/v1", "CronJob", "cron-suspended", spec={**CRON, "suspend": False}),
        merge({"spec": {"suspend": True}}),
        "spec.suspend",
    ),
    "scaler": Row(
        of("autoscaling/v2", "HorizontalPodAutoscaler", "scaler", spec=SCALER),
        merge({"spec": {"maxReplicas": 9}}),
        "spec.maxReplicas",
    ),
    "budget": Row(
        of("policy/v1", "PodDisruptionBudget", "budget", spec=BUDGET),
        merge({"spec": {"minAvailable": "50%"}}),
        "spec.minAvailable",
    ),
}
NETWORK = {
    "port": Row(service("port"), operate("replace", "/spec/ports/0/targetPort", 9090), "targetPort changed by"),
    "port-added": Row(
        service("port-added"), operate("add", "/spec/ports/-", {"name": "x", "port": 99, "targetPort": 99})
    ),
    "port-removed": Row(service("port-removed"), operate("remove", "/spec/ports/1"), "spec.ports["),
    "selector": Row(service("selector"), merge({"spec": {"selector": {"app": "other"}}}), "spec.selector"),
    "exposed": Row(service("exposed"), merge({"spec": {"type": "NodePort"}}), "and 1 more changed by kubectl-patch"),
    "service-deleted": Row(
        service("service-deleted"),
        run("delete", "OBJECT"),
        "is missing",
        stays=("spec.clusterIP", "spec.clusterIPs[0]"),
    ),
    "ingress": Row(
        of("networking.k8s.io/v1", "Ingress", "ingress", spec=HOSTS),
        operate("replace", "/spec/rules/0/host", "b.example.com"),
        "spec.rules",
    ),
    "ingress-class": Row(
        of("networking.k8s.io/v1", "Ingress", "ingress-class", spec=HOSTS), merge({"spec": {"ingressClassName": "x"}})
    ),
    "policy": Row(
        of("networking.k8s.io/v1", "NetworkPolicy", "policy", spec=NET), operate("remove", "/spec/ingress"), "ingress"
    ),
}
RBAC = {
    "role": Row(
        of("rbac.authorization.k8s.io/v1", "Role", "role", rules=RULES),
        operate("add", "/rules/0/verbs/-", "delete"),
        "rules",
    ),
    "role-more": Row(
        of("rbac.authorization.k8s.io/v1", "Role", "role-more", rules=RULES),
        operate("add", "/rules/-", {"apiGroups": [""], "resources": ["secrets"], "verbs": ["get"]}),
        "rules changed by kubectl-patch",
    ),
    "binding": Row(
        of("rbac.authorization.k8s.io/v1", "RoleBinding", "binding", roleRef=ROLE, subjects=[SUBJECT]),
        operate("add", "/subjects/-", {**SUBJECT, "name": "mallory"}),
        "subjects",
    ),
    "account": Row(
        of("v1", "ServiceAccount", "account", **TOKEN), merge({"automountServiceAccountToken": True}), "autom"
    ),
    "account-secret": Row(of("v1", "ServiceAccount", "account-secret"), merge({"secrets": [{"name": "t"}]})),
    "quota-units": Row(
        of("v1", "ResourceQuota", "quota-units", spec={"hard": {"requests.storage": "1Gi"}}),
        merge({"spec": {"hard": {"requests.storage": "1024Mi"}}}),
    ),
    "quota": Row(
        of("v1", "ResourceQuota", "quota", spec={"hard": {"requests.storage": "1Gi"}}),
        merge({"spec": {"hard": {"requests.storage": "2Gi"}}}),
        "requests.storage",
    ),
}
CUSTOM = {
    "size": Row(widget("size"), merge({"spec": {"size": 2}}), "spec.size changed by kubectl-patch"),
    "default-changed": Row(widget("default-changed"), merge({"spec": {"speed": "fast"}})),
    "set-added": Row(widget("set-added"), operate("add", "/spec/set/-", "c")),
    "set-removed": Row(widget("set-removed"), operate("remove", "/spec/set/0"), "spec.set"),
    "set-reordered": Row(widget("set-reordered"), operate("replace", "/spec/set", ["b", "a"])),
    "map-added": Row(widget("map-added"), operate("add", "/spec/map/-", {"name": "z", "v": 3})),
    "map-changed": Row(widget("map-changed"), operate("replace", "/spec/map/0/v", 9), "spec.map[name=x].v"),
    "map-removed": Row(widget("map-removed"), operate("remove", "/spec/map/1"), "spec.map[name=y]"),
    "map-reordered": Row(
        widget("map-reordered"), operate("replace", "/spec/map", [{"name": "y", "v": 2}, {"name": "x", "v": 1}])
    ),
    "list-changed": Row(widget("list-changed"), operate("add", "/spec/list/-", 3), "spec.list"),
    "list-reordered": Row(widget("list-reordered"), operate("replace", "/spec/list", [2, 1]), "spec.list"),
    "widget-status": Row(
        widget("widget-status"),
        run("patch", "OBJECT", "--subresource=status", "--type=merge", "-p", '{"status": {"phase": "x"}}'),
    ),
    "widget-deleted": Row(widget("widget-deleted"), run("delete", "OBJECT"), "is missing"),
}
ROWS = {**CONFIG_MAPS, **SECRETS, **DEPLOYMENTS, **OTHER_WORKLOADS, **NETWORK, **RBAC, **CUSTOM}
assert CONTAINER["env"], "rows set and remove variables"

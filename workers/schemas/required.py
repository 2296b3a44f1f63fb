"""Fields without which an API server refuses an object of a built-in kind.

OpenAPI calls more fields required than the API server insists on: what is not here may be left out by everybody's
manifests. Source: the validation of each kind in the Kubernetes API reference; every line is proved by a dry-run.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

_TEMPLATED: Final = ("selector", "template")

FIELDS: Final[Mapping[str, tuple[str, ...]]] = {
    "io.k8s.api.apps.v1.DaemonSetSpec": _TEMPLATED,
    "io.k8s.api.apps.v1.DeploymentSpec": _TEMPLATED,
    "io.k8s.api.apps.v1.ReplicaSetSpec": ("selector",),
    "io.k8s.api.apps.v1.StatefulSetSpec": _TEMPLATED,
    "io.k8s.api.autoscaling.v2.HorizontalPodAutoscalerSpec": ("maxReplicas", "scaleTargetRef"),
    "io.k8s.api.autoscaling.v2.CrossVersionObjectReference": ("kind", "name"),
    "io.k8s.api.batch.v1.CronJobSpec": ("jobTemplate", "schedule"),
    "io.k8s.api.batch.v1.JobSpec": ("template",),
    "io.k8s.api.core.v1.ConfigMapKeySelector": ("key",),
    "io.k8s.api.core.v1.Container": ("name",),
    "io.k8s.api.core.v1.ContainerPort": ("containerPort",),
    "io.k8s.api.core.v1.EnvVar": ("name",),
    "io.k8s.api.core.v1.HTTPGetAction": ("port",),
    "io.k8s.api.core.v1.KeyToPath": ("key", "path"),
    "io.k8s.api.core.v1.PodSpec": ("containers",),
    "io.k8s.api.core.v1.SecretKeySelector": ("key",),
    "io.k8s.api.core.v1.ServicePort": ("port",),
    "io.k8s.api.core.v1.TCPSocketAction": ("port",),
    "io.k8s.api.core.v1.Volume": ("name",),
    "io.k8s.api.core.v1.VolumeMount": ("mountPath", "name"),
    "io.k8s.api.networking.v1.HTTPIngressPath": ("backend", "pathType"),
    "io.k8s.api.networking.v1.HTTPIngressRuleValue": ("paths",),
    "io.k8s.api.networking.v1.IngressServiceBackend": ("name",),
    "io.k8s.api.rbac.v1.ClusterRoleBinding": ("roleRef",),
    "io.k8s.api.rbac.v1.PolicyRule": ("verbs",),
    "io.k8s.api.rbac.v1.RoleBinding": ("roleRef",),
    "io.k8s.api.rbac.v1.RoleRef": ("kind", "name"),
    "io.k8s.api.rbac.v1.Subject": ("kind", "name"),
    "io.k8s.api.storage.v1.StorageClass": ("provisioner",),
}

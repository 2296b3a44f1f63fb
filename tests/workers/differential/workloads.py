"""Workloads, Services, storage, policies and what is cluster-wide: the built-in kinds people use."""

from __future__ import annotations

from tests.workers.differential.case import Case

PEERS = "\n".join(f"    - ipBlock: {{cidr: 10.{number // 256}.{number % 256}.0/24}}" for number in range(200))

CASES = [
    Case(
        "deployment",
        (
            """\
=== a.yaml
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, labels: {app: web}}
spec:
  replicas: 0
  revisionHistoryLimit: 3
  strategy: {rollingUpdate: {maxSurge: 25%, maxUnavailable: 1}}
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}, annotations: {prometheus.io/port: "8080"}}
    spec:
      serviceAccountName: default
      securityContext: {runAsNonRoot: true, fsGroup: 0o2000, seccompProfile: {type: RuntimeDefault}}
      initContainers:
      - {name: init, image: busybox, command: [sh, -c, "true"], restartPolicy: Always}
      containers:
      - name: main
        image: nginx:1
        args: ["--flag=yes", "-v", "1"]
        ports: [{name: http, containerPort: 80}, {containerPort: 80, protocol: UDP}, {containerPort: 9090}]
        env:
        - {name: A, value: "1"}
        - {name: EMPTY, value: ""}
        - {name: SECRET, valueFrom: {secretKeyRef: {name: s, key: k, optional: true}}}
        - {name: NODE, valueFrom: {fieldRef: {fieldPath: spec.nodeName}}}
        - {name: CPU, valueFrom: {resourceFieldRef: {resource: limits.cpu, divisor: 1m}}}
        envFrom: [{configMapRef: {name: c}}, {prefix: P_, secretRef: {name: s}}]
        resources: {requests: {cpu: 0.1, memory: 64Mi}, limits: {cpu: 1, memory: 1e9}}
        livenessProbe: {httpGet: {path: /, port: http}, periodSeconds: 5}
        readinessProbe: {tcpSocket: {port: 80}}
        startupProbe: {exec: {command: ["true"]}}
        lifecycle: {preStop: {sleep: {seconds: 5}}}
        securityContext: {capabilities: {drop: [ALL]}, readOnlyRootFilesystem: true}
        volumeMounts: [{name: cache, mountPath: /cache}, {name: conf, mountPath: /conf, subPath: a, readOnly: true}]
      - {name: side, image: busybox}
      volumes:
      - {name: cache, emptyDir: {sizeLimit: 1Gi}}
      - {name: conf, configMap: {name: c, items: [{key: a, path: a, mode: 0644}], defaultMode: 420}}
      - name: all
        projected: {sources: [{secret: {name: s}}, {serviceAccountToken: {path: t}}, {downwardAPI: {items: []}}]}
      affinity:
        podAntiAffinity:
          preferredDuringSchedulingIgnoredDuringExecution:
          - {weight: 1, podAffinityTerm: {topologyKey: zone, labelSelector: {matchLabels: {app: web}}}}
      tolerations: [{key: a, operator: Exists, effect: NoExecute, tolerationSeconds: 300}]
      topologySpreadConstraints:
      - {maxSkew: 1, topologyKey: zone, whenUnsatisfiable: ScheduleAnyway, labelSelector: {matchLabels: {app: web}}}
""",
            """\
=== a.yaml
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 0
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web, more: labels}}
    spec:
      containers:
      - name: main
        image: nginx:2
        ports: [{containerPort: 80, protocol: UDP}, {name: metrics, containerPort: 9090}]
        env: [{name: EMPTY, value: ""}, {name: SECRET, value: "no more"}]
        volumeMounts: [{name: conf, mountPath: /conf}]
      volumes:
      - {name: conf, secret: {secretName: s}}
""",
        ),
    ),
    Case(
        "other-workloads",
        (
            """\
=== a.yaml
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: db}
spec:
  serviceName: db
  replicas: 0
  podManagementPolicy: Parallel
  selector: {matchLabels: {app: db}}
  template:
    metadata: {labels: {app: db}}
    spec: {containers: [{name: main, image: db, volumeMounts: [{name: data, mountPath: /data}]}]}
  volumeClaimTemplates:
  - metadata: {name: data}
    spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}
---
apiVersion: apps/v1
kind: DaemonSet
metadata: {name: agent}
spec:
  selector: {matchLabels: {app: agent}}
  updateStrategy: {type: RollingUpdate, rollingUpdate: {maxUnavailable: 10%}}
  template:
    metadata: {labels: {app: agent}}
    spec: {nodeSelector: {no: such}, hostNetwork: true, containers: [{name: main, image: agent}]}
---
apiVersion: batch/v1
kind: Job
metadata: {name: once}
spec:
  suspend: true
  completions: 2
  backoffLimit: 0
  template:
    metadata: {labels: {job: once}}
    spec: {restartPolicy: Never, containers: [{name: main, image: busybox}]}
---
apiVersion: batch/v1
kind: CronJob
metadata: {name: nightly}
spec:
  schedule: "0 3 * * *"
  timeZone: Etc/UTC
  suspend: true
  jobTemplate: {spec: {template: {spec: {restartPolicy: OnFailure, containers: [{name: main, image: busybox}]}}}}
---
apiVersion: v1
kind: PodTemplate
metadata: {name: tmpl}
template: {metadata: {labels: {a: b}}, spec: {containers: [{name: main, image: busybox}]}}
""",
            """\
=== a.yaml
apiVersion: batch/v1
kind: CronJob
metadata: {name: nightly}
spec:
  schedule: "@daily"
  suspend: true
  jobTemplate: {spec: {template: {spec: {restartPolicy: Never, containers: [{name: main, image: busybox:2}]}}}}
""",
        ),
    ),
    Case(
        "services",
        (
            """\
=== a.yaml
apiVersion: v1
kind: Service
metadata: {name: many}
spec:
  selector: {app: web}
  ports:
  - {name: http, port: 80, targetPort: http, appProtocol: http}
  - {name: https, port: 443, targetPort: 8443}
  - {name: dns, port: 53, protocol: UDP}
  - {name: dns-tcp, port: 53, protocol: TCP}
  - {name: metrics, port: 9090, targetPort: "metrics"}
  sessionAffinity: ClientIP
  sessionAffinityConfig: {clientIP: {timeoutSeconds: 60}}
---
apiVersion: v1
kind: Service
metadata: {name: headless}
spec: {clusterIP: None, selector: {app: db}, ports: [{port: 5432}], publishNotReadyAddresses: true}
---
apiVersion: v1
kind: Service
metadata: {name: elsewhere}
spec: {type: ExternalName, externalName: example.com}
---
apiVersion: v1
kind: Service
metadata: {name: no-selector}
spec: {ports: [{port: 80}], internalTrafficPolicy: Local}
---
apiVersion: v1
kind: Endpoints
metadata: {name: no-selector}
subsets: [{addresses: [{ip: 192.0.2.1}, {ip: 192.0.2.2}], ports: [{port: 80}]}]
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {name: slice, labels: {kubernetes.io/service-name: no-selector}}
addressType: IPv4
endpoints: [{addresses: [192.0.2.3], conditions: {ready: true}}]
ports: [{name: "", port: 80, protocol: TCP}]
""",
            """\
=== a.yaml
apiVersion: v1
kind: Service
metadata: {name: many}
spec:
  selector: {app: web}
  ports:
  - {name: dns-tcp, port: 53, protocol: TCP}
  - {name: http, port: 80, targetPort: 8080}
---
apiVersion: v1
kind: Service
metadata: {name: elsewhere}
spec: {type: ClusterIP, ports: [{port: 80}]}
---
apiVersion: v1
kind: Service
metadata: {name: no-selector}
spec: {type: NodePort, ports: [{port: 80}]}
""",
        ),
    ),
    Case(
        "network",
        (
            f"""\
=== a.yaml
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {{name: web, annotations: {{example.com/rewrite: /$1}}}}
spec:
  ingressClassName: class-@NS@
  defaultBackend: {{service: {{name: web, port: {{number: 80}}}}}}
  tls: [{{hosts: [a.example.com], secretName: tls}}]
  rules:
  - host: a.example.com
    http: &http
      paths:
      - {{path: /, pathType: Prefix, backend: {{service: {{name: web, port: {{name: http}}}}}}}}
      - {{path: /x, pathType: Exact, backend: {{service: {{name: web, port: {{number: 1}}}}}}}}
  - {{host: "*.example.com", http: *http}}
---
apiVersion: networking.k8s.io/v1
kind: IngressClass
metadata: {{name: class-@NS@}}
spec: {{controller: example.com/none}}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {{name: deny}}
spec: {{podSelector: {{}}, policyTypes: [Ingress, Egress]}}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {{name: big}}
spec:
  podSelector: {{matchExpressions: [{{key: app, operator: In, values: [a, b]}}]}}
  egress: [{{}}]
  ingress:
  - from:
{PEERS}
    ports: [{{port: 80}}, {{port: http}}, {{port: 1000, endPort: 2000, protocol: UDP}}]
""",
            """\
=== a.yaml
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: big}
spec: {podSelector: {}, ingress: [{}], egress: []}
""",
        ),
    ),
    Case(
        "policies-and-quotas",
        (
            """\
=== a.yaml
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: {name: percent}
spec: {maxUnavailable: 50%, selector: {matchLabels: {app: web}}}
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: {name: number}
spec: {minAvailable: 0, selector: {}, unhealthyPodEvictionPolicy: AlwaysAllow}
---
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: web}
spec:
  scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: none}
  minReplicas: 1
  maxReplicas: 10
  metrics:
  - {type: Resource, resource: {name: cpu, target: {type: Utilization, averageUtilization: 80}}}
  - {type: Pods, pods: {metric: {name: rps}, target: {type: AverageValue, averageValue: 1500m}}}
  behavior: {scaleDown: {stabilizationWindowSeconds: 0, policies: [{type: Percent, value: 10, periodSeconds: 60}]}}
---
apiVersion: v1
kind: LimitRange
metadata: {name: limits}
spec: {limits: [{type: Container, default: {cpu: "1"}, defaultRequest: {cpu: 100m}, max: {memory: 0.5Gi}}]}
---
apiVersion: v1
kind: ResourceQuota
metadata: {name: quota}
spec: {hard: {requests.cpu: 1e3, limits.memory: 1.5Ti, count/jobs.batch: "100", pods: 1k}, scopes: [NotTerminating]}
---
apiVersion: scheduling.k8s.io/v1
kind: PriorityClass
metadata: {name: high-@NS@}
value: 1_000
description: "very: important"
""",
            """\
=== a.yaml
apiVersion: autoscaling/v1
kind: HorizontalPodAutoscaler
metadata: {name: web}
spec:
  scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: none}
  maxReplicas: 5
  targetCPUUtilizationPercentage: 70
---
apiVersion: v1
kind: ResourceQuota
metadata: {name: quota}
spec: {hard: {pods: 2000}, scopes: [NotTerminating]}
""",
        ),
    ),
    Case(
        "quantities",
        (
            """\
=== a.yaml
apiVersion: v1
kind: LimitRange
metadata: {name: odd}
spec:
  limits:
  - type: Container
    max: {cpu: 1e3, memory: 1_000_000_000, ephemeral-storage: 1.5Gi}
    min: {cpu: 0.001, memory: 128, ephemeral-storage: "1024"}
    default: {cpu: 1000m, memory: 524288Ki}
    defaultRequest: {cpu: .5, memory: 5e8}
  - {type: PersistentVolumeClaim, max: {storage: 1E}, min: {storage: 1000000n}}
  - {type: Pod, max: {cpu: "+2", memory: 0x10}}
""",
            """\
=== a.yaml
apiVersion: v1
kind: LimitRange
metadata: {name: odd}
spec:
  limits: [{type: Container, max: {cpu: "1.0000", memory: "0.1"}}]
""",
        ),
    ),
    Case(
        "rights",
        (
            """\
=== a.yaml
apiVersion: v1
kind: ServiceAccount
metadata: {name: robot}
automountServiceAccountToken: off
imagePullSecrets: [{name: b}, {name: a}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: reader}
rules:
- {apiGroups: [""], resources: [pods, pods/log], verbs: [get, list, watch]}
- {apiGroups: ["*"], resources: [secrets], resourceNames: [one], verbs: ["*"]}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: reader}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: reader}
subjects:
- {kind: ServiceAccount, name: robot, namespace: "@NS@"}
- {kind: User, name: "ada@example.com"}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: "all:@NS@"}
aggregationRule: {clusterRoleSelectors: [{matchLabels: {"of-@NS@": "yes"}}]}
rules: []
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: "part:@NS@", labels: {"of-@NS@": "yes"}}
rules: [{nonResourceURLs: [/healthz/*], verbs: [get]}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: "all:@NS@"}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: "all:@NS@"}
subjects: [{kind: Group, name: "system:nobody-@NS@", apiGroup: rbac.authorization.k8s.io}]
""",
            """\
=== a.yaml
apiVersion: v1
kind: ServiceAccount
metadata: {name: robot}
imagePullSecrets: [{name: a}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: reader}
rules: []
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: "part:@NS@"}
""",
        ),
    ),
    Case(
        "admission",
        (
            """\
=== a.yaml
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingWebhookConfiguration
metadata: {name: "validate-@NS@"}
webhooks:
- name: one.example.com
  clientConfig: {service: {namespace: "@NS@", name: hook, path: /v}}
  rules: [{apiGroups: [none.example.com], apiVersions: [v1], operations: [CREATE, UPDATE], resources: [nones]}]
  failurePolicy: Ignore
  sideEffects: None
  admissionReviewVersions: [v1]
- name: two.example.com
  clientConfig: {url: "https://127.0.0.1:1/x"}
  rules: [{apiGroups: [none.example.com], apiVersions: [v1], operations: ["*"], resources: [nones/status]}]
  failurePolicy: Ignore
  sideEffects: NoneOnDryRun
  admissionReviewVersions: [v1]
---
apiVersion: admissionregistration.k8s.io/v1
kind: MutatingWebhookConfiguration
metadata: {name: "mutate-@NS@"}
webhooks:
- name: one.example.com
  clientConfig: {service: {namespace: "@NS@", name: hook}}
  rules: [{apiGroups: [none.example.com], apiVersions: [v1], operations: [CREATE], resources: [nones], scope: "*"}]
  failurePolicy: Ignore
  matchPolicy: Exact
  sideEffects: None
  admissionReviewVersions: [v1]
---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicy
metadata: {name: "policy-@NS@"}
spec:
  matchConstraints:
    resourceRules:
    - {apiGroups: [none.example.com], apiVersions: [v1], operations: [CREATE], resources: [nones]}
  validations: [{expression: "object.metadata.name != 'x'", message: "no x"}]
---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicyBinding
metadata: {name: "policy-@NS@"}
spec: {policyName: "policy-@NS@", validationActions: [Deny]}
""",
            """\
=== a.yaml
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingWebhookConfiguration
metadata: {name: "validate-@NS@"}
webhooks:
- name: two.example.com
  clientConfig: {url: "https://127.0.0.1:1/y"}
  failurePolicy: Ignore
  sideEffects: None
  admissionReviewVersions: [v1]
""",
        ),
    ),
    Case(
        "storage",
        (
            """\
=== a.yaml
apiVersion: storage.k8s.io/v1
kind: StorageClass
metadata: {name: "slow-@NS@"}
provisioner: example.com/none
parameters: {type: slow}
reclaimPolicy: Retain
allowVolumeExpansion: true
mountOptions: [noatime]
---
apiVersion: v1
kind: PersistentVolume
metadata: {name: "pv-@NS@"}
spec:
  capacity: {storage: 1024Mi}
  accessModes: [ReadWriteOnce, ReadOnlyMany]
  storageClassName: "slow-@NS@"
  nfs: {server: 192.0.2.1, path: /}
  claimRef: {namespace: "@NS@", name: nobody}
---
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: claim}
spec:
  accessModes: [ReadWriteOnce]
  storageClassName: "none-@NS@"
  resources: {requests: {storage: 1.5Gi}}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: stays}
""",
            """\
=== a.yaml
apiVersion: v1
kind: ConfigMap
metadata: {name: stays}
""",
        ),
        ours={
            "PersistentVolume/pv-@NS@": "data is not deleted unless Prune=true says so",
            "PersistentVolumeClaim/claim": "data is not deleted unless Prune=true says so",
        },
    ),
    Case(
        "int-or-string",
        (
            """\
=== a.yaml
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {ports: [{name: a, port: 80, targetPort: "http"}, {name: b, port: 81, targetPort: 8080}]}
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: {name: web}
spec: {minAvailable: "30%", selector: {matchLabels: {a: b}}}
""",
            """\
=== a.yaml
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {ports: [{name: a, port: 80, targetPort: 0x50}, {name: b, port: 81, targetPort: other}]}
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: {name: web}
spec: {maxUnavailable: 3, selector: {matchLabels: {a: b}}}
""",
        ),
    ),
]

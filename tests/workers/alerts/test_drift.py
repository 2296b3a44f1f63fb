"""What is told of drift on a real API server: what stays, what was put back, and what is left alone."""

from __future__ import annotations

import pytest

from tests.workers.conftest import Bench
from tests.workers.manifests import config
from tests.workers.test_drift_modes import edit, says, swept
from tests.workers.test_sync import deploy
from workers.alert import Alert

pytestmark = pytest.mark.cluster


def told(bench: Bench) -> list[Alert]:
    """Return what was told so far, oldest first."""
    return [alert for alert, _ in bench.context.records.alerts.waiting("cluster:test").alerts]


def test_a_repair_is_told_with_what_it_undid(bench: Bench) -> None:
    """Found and put back, in one go; the next change is news again."""
    deploy(bench, {"a.yaml": config("one")})
    for number in (1, 2):
        edit(bench, value=f"by hand {number}")
        assert swept(bench)
        assert [alert.kind.value for alert in told(bench)] == ["drift found", "drift repaired"] * number
        bench.clock.forward(60)
    found = told(bench)[0]
    assert found.text == f"differs from Git: ConfigMap {bench.namespace}/one: data.key changed by kubectl-patch"
    assert [ref.name for ref in found.objects] == ["one"]


def test_a_report_is_told_once_and_so_is_its_end(bench: Bench) -> None:
    """However often the sweep looks; also when somebody else puts it back."""
    says(bench, drift="report")
    deploy(bench, {"a.yaml": config("one")})
    edit(bench)
    swept(bench)
    swept(bench)
    assert [alert.kind.value for alert in told(bench)] == ["drift found"]
    text = '{"metadata": {"managedFields": [{}]}, "data": {"key": "a"}}'
    bench.cluster.kubectl("-n", bench.namespace, "patch", "configmap", "one", "-p", text)
    swept(bench)
    swept(bench)
    assert [alert.kind.value for alert in told(bench)] == ["drift found", "drift repaired"]


def test_what_is_fought_over_is_told(bench: Bench) -> None:
    """With who does it."""
    bench.configure(sync=bench.context.settings.sync.model_copy(update={"drift_rounds": 1}))
    deploy(bench, {"a.yaml": config("one")})
    for number in (1, 2):
        edit(bench, value=f"by hand {number}")
        assert swept(bench)
    assert [alert.kind.value for alert in told(bench)] == ["drift found", "drift repaired", "fought over"]
    assert "fought over by kubectl-patch" in told(bench)[-1].text

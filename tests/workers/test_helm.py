"""Charts: the objects are those of ``helm template`` run by hand, and a hostile chart ends bounded and clear."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from deploy.local import binaries
from tests.workers import charts
from tests.workers.charts import CASES, CHART, SHOWN, WEB, application_of, bomb, tree_of
from workers.apps import App
from workers.errors import BadConfiguration, BadDocument, RenderFailed
from workers.git.trees import Tree
from workers.given import Cluster, Given
from workers.renderers import child, helm, planned, source

GIVEN = Given(cluster=Cluster("v1.37.2", ("apps/v1", "apps/v1/Deployment", "v1", "v1/Pod")))


@pytest.fixture(autouse=True)
def _helm(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The helm of the control plane's binaries."""
    monkeypatch.setenv("HELM", str(binaries.locate()["helm"]))
    yield
    while charts.OPENED:
        charts.OPENED.pop().close()


def rendered(tree: Tree, app: App, given: Given = GIVEN) -> list[Any]:
    """Return what we make of an app's chart."""
    return [document.value for document in source.read(tree, app, {}, given)]


@pytest.mark.parametrize("name", CASES)
def test_the_objects_are_those_of_helm_template(name: str, tmp_path: Path) -> None:
    """Object by object, in helm's order."""
    case = CASES[name]
    tree = tree_of(tmp_path, case.files)
    command = [str(binaries.locate()["helm"]), "template", case.name, "web", "--namespace", "place", *case.flags]
    command += [] if "--kube-version" in case.flags else ["--kube-version", "v1.37.2"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    wanted = [one for one in yaml.safe_load_all(done.stdout) if one is not None]
    assert wanted
    assert rendered(tree, application_of(case.said)) == wanted


def test_each_object_names_the_template_it_came_from(tmp_path: Path) -> None:
    """Not the output, whose lines nobody has ever seen."""
    case = CASES["subcharts in the tree, with an alias and a condition"]
    read = source.read(tree_of(tmp_path, case.files), application_of(case.said), {}, GIVEN)
    assert [(one.file, one.line) for one in read] == [
        ("web/charts/second/templates/a.yaml", 0),
        ("web/templates/show.yaml", 0),
    ]


REFUSED: dict[str, tuple[Mapping[str, str | bytes], str, str]] = {
    "no chart": ({"web/a.yaml": "x: 1"}, "releaseName: x", "web has no Chart.yaml"),
    "a value file that is missing": (
        WEB,
        "valueFiles: [none.yaml]",
        "value file none.yaml: there is no file web/none",
    ),
    "a glob without a match": (WEB, "valueFiles: ['*.yml']", r"no file matches web/\*.yml"),
    "a value file above the root": (WEB, "valueFiles: [../../x.yaml]", "leads out of the repository"),
    "a glob above the root": (WEB, "valueFiles: ['../../**']", "leads out of the repository"),
    "a value file by URL": (WEB, "valueFiles: ['file:///etc/passwd']", "nothing is fetched while rendering"),
    "a value file of an unknown ref": (WEB, "valueFiles: [$v/a.yaml]", "no source has the ref v"),
    "a value file that is a link": (
        WEB | {"web/v.yaml@": "/etc/passwd"},
        "valueFiles: [v.yaml]",
        "web/v.yaml is a link",
    ),
    "a glob that finds a link": (WEB | {"v/v.yaml@": "/etc/passwd"}, "valueFiles: ['/v/*']", "v/v.yaml is a link"),
    "a link in the chart": (WEB | {"web/templates/l.yaml@": "/etc/passwd"}, "", "web/templates/l.yaml is a link"),
    "a link to a folder in the chart": (WEB | {"web/charts@": "/etc"}, "", "web/charts is a link"),
    "a file parameter that begins a second one": (
        WEB,
        "fileParameters: [{name: 'a=/etc/passwd,b', path: values.yaml}]",
        "expected a plain name",
    ),
    "a file parameter by URL": (
        WEB,
        "fileParameters: [{name: a, path: 'http://127.0.0.1/'}]",
        "nothing is fetched while rendering",
    ),
    "a release name that is a flag": (WEB, "releaseName: --post-renderer=sh", "release name"),
    "a dependency that is not there": (
        WEB
        | {
            "web/Chart.yaml": CHART + "dependencies: [{name: redis, version: '1', repository: 'https://c.example.com'}]"
        },
        "",
        "the dependencies redis are not in its charts folder: run `helm dependency build`",
    ),
    "a dependency in a folder beside": (
        WEB | {"web/Chart.yaml": CHART + "dependencies: [{name: lib, version: '1', repository: 'file://../../etc'}]"},
        "",
        "the dependencies lib are not in its charts folder",
    ),
    "a value that the schema refuses": (
        WEB | {"web/values.schema.json": charts.SCHEMA},
        "",
        "helm refused web: .*schema",
    ),
    "a template that fails": (
        WEB | {"web/templates/f.yaml": '{{ fail "say replicas" }}'},
        "",
        "web/templates/f.yaml:1.*say replicas",
    ),
    "a template that is no YAML": (WEB | {"web/templates/f.yaml": "a: b: c"}, "", "web/templates/f.yaml"),
    "a chart for another cluster": (
        WEB | {"web/Chart.yaml": CHART + "kubeVersion: '<1.20'"},
        "",
        "helm refused web.*1.37.2",
    ),
    "a library": (WEB | {"web/Chart.yaml": CHART + "type: library"}, "", "library"),
    "endless recursion": (
        WEB
        | {
            "web/templates/_a.tpl": '{{ define "a" }}{{ include "a" . }}{{ end }}',
            "web/templates/f.yaml": '{{ include "a" . }}',
        },
        "",
        r"helm refused web: .*f\.yaml.* … .*nested reference name: a",
    ),
    "an endless loop": (
        WEB | {"web/templates/f.yaml": "" + "{{ range until 9000 }}" * 3 + "{{ end }}" * 3 + ""},
        "",
        "helm took longer than 3 s .*for web and was stopped",
    ),
    "endless memory": (
        WEB | {"web/templates/f.yaml": "{{ range until 900000000 }}x{{ end }}"},
        "",
        "helm needed more than 512 MiB of memory",
    ),
    "endless output": (
        WEB | {"web/templates/f.yaml": 'kind: X\na: {{ repeat 5000000 "x" }}'},
        "",
        "helm wrote more than 1 MiB for web",
    ),
    "a packed dependency that is a bomb": (
        WEB | {"web/charts/sub-1.tgz": bomb(120 << 20)},
        "",
        "larger than the maximum size",
    ),
    "a packed dependency that is none": (WEB | {"web/charts/sub-1.tgz": b"no archive"}, "", "helm refused web"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_bad_chart_ends_bounded_and_clear(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One sentence that names what is wrong and no path of this machine; every limit is far below the machine's."""
    files, said, sentence = REFUSED[name]
    # The other limits are met sooner, however busy the machine is.
    seconds = 3 if "took longer" in sentence else 60
    for limit, value in (("SECONDS", seconds), ("BYTES", 1 << 20), ("MEMORY", 512 << 20)):
        monkeypatch.setattr(child, f"RENDER_{limit}", value)
    with pytest.raises((RenderFailed, BadDocument), match=sentence) as raised:
        rendered(tree_of(tmp_path, files), application_of(said))
    text = str(raised.value)
    assert "\n" not in text
    assert "hookline-render-" not in text
    assert str(tmp_path) not in text
    assert "root:" not in text
    assert len(text) < 1000


def test_a_chart_reads_no_file_no_environment_and_no_network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What helm offers to a template leads nowhere; a function that it does not have is refused."""
    monkeypatch.setenv("HOOKLINE_CANARY", "canary")
    asks = [
        '.Files.Get "../../../etc/passwd"',
        '.Files.Get "/etc/passwd"',
        '(.Files.Glob "../**").AsConfig',
        'getHostByName "localhost"',
        'lookup "v1" "Secret" "" "" | toJson',
    ]
    text = "kind: X\na:\n" + "".join(f"- {{{{ {ask} | quote }}}}\n" for ask in asks)
    [_, found] = rendered(tree_of(tmp_path, WEB | {"web/templates/x.yaml": text}), application_of(""))
    assert found["a"] == ["", "", "{}", "", "{}"]
    for name in ("env", "expandenv"):
        chart = tmp_path / name
        chart.mkdir()
        with pytest.raises(RenderFailed, match=f'function "{name}" not defined'):
            rendered(
                tree_of(chart, WEB | {"web/templates/x.yaml": f'{{{{ {name} "HOOKLINE_CANARY" }}}}'}),
                application_of(""),
            )


def test_a_child_has_no_environment_and_no_way_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where this kernel gives a network namespace, nothing but its own silent loopback is in there."""
    monkeypatch.setenv("HOOKLINE_CANARY", "canary")
    done = child.run(
        "sh", "x", ["/bin/sh", "-c", "/usr/bin/env; /bin/cat /proc/net/dev"], tmp_path, readable=[Path("/proc")]
    )
    assert b"CANARY" not in done.output
    assert [line.split(b":")[0].strip() for line in done.output.splitlines() if b":" in line] == [b"lo"]


def test_what_counts_as_changed(tmp_path: Path) -> None:
    """The chart, its value files, what helm is told; not the rest of the repository, nor what it cannot ask about."""
    files = WEB | {"eu.yaml": "a: eu", "other/x.yaml": "a: 1"}
    app = application_of("valueFiles: [/eu.yaml]")

    def key(number: int, files: dict[str, Any], app: App = app, cluster: Cluster = GIVEN.cluster) -> list[str]:
        (tmp_path / str(number)).mkdir()
        return source.inputs(tree_of(tmp_path / str(number), files), app, {}, Given(cluster=cluster))

    same = key(0, files)
    assert key(1, files | {"other/x.yaml": "a: 2"}) == same
    assert key(2, files, cluster=Cluster("v9", ("x/v1",))) == same
    assert key(3, files | {"eu.yaml": "a: us"}) != same
    assert key(4, files | {"web/templates/n.yaml": SHOWN}) != same
    assert key(5, files, replace(app, name="other")) != same
    assert key(6, files, replace(app, namespace="other")) != same
    asking = files | {"web/templates/ask.yaml": '{{ .Capabilities.APIVersions.Has "example.com/v1/Gear" }}'}
    same = key(7, asking)
    assert key(8, asking, cluster=Cluster("v1.37.2", (*GIVEN.cluster.apis, "other.example/v1"))) == same
    assert key(9, asking, cluster=Cluster("v1.37.2", (*GIVEN.cluster.apis, "example.com/v1/Gear"))) != same
    assert key(10, asking, cluster=Cluster("v1.38.0", GIVEN.cluster.apis)) != same


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ("$ARGOCD_APP_NAME-x", "myapp-x"),
        ("${ARGOCD_APP_NAME}x", "myappx"),
        ("$$HOME", "$HOME"),
        ("$HOME", ""),
        ("a$", "a$"),
    ],
)
def test_the_build_environment(text: str, result: str) -> None:
    """As in Argo CD: only its own names are known, and what nobody knows is nothing."""
    assert planned.substituted(text, {"ARGOCD_APP_NAME": "myapp"}) == result


def test_without_helm_the_operator_hears_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The setting goes before $HELM, $HELM before the PATH."""
    monkeypatch.setenv("HELM", str(tmp_path / "none"))
    with pytest.raises(BadConfiguration, match=r"this app is a chart and there is .*none cannot be run: install Helm"):
        helm.binary("")
    with pytest.raises(BadConfiguration, match="setting"):
        helm.binary(str(tmp_path / "setting"))
    monkeypatch.delenv("HELM")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(BadConfiguration, match="no helm on the PATH"):
        helm.binary("")

"""Lua checks in Argo CD's format: as people write them, and as nobody should."""

from __future__ import annotations

from typing import Any

import pytest

from workers.health import Checks, judge
from workers.health.checks import Script
from workers.health.sandbox import SANDBOX
from workers.model import Verdict
from workers.stages import hooks

WIDGET: dict[str, Any] = {
    "apiVersion": "example.com/v1",
    "kind": "Widget",
    "metadata": {"name": "w", "generation": 2, "annotations": {"team": "a-b"}, "managedFields": [{"manager": "m"}]},
    "spec": {"replicas": 3},
    "status": {
        "ready": 2,
        "phase": "Running-fine",
        "conditions": [
            {"type": "Synced", "status": "True"},
            {"type": "Ready", "status": "False", "reason": "Broken", "message": "disk full: 91 %"},
        ],
    },
}


def told(script: str, manifest: dict[str, Any] | None = None) -> Verdict:
    """Judge the widget by a script."""
    return judge(manifest or WIDGET, Checks((Script("example.com/Widget", script),)))


LOOP = """
hs = {}
if obj.status ~= nil then
  if obj.status.conditions ~= nil then
    for i, condition in ipairs(obj.status.conditions) do
      if condition.type == "Ready" and condition.status == "False" then
        hs.status = "Degraded"
        hs.message = condition.message
        return hs
      end
      if condition.type == "Ready" and condition.status == "True" then
        hs.status = "Healthy"
        hs.message = condition.message
        return hs
      end
    end
  end
end
hs.status = "Progressing"
hs.message = "Waiting for the widget"
return hs
"""
GOTO = """
for _, condition in ipairs(obj.status.conditions) do
  if condition.type ~= "Ready" then goto next end
  do return {status = "Degraded", message = condition.reason} end
  ::next::
end
"""
FUNCTIONS = """
local os = require("os")
local function find(kind)
  for _, one in pairs(obj.status and obj.status.conditions or {}) do
    if one.type == kind then return one end
  end
  return nil
end
local ready = find("Ready")
local number = tonumber(string.match(ready.message, "(%d+) %%"))
local text = string.format("%s: %d of %d, %d %% (%s)", ready.reason:lower(), obj.status.ready, obj.spec.replicas,
  number, string.gsub(obj.metadata.annotations["team"], "-", "_"))
if os.time() < os.time({year = 2001, month = 1, day = 1}) then error("clock") end
if string.find(obj.status.phase, "fine$") and #obj.status.conditions == 2 and math.max(1, number) == 91 then
  return {status = "Progressing", message = text}
end
return {status = "Healthy"}
"""


@pytest.mark.parametrize(
    ("script", "verdict"),
    [
        (LOOP, Verdict(True, False, "is degraded (disk full: 91 %)")),
        (FUNCTIONS, Verdict(False, False, "is progressing (broken: 2 of 3, 91 % (a_b))")),
        ("return {status = 'Healthy'}", Verdict(True, True, "is healthy")),
        ("hs = {status = 'Suspended', message = 'paused'} return hs", Verdict(True, True, "is suspended (paused)")),
        ("return {status = 'Missing'}", Verdict(False, False, "is missing")),
        ("return {status = 'Unknown', message = ''}", Verdict(False, False, "has an unknown health")),
        (
            "return {status = 'Healthy', message = 'ready ' .. obj.status.ready}",
            Verdict(True, True, "is healthy (ready 2)"),
        ),
        (
            GOTO,
            Verdict(True, False, "is degraded (Broken)"),
        ),
        ("return {status = obj.metadata.managedFields and 'Degraded' or 'Healthy'}", Verdict(True, True, "is healthy")),
        ("return {status = python and 'Degraded' or 'Healthy'}", Verdict(True, True, "is healthy")),
        ("return {status = 'Degraded', message = 'a\\nb'}", Verdict(True, False, "is degraded (a b)")),
        (
            "return {status = 'Degraded', message = 'https://u:p@h/'}",
            Verdict(True, False, "is degraded (https://***@h/)"),
        ),
    ],
)
def test_a_check_as_people_write_it(script: str, verdict: Verdict) -> None:
    """Each of Argo CD's words is a verdict, with the check's message."""
    assert told(script) == verdict


def test_degraded_is_no_failure_while_the_status_is_of_an_older_spec() -> None:
    """The commit that mends an object does not fail over what it mends; other words stand as they are."""
    old = {**WIDGET, "status": {**WIDGET["status"], "observedGeneration": 1}}
    words = "is degraded (disk full: 91 %); its controller has not seen the latest change yet"
    assert told(LOOP, old) == Verdict(False, False, words)
    assert told("return {status = 'Healthy'}", old).ok
    new = {**WIDGET, "status": {**WIDGET["status"], "observedGeneration": 2}}
    assert told(LOOP, new) == Verdict(True, False, "is degraded (disk full: 91 %)")


def test_an_object_without_a_status() -> None:
    """What a check says before a controller has looked."""
    bare = {key: value for key, value in WIDGET.items() if key != "status"}
    assert told(LOOP, bare) == Verdict(False, False, "is progressing (Waiting for the widget)")


HOSTILE = {
    "endless loop": ("while true do end", "failed: it takes more than 2000000 instructions"),
    "endless loop in a pcall": (
        "while true do pcall(function() while true do end end) end",
        "failed: it takes more than 2000000 instructions",
    ),
    "endless goto": ("::again:: goto again", "failed: it takes more than 2000000 instructions"),
    "memory": ("local t = {} while true do t[#t + 1] = string.rep('x', 1e6) .. #t end", "failed: not enough memory"),
    "one huge text": ("return string.rep('x', 1e10)", "failed: not enough memory"),
    "recursion": ("local function f() return 1 + f() end f()", "failed: not enough memory"),
    "pattern bomb": (
        "return string.find(string.rep('a', 1e5), string.rep('a*', 30) .. 'b')",
        "failed: it takes more than a second",
    ),
    "nothing, often": ("return string.rep('', 1e11)", "failed: it takes more than a second"),
    "loop in an error handler": (
        "local function f() while true do end end return xpcall(f, f)",
        "failed: it takes more than a second",
    ),
    "deep pattern": (
        "return string.match(string.rep('a', 3e5), string.rep('a?', 20000))",
        "failed: health.lua:1: pattern too complex",
    ),
    "file": ("return io.open('/etc/passwd')", "failed: health.lua:1: attempt to index global 'io' (a nil value)"),
    "command": ("os.execute('id')", "failed: health.lua:1: attempt to call field 'execute' (a nil value)"),
    "environment": ("os.getenv('HOME')", "failed: health.lua:1: attempt to call field 'getenv' (a nil value)"),
    "module": ("require('io')", "failed: health.lua:1: module 'io' is not available to a check"),
    "load": ("load('return 1')", "failed: health.lua:1: attempt to call global 'load' (a nil value)"),
    "dofile": ("dofile('/etc/passwd')", "failed: health.lua:1: attempt to call global 'dofile' (a nil value)"),
    "dump": ("string.dump(print)", "failed: health.lua:1: attempt to call field 'dump' (a nil value)"),
    "hooks": ("debug.sethook()", "failed: health.lua:1: attempt to index global 'debug' (a nil value)"),
    "coroutine": (
        "coroutine.wrap(print)()",
        "failed: health.lua:1: attempt to index global 'coroutine' (a nil value)",
    ),
    "Python": ("python.eval('1')", "failed: health.lua:1: attempt to index global 'python' (a nil value)"),
    "attribute of Python": ("return obj.__class__.x", "failed: health.lua:1: attempt to index field '__class__'"),
    "bytecode": ("\x1bLua", "failed: attempt to load a binary chunk (mode is 't')"),
    "error that is no text": ("error({code = 1})", "failed: a table"),
    "nil": ("return obj.spec.nothing.at_all", "failed: health.lua:1: attempt to index field 'nothing' (a nil value)"),
    "no answer": ("local hs = {status = 'Healthy'}", "failed: it returned nothing, not a table"),
    "number": ("return 1", "failed: it returned a number, not a table"),
    "status by metatable": (
        "return setmetatable({}, {__index = function() while true do end end})",
        "returned no status: expected one of Healthy",
    ),
    "status that is no text": (
        "return {status = setmetatable({}, {__tostring = function() return 'Healthy' end})}",
        "returned status 'a table': expected one of Healthy",
    ),
    "unknown word": ("return {status = 'healthy'}", "returned status 'healthy': expected one of Healthy"),
    "bytes": ("return {status = 'Degraded', message = '\\255'}", "failed: its status or message is not UTF-8"),
    "syntax": ("if obj then", "failed: health.lua:1: 'end' expected near <eof>"),
}


@pytest.mark.parametrize(("script", "words"), HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_check_ends_and_says_why(script: str, words: str) -> None:
    """The object is not well, and not failed either: nothing is known of it. The check is named."""
    verdict = told(script)
    assert (verdict.done, verdict.ok) == (False, False)
    assert verdict.message.startswith(f"is not judged: check example.com/Widget {words}")
    assert told("return {status = 'Healthy'}").ok


def test_a_huge_message_is_cut() -> None:
    """A verdict is one sentence, also when a check writes megabytes."""
    verdict = told("return {status = 'Degraded', message = string.rep('a', 1e7)}")
    assert not verdict.ok
    assert len(verdict.message) < 400
    split = told("return {status = 'Degraded', message = 'a' .. string.rep('\\195\\169', 1e6)}")
    assert split.done
    assert split.message.startswith("is degraded (aéé")


@pytest.mark.parametrize(
    "poison",
    [
        "getmetatable('').__index = function() return function() return 'Healthy' end end",
        "string.format = function() return 'poisoned' end",
        "ipairs = nil pairs = nil",
        "_G.hs = {status = 'Healthy'}",
        "setmetatable(_G, {__index = function() return 'Healthy' end})",
        "math.max = os.time os.time = nil",
        "obj.metadata.name = 'other' obj.status = {ready = 9}",
    ],
)
def test_nothing_that_one_check_does_is_seen_by_the_next(poison: str) -> None:
    """Every check has an interpreter of its own."""
    probe = """
    local found = {}
    for _, one in ipairs({'a'}) do found[1] = one end
    return {status = hs and 'Healthy' or 'Degraded', message = ('%s %d %s %s'):format(found[1], math.max(1, 2),
      obj.metadata.name, obj.status.ready) .. (os.time() > 0 and '!' or '')}
    """
    told(poison + " return {status = 'Healthy'}")
    assert told(probe) == Verdict(True, False, "is degraded (a 2 w 2!)")


def test_the_object_handed_in_stays_as_it_was() -> None:
    """A check changes a copy."""
    told("obj.status.phase = 'x' obj.spec = nil return {status = 'Healthy'}")
    assert WIDGET["status"]["phase"] == "Running-fine"
    assert WIDGET["spec"] == {"replicas": 3}


def test_a_second_look_at_what_took_too_long_does_not_run_it_again() -> None:
    """The same check and object again: no new child is needed for the same answer; another object is run."""
    bomb = "if obj.kind == 'Widget' then return string.rep('', 1e11) end return {status = 'Healthy'}"
    first = told(bomb)
    told("return {status = 'Healthy'}")
    child = SANDBOX.child
    assert told(bomb) == first
    assert SANDBOX.child == child
    other = {**WIDGET, "kind": "Gadget"}
    assert judge(other, Checks((Script("example.com/Gadget", bomb),))) == Verdict(True, True, "is healthy")


SCRIPTS = tuple(
    Script(kind, f"return {{status = 'Degraded', message = '{kind}'}}")
    for kind in ("apps/Deployment", "*.example.com/*", "*.example.com/Wid*", "ConfigMap", "*/Bucket")
)


@pytest.mark.parametrize(
    ("version", "kind", "by"),
    [
        ("apps/v1", "Deployment", "apps/Deployment"),
        ("a.example.com/v1", "Gadget", "*.example.com/*"),
        ("a.example.com/v1", "Widget", "*.example.com/Wid*"),
        ("v1", "ConfigMap", "ConfigMap"),
        ("s3.aws.upbound.io/v1", "Bucket", "*/Bucket"),
        ("v1", "Secret", ""),
        ("apps/v1", "StatefulSet", ""),
        ("example.com/v1", "Widget", ""),
    ],
)
def test_which_check_judges_a_kind(version: str, kind: str, by: str) -> None:
    """The very kind first, then the longest pattern that fits, and only then a rule of Hookline's."""
    message = judge({"apiVersion": version, "kind": kind}, Checks(SCRIPTS)).message
    assert (message == f"is degraded ({by})") == bool(by)


def test_an_object_that_is_deleted_or_to_be_ignored_is_not_shown_to_a_check() -> None:
    """What is true of every object goes first."""
    leaving = {**WIDGET, "metadata": {"deletionTimestamp": "2026-01-01T00:00:00Z"}}
    ignored = {**WIDGET, "metadata": {"annotations": {"argocd.argoproj.io/ignore-healthcheck": "true"}}}
    assert told("return {status = 'Healthy'}", leaving).message == "is being deleted"
    assert told("return {status = 'Degraded'}", ignored).message == "is not judged, as its annotation says"


def test_a_hook_is_judged_by_a_check_whatever_its_annotation_says() -> None:
    """Its end has to be seen, also while it is on its way out."""
    annotations = {hooks.MARK: "1/Sync", "argocd.argoproj.io/ignore-healthcheck": "true"}
    hook = {**WIDGET, "metadata": {**WIDGET["metadata"], "annotations": annotations}}
    checks = Checks((Script("example.com/Widget", LOOP),))
    assert hooks.verdict(hook, "1/Sync", checks) == Verdict(True, False, "is degraded (disk full: 91 %)")
    leaving = {**hook, "metadata": {**hook["metadata"], "deletionTimestamp": "2026-01-01T00:00:00Z"}}
    assert hooks.verdict(leaving, "1/Sync", checks) == Verdict(True, False, "is degraded (disk full: 91 %)")

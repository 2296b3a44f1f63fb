"""Canaries put everywhere a secret has ever been found, and looked for in everything that is shown."""

from __future__ import annotations

import base64
import json
import time
from typing import Any

import pytest

from workers.model import Manifest, Ref
from workers.plans import Effect, Plan, Planned, compared, markdown, masks, shown, terminal
from workers.plans.masks import Mask

CANARY = "canary-hunter2"
ENCODED = base64.b64encode(CANARY.encode()).decode()
SECRET: Manifest = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "keys"}, "data": {"key": ENCODED}}
quoted = "canary%2dhunter2"
shifted = [base64.b64encode(f"{before}{CANARY}:x".encode()).decode() for before in ("me:", "you:", "they:")]
LAST = json.dumps({**SECRET, "data": None, "stringData": {"key": CANARY}})


def thing(kind: str = "Deployment", **more: Any) -> Manifest:
    """An object that is no Secret."""
    return {"apiVersion": "v1", "kind": kind, "metadata": {"name": "web", **more.pop("metadata", {})}, **more}


def env(name: str, value: str) -> Manifest:
    """A workload with one variable."""
    return thing(
        spec={"template": {"spec": {"containers": [{"name": "web", "env": [{"name": name, "value": value}]}]}}}
    )


@pytest.mark.parametrize(
    "manifest",
    [
        SECRET,
        {**SECRET, "stringData": {"key": CANARY}},
        {**SECRET, "stringdata": {"key": CANARY}},
        {**SECRET, "metadata": {"name": "keys", "annotations": {"note": f"it is {CANARY}"}}},
        {"apiVersion": "v1", "kind": "List", "metadata": {"name": "all"}, "items": [SECRET]},
        thing(metadata={"annotations": {"kubectl.kubernetes.io/last-applied-configuration": LAST}}),
        env("DB", f"postgres://me:{CANARY}@db/shop"),
        env("DB", f"Server=db;User=me;Password={CANARY};Timeout=3"),
        env("DB_PASSWORD", CANARY),
        env("API_KEY", CANARY),
        env("GITHUB", "ghp_0123456789abcdefghij0123456789abcdefgh"),
        thing("ConfigMap", data={"password": CANARY}),
        thing("ConfigMap", data={"app.ini": f"[db]\nhost = db\npassword = {CANARY}\n"}),
        thing(spec={"args": [f"--token={CANARY}"]}),
        thing(spec={"args": ["--token", CANARY, "--verbose"]}),
        thing(spec={"command": ["sh", "-c", f"run --db-password {CANARY} --once"]}),
        thing("ConfigMap", data={"app.yaml": f'spring:\n  datasource:\n    password: "{CANARY}"\n'}),
        thing("ConfigMap", data={"app.json": json.dumps({"db": {"password": CANARY}})}),
        thing("ConfigMap", data={"app.json": json.dumps({"more": json.dumps({"apiKey": CANARY})})}),
        thing("ConfigMap", data={"app.yaml": f"private_key: |\n  {CANARY}\n  {CANARY}\nnext: a\n"}),
        thing("ConfigMap", data={"web.xml": f"<db><password>{CANARY}</password></db>"}),
        thing("ConfigMap", data={"web.config": f'<add key="DbPassword" value="{CANARY}"/>'}),
        thing("ConfigMap", data={"app.properties": f"spring.datasource.password={CANARY}\n"}),
        thing("ConfigMap", data={"tls.key": CANARY, "id_rsa": CANARY, ".htpasswd": f"me:{CANARY}"}),
        thing("Values", spec={"values": {"auth": {"adminPassword": CANARY, "token": CANARY}}}),
        thing("Values", spec={"parameters": [{"name": "db.password", "value": CANARY}]}),
        thing(metadata={"annotations": {"note": f"https://me:{CANARY}@example.com/hook"}}),
        thing(metadata={"annotations": {"config": json.dumps({"password": CANARY})}}),
        {**env("DB_PASSWORD", CANARY), "status": {"message": f"cannot log in with {CANARY}"}},
        {**SECRET, "data": {"a.env": base64.b64encode(f"A=1\nB='{CANARY}'\n".encode()).decode()}, "x": f"is {CANARY}"},
    ],
)
@pytest.mark.parametrize("way", ["created", "configured", "deleted"])
def test_no_canary_is_shown_in_any_way(manifest: Manifest, way: str) -> None:
    """Told by its kind, its shape or the name it goes by, with no other Secret known."""
    ref = Ref("", str(manifest["kind"]), "shop", str(manifest["metadata"]["name"]))
    other = {**manifest, "spec": {"other": True}}
    before, after = {"created": (None, manifest), "configured": (other, manifest), "deleted": (manifest, None)}[way]
    diff = compared.difference(ref, before, after, Mask(masks.values([manifest])))
    made = Plan("myapp", "test", "main", "a" * 40, (Planned(ref, Effect(way), "a.yaml:1", (), diff),))
    told = json.dumps(shown.as_json(made)) + shown.as_patch(made) + markdown.rendered(made)
    told += "\n".join(line.plain for line in terminal.lines(made))
    assert diff
    assert [one for one in (CANARY, ENCODED, "ghp_") if one in told] == []


def test_what_a_secret_holds_in_its_parts_is_found_elsewhere() -> None:
    """Lines of a file of variables, logins of a registry, lines of a key; a name that many things have is not."""
    login = base64.b64encode(f"robot:{CANARY}-login".encode()).decode()
    config = json.dumps({"auths": {"registry.example.com": {"auth": login, "password": f"{CANARY}-json"}}})
    line = "MIIEvQIBADANBgkqhkiG9w0BAQEFAASC" + "x" * 20
    secret = {
        **SECRET,
        "data": None,
        "stringData": {"a": f"A=1\nB={CANARY}-line\n", "b": config, "c": f"-\n{line}\n-\n"},
    }
    mask = Mask(
        masks.values([secret, env("SECRET_NAME", "web-of-the-shop"), thing(metadata={"name": "web-of-the-shop"})])
    )
    told = mask.text(f"{CANARY}-line {CANARY}-login {CANARY}-json {login} {line} web-of-the-shop")
    assert told == "*** *** *** *** *** web-of-the-shop"


@pytest.mark.parametrize(
    "hostile",
    ["token" * 20_000, "--" + "token-" * 20_000, "token: |\n  x\n" * 10_000, "secret: '" * 10_000, " " * 100_000],
)
def test_a_hostile_text_is_masked_in_no_long_time(hostile: str) -> None:
    """Every pattern is linear, and it does not matter how many secrets are looked for."""
    mask = Mask(f"secret-value-{number}" for number in range(10_000))
    began = time.process_time()
    mask.text(hostile + "secret-v" * 10_000)
    assert time.process_time() - began < 20


@pytest.mark.parametrize("form", [CANARY, ENCODED, f"x{CANARY}y", f"{CANARY}\n", quoted, *shifted])
def test_the_value_of_a_secret_is_found_in_other_objects(form: str) -> None:
    """As it is and in base64, also as a name; in a text, too. What is short is left: it would be found everywhere."""
    mask = Mask(masks.values([SECRET, {**SECRET, "data": {"user": "admin"}}]))
    manifest = thing(spec={"note": form, form: "x", "user": "admin"})
    shown = mask.manifest(manifest)
    assert CANARY not in str(shown)
    assert ENCODED not in str(shown)
    assert shown["spec"]["user"] == "admin"
    assert CANARY not in mask.text(f"refused: {form}")


def test_the_names_of_an_object_stay() -> None:
    """Or nobody knew what is meant."""
    mask = Mask(["web-of-the-shop"])
    found = mask.manifest(thing(metadata={"name": "web-of-the-shop", "labels": {"app": "web-of-the-shop"}}))
    assert found["metadata"] == {"name": "web-of-the-shop", "labels": {"app": "***"}}


def test_a_value_that_is_another_one_is_told_without_it() -> None:
    """At its key; what stays the same is not."""
    ref = Ref("", "Secret", "shop", "keys")
    before = {**SECRET, "data": {"key": ENCODED, "same": ENCODED}}
    diff = compared.difference(ref, before, {**before, "data": {"key": "b3RoZXI=", "same": ENCODED}}, Mask())
    assert [line for line in diff.splitlines() if line[0] in "+-"] == [
        "--- a/shop/Secret/keys",
        "+++ b/shop/Secret/keys",
        "-  key: '***'",
        "+  key: '*** (changed)'",
    ]


def test_nothing_in_a_difference_moves_a_cursor_or_turns_the_writing() -> None:
    """An object holds the words of a stranger."""
    ref = Ref("", "ConfigMap", "shop", "x")
    manifest = thing("ConfigMap", data={"a": "\x1b[2J\u202eabc\u2028+fake", "b": "one\n\x1b[2Jtwo\n"})
    diff = compared.difference(ref, None, manifest, Mask())
    assert all(letter.isprintable() or letter == "\n" for letter in diff)
    assert all(line[0] in "+-@ " for line in diff.splitlines())


def test_a_huge_object_takes_no_long_time() -> None:
    """Beyond some lines, only their number is compared."""
    ref = Ref("", "ConfigMap", "shop", "x")
    many = thing("ConfigMap", data={"a": "\n".join(f"line {n}" for n in range(20_000))})
    other = thing("ConfigMap", data={"a": "\n".join(f"other {n}" for n in range(20_000))})
    diff = compared.difference(ref, many, other, Mask())
    assert len(diff.splitlines()) < 2 * compared.MOST_LINES + 10
    assert "more lines" in compared.difference(ref, None, many, Mask())

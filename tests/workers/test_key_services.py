"""Files whose keys a service holds: opened by the real sops, at a Vault and at moto's KMS, if the app may ask it."""

from __future__ import annotations

import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import psutil
import pytest
import redis
import structlog
from pydantic import ValidationError

from deploy.local import binaries
from deploy.local.vault import Vault
from tests.fakes import age, kms
from tests.workers.conftest import Bench
from tests.workers.test_sops import CANARY, ONLY_DATA, PAIR, SECRET, of_flux, password, places
from workers import keys
from workers.decryption import Decryption
from workers.errors import AccessDenied, BadConfiguration, HooklineError, RenderFailed, SourceUnreachable
from workers.given import Keys, Service
from workers.model import State
from workers.renderers import child, keymessages, keynames, keyservice, sops

ARN = "arn:aws:kms:eu-west-1:123456789012:key/1-2"
ROLE = "arn:aws:iam::123456789012:role/sops"
RESOURCE = "projects/shop/locations/global/keyRings/sops/cryptoKeys/one"
EVERY = "arn:aws:kms:eu-west-1:123456789012:key/*"


@pytest.fixture(scope="module")
def server() -> Iterator[kms.Kms]:
    """A KMS for all tests."""
    with kms.serving() as made:
        yield made


def encrypted(folder: Path, text: str, environment: Mapping[str, str], *said: str) -> bytes:
    """Encrypt a text as a person does, with the flags ``said``."""
    return age.sealed(folder, "one.yaml", text, *said, *ONLY_DATA, **environment).encode()


def held(server: kms.Kms, *globs: str, **more: Any) -> Keys:
    """What opens files of the keys that are listed."""
    service = Service(tuple(("kms", glob) for glob in globs), tuple(server.environment.items()))
    return Keys(places=("decryption.mine",), services=(service,), **more)


def message(kind: str, **fields: Any) -> Any:
    """A key as sops names it."""
    request = keymessages.Request(ciphertext=b"x")
    one = getattr(request.key, kind)
    for name, value in fields.items():
        setattr(one, name, value)
    one.SetInParent()
    return request.key


@pytest.mark.parametrize(
    ("kind", "fields", "field", "name"),
    [
        ("kms_key", {"arn": ARN}, "kms", ARN),
        ("kms_key", {"arn": ARN, "role": ROLE, "aws_profile": "dev"}, "kms", f"{ARN}+{ROLE}"),
        ("kms_key", {"arn": "arn:aws-cn:kms:cn-north-1:123456789012:alias/a/b"}, "kms", ""),
        ("gcp_kms_key", {"resource_id": RESOURCE}, "gcp_kms", RESOURCE),
        (
            "azure_keyvault_key",
            {"vault_url": "https://Shop.vault.azure.net/", "name": "sops", "version": "1a"},
            "azure_keyvault",
            "https://shop.vault.azure.net/keys/sops/1a",
        ),
        (
            "vault_key",
            {"vault_address": "http://vault:8200", "engine_path": "team/sops", "key_name": "shop"},
            "hc_vault_transit_uri",
            "http://vault:8200/v1/team/sops/keys/shop",
        ),
    ],
)
def test_a_key_is_called_as_sops_calls_it(kind: str, fields: dict[str, str], field: str, name: str) -> None:
    name = name or fields["arn"]
    assert keynames.named(message(kind, **fields)) == (field, name)


VAULT = {"vault_address": "https://vault.example", "engine_path": "sops", "key_name": "shop"}


@pytest.mark.parametrize(
    ("kind", "fields"),
    [
        ("kms_key", {"arn": "arn:aws:kms:eu.evil.example/:123456789012:key/1"}),
        ("kms_key", {"arn": "arn:aws:kms:eu-west-1:123456789012:key/1\n"}),
        ("kms_key", {"arn": "arn:aws:s3:::bucket"}),
        ("kms_key", {"arn": ARN, "role": "arn:aws:iam::1:user/x"}),
        ("kms_key", {"arn": ARN, "role": f"{ROLE}+{ARN}x\n"}),
        ("gcp_kms_key", {"resource_id": f"{RESOURCE}/../../x"}),
        ("gcp_kms_key", {"resource_id": f"{RESOURCE}?alt=media"}),
        ("azure_keyvault_key", {"vault_url": "http://shop.vault.azure.net", "name": "sops"}),
        ("azure_keyvault_key", {"vault_url": "https://shop.vault.azure.net", "name": "../secrets/x"}),
        ("azure_keyvault_key", {"vault_url": "https://shop.vault.azure.net@evil.example", "name": "sops"}),
        ("vault_key", VAULT | {"vault_address": "https://ada:x@vault.example"}),
        ("vault_key", VAULT | {"vault_address": "https://vault.example/v1/other"}),
        ("vault_key", VAULT | {"vault_address": "https://vault.example?x"}),
        ("vault_key", VAULT | {"vault_address": "unix:///run/vault"}),
        ("vault_key", VAULT | {"vault_address": "https://vault.exämple"}),
        ("vault_key", VAULT | {"vault_address": "https://[::1"}),
        ("vault_key", VAULT | {"engine_path": "sops/../secret"}),
        ("vault_key", VAULT | {"engine_path": "sops%2f.."}),
        ("vault_key", VAULT | {"key_name": ""}),
        ("vault_key", VAULT | {"key_name": "a?b"}),
        ("vault_key", VAULT | {"key_name": "a//b"}),
    ],
)
def test_a_name_that_could_mean_another_place_is_no_key(kind: str, fields: dict[str, str]) -> None:
    with pytest.raises(ValueError, match=r"plain|cannot be listed|IPv6"):
        keynames.named(message(kind, **fields))


def test_kinds_we_do_not_know_are_no_key() -> None:
    """An age key (field 6) and a plugin's (field 8), by their bytes."""
    for number in (2, 6, 7, 8):
        request = keymessages.Request.FromString(bytes([0x0A, 4, number << 3 | 2, 2, 0x0A, 0]))
        with pytest.raises(ValueError, match="cannot be listed"):
            keynames.named(request.key)
    asked = keyservice.Asked()
    assert keyservice._opened(b"\xff\xff", {}, asked, 1.0) is None
    assert asked.error("a.yaml") is None


def test_a_key_is_asked_of_who_lists_it_and_kinds_are_not_mixed_up() -> None:
    first, second = (Service((("kms", f"arn:aws:kms:{one}:*"),)) for one in ("us-*", "eu-*"))
    url = Service((("hc_vault_transit_uri", "https://vault.example/v1/sops/keys/*"),))
    services = (first, second, url)
    assert keynames.service_for(services, "kms", ARN) is second
    assert keynames.service_for(services, "kms", f"{ARN}+{ROLE}") is second
    assert keynames.service_for((Service((("kms", EVERY[:-1] + "1-2"),)),), "kms", f"{ARN}+{ROLE}") is None
    assert keynames.service_for(services, "gcp_kms", RESOURCE) is None
    assert keynames.service_for(services, "azure_keyvault", "https://vault.example/v1/sops/keys/a") is None
    assert keynames.service_for(services, "hc_vault_transit_uri", "https://vault.example/v1/sops/keys/a") is url


@pytest.mark.parametrize(
    ("written", "words"),
    [
        ({}, "expected one of age, pgp, kms"),
        ({"environment": {"VAULT_TOKEN": "env:T"}}, "expected one of age, pgp, kms"),
        ({"kms": ["*"]}, "expected a key such as arn:aws:kms"),
        ({"gcp_kms": ["*"]}, "expected a key such as projects/"),
        ({"azure_keyvault": ["https://*.vault.azure.net/keys/x"]}, "no glob before its path"),
        ({"hc_vault_transit_uri": ["https://*/v1/sops/keys/x"]}, "no glob before its path"),
        ({"hc_vault_transit_uri": ["https://vault.example"]}, "expected a key such as https://vault"),
        ({"kms": [ARN], "environment": {"VAULT_TOKEN": "hvs.secret"}}, "never written here"),
        ({"kms": [ARN], "environment": {"a b": "env:T"}}, "pattern"),
    ],
)
def test_what_would_list_everything_or_nothing_is_refused(written: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationError, match=words) as refusal:
        Decryption.model_validate(written)
    assert "hvs.secret" not in str(refusal.value.errors(include_input=False))


def test_a_file_is_opened_by_a_key_that_is_listed(
    tmp_path: Path, server: kms.Kms, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The sops that reads the file has neither the credentials nor the network; nothing is left when it is open."""
    seen: list[dict[str, str]] = []
    run = child.run

    def noted(*arguments: Any) -> child.Done:
        seen.append(dict(arguments[4] if len(arguments) > 4 else {}))
        return run(*arguments)

    monkeypatch.setattr(child, "run", noted)
    content = encrypted(tmp_path, SECRET, server.environment, "--kms", server.make())
    before = psutil.Process().children()
    assert f"password: {CANARY}".encode() in sops.opened(content, "a.yaml", held(server, EVERY))
    assert not [name for one in seen for name in one if name.startswith("AWS_ACCESS")]
    assert psutil.Process().children() == before


def test_the_context_of_a_key_goes_with_it_and_the_profile_of_a_person_does_not(
    tmp_path: Path, server: kms.Kms
) -> None:
    """KMS refuses another context; there is no such profile here."""
    said = ("--encryption-context", "team:shop,stage:prod")
    content = encrypted(tmp_path, SECRET, server.environment, "--kms", server.make(), *said)
    named = content.replace(b'aws_profile: ""', b"aws_profile: ada-s-laptop")
    assert named != content
    assert CANARY.encode() in sops.opened(named, "a.yaml", held(server, EVERY))
    with pytest.raises(AccessDenied, match="did not open it"):
        sops.opened(content.replace(b"stage: prod", b"stage: test"), "a.yaml", held(server, EVERY))


def test_a_key_of_one_s_own_goes_first_and_the_service_opens_what_it_does_not(tmp_path: Path, server: kms.Kms) -> None:
    other = server.make()
    content = encrypted(tmp_path, SECRET, server.environment, "--kms", other, "--age", PAIR.recipient)
    elsewhere = held(server, "arn:aws:kms:us-east-1:*", age=(PAIR.private,))
    assert CANARY.encode() in sops.opened(content, "a.yaml", elsewhere)
    assert CANARY.encode() in sops.opened(content, "a.yaml", held(server, other, age=(age.pair().private,)))


def failing(how: str, server: kms.Kms, arn: str) -> Keys:
    """What does not open a file of a key, each in its way."""
    if how == "unlisted":
        return held(server, "arn:aws:kms:us-east-1:*")
    if how == "away":
        return Keys(places=("d",), services=(Service((("kms", EVERY),), (
            *((name, value) for name, value in server.environment.items() if "URL" not in name),
            ("AWS_ENDPOINT_URL_KMS", "http://127.0.0.1:9"), ("AWS_MAX_ATTEMPTS", "1"),
        )),))  # fmt: skip
    return held(server, EVERY)


@pytest.mark.parametrize(
    ("how", "kind", "words"),
    [
        ("unlisted", BadConfiguration, "a.yaml: it is encrypted for ARN, which no `decryption` of this app lists: add"),
        ("away", SourceUnreachable, "a.yaml: ARN could not be asked to open it: .*refused"),
        ("changed", RenderFailed, "a.yaml: it was changed after it was encrypted"),
    ],
)
def test_what_keeps_a_file_closed_is_one_sentence(
    tmp_path: Path, server: kms.Kms, how: str, kind: type[HooklineError], words: str
) -> None:
    """And whether it is tried again, for the author or for the operator."""
    arn = server.make()
    content = encrypted(tmp_path, SECRET, server.environment, "--kms", arn)
    if how == "changed":
        content = content.replace(b"name: one", b"name: two")
    with pytest.raises(kind, match=words.replace("ARN", re.escape(arn))) as refusal:
        sops.opened(content, "a.yaml", failing(how, server, arn))
    assert "\n" not in str(refusal.value)
    assert "geheim" not in str(refusal.value)


def opening(uri: str, token: str) -> Keys:
    """What opens files of a key of Vault, by a token."""
    service = Service((("hc_vault_transit_uri", uri),), (("VAULT_MAX_RETRIES", "0"), ("VAULT_TOKEN", token)))
    return Keys(places=("decryption.mine",), services=(service,))


def test_a_vault_is_asked_with_a_token_that_may_open_one_key(tmp_path: Path) -> None:
    """Another's token, a file of a key that is not there any more, and a Vault that is away are three sentences."""
    with Vault(tmp_path / "vault", binaries.built(binaries.VAULT)) as vault:
        uri, other = vault.make_key("shop"), vault.make_key("other")
        token, root = vault.token_for("shop"), {"VAULT_TOKEN": vault.token}
        content = encrypted(tmp_path, SECRET, root, "--hc-vault-transit", uri)
        mine = opening(uri, token)
        assert CANARY.encode() in sops.opened(content, "a.yaml", mine)
        with pytest.raises(AccessDenied, match=rf"^a.yaml: {uri} did not open it: .*Code: 403.*denied") as refusal:
            sops.opened(content, "a.yaml", opening(uri, vault.token_for("other")))
        with pytest.raises(BadConfiguration, match=rf"encrypted for {other}, which no"):
            sops.opened(encrypted(tmp_path, SECRET, root, "--hc-vault-transit", other), "a.yaml", mine)
    with pytest.raises(SourceUnreachable, match=rf"a.yaml: {uri} could not be asked to open it: .*refused"):
        sops.opened(content, "a.yaml", mine)
    assert token not in str(refusal.value)


def test_a_service_that_does_not_answer_is_away_however_many_of_its_keys_there_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before the time of the sops that reads the file is up: that would be called the author's fault."""
    monkeypatch.setattr(keyservice, "FILE_SECONDS", 2.0)
    with (
        Vault(tmp_path / "vault", binaries.built(binaries.VAULT)) as vault,
        socket.create_server(("127.0.0.1", 0)) as silent,
    ):
        uris = [vault.make_key(f"key-{number}") for number in range(4)]
        content = encrypted(tmp_path, SECRET, {"VAULT_TOKEN": vault.token}, "--hc-vault-transit", ",".join(uris))
        their = f"http://127.0.0.1:{silent.getsockname()[1]}"
        with pytest.raises(
            SourceUnreachable, match=rf"a.yaml: {their}/.*/key-0 could not be asked to open it: no answer in time$"
        ):
            sops.opened(
                content.replace(vault.url.encode(), their.encode()), "a.yaml", opening(f"{their}/v1/*/keys/*", "x")
            )


def test_a_token_goes_to_no_place_that_only_a_file_names(tmp_path: Path) -> None:
    """Somebody else's server is never connected to: not by who opens the file, nor by who holds the token."""
    with (
        Vault(tmp_path / "vault", binaries.built(binaries.VAULT)) as vault,
        socket.create_server(("127.0.0.1", 0)) as elsewhere,
    ):
        uri, token = vault.make_key("shop"), vault.token_for("shop")
        content = encrypted(tmp_path, SECRET, {"VAULT_TOKEN": vault.token}, "--hc-vault-transit", uri)
        their = f"http://127.0.0.1:{elsewhere.getsockname()[1]}"
        for held_besides in ((), (age.pair().private,)):
            keys_ = replace(opening(uri, token), age=held_besides)
            with pytest.raises(BadConfiguration, match=rf"encrypted for {their}/v1/sops/keys/shop, which no"):
                sops.opened(content.replace(vault.url.encode(), their.encode()), "a.yaml", keys_)
        elsewhere.settimeout(0)
        with pytest.raises(BlockingIOError):
            elsewhere.accept()


def test_flux_s_secret_may_hold_the_token(bench: Bench, tmp_path: Path) -> None:
    """``sops.vault-token``, for keys that the configuration lists; without one it is the configuration's."""
    with Vault(tmp_path / "vault", binaries.built(binaries.VAULT)) as vault, of_flux(bench) as (home, name):
        uri = vault.make_key("shop")
        one = Decryption.model_validate({"hc_vault_transit_uri": [uri], "environment": {"VAULT_TOKEN": "env:SECRET"}})
        bench.configure(decryption={"mine": one})
        secret = ["-n", home, "create", "secret", "generic", "sops"]
        bench.cluster.kubectl(*secret)
        content = encrypted(tmp_path, SECRET, {"VAULT_TOKEN": vault.token}, "--hc-vault-transit", uri).decode()
        commit = bench.push({"one.yaml": content})
        bench.ask(commit, app=name)
        bench.look(name)
        assert f"{uri} did not open it" in bench.told(commit, name).text
        bench.cluster.kubectl("-n", home, "delete", "secret", "sops")
        bench.cluster.kubectl(*secret, f"--from-literal=sops.vault-token={vault.token_for('shop')}")
        number = bench.ask(commit, app=name)
        bench.look_until_done(number, name)
    assert password(bench) == CANARY


def test_who_is_killed_leaves_no_client_behind(tmp_path: Path) -> None:
    """It holds credentials, and would wait for ever."""
    code = (
        "import sys, time; from pathlib import Path; from workers.given import Service; "
        "from workers.renderers import keyservice, sops\n"
        f"with keyservice.serving(sops._binary(), [Service(())], Path({str(tmp_path)!r})):\n"
        "    print('there', flush=True); time.sleep(600)\n"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "there\n"
        [client] = psutil.Process(process.pid).children()
        assert client.cmdline()[1] == "keyservice"
        process.send_signal(signal.SIGKILL)
    client.wait(60)


def test_credentials_are_read_at_each_render_and_a_lost_one_is_a_fault(bench: Bench, tmp_path: Path) -> None:
    """Another token is another render; what is wrong is heard by who has encrypted files."""
    token = tmp_path / "token"
    token.write_text("first")
    one = Decryption.model_validate({"kms": [ARN], "environment": {"VAULT_TOKEN": f"file:{token}"}})
    bench.configure(decryption={"mine": one})
    client = bench.context.clusters.client("test")
    app = bench.context.catalog.index().apps["myapp"]

    def found() -> Keys:
        return keys.of(client, bench.context.settings, app)

    first = found()
    assert first.services == (Service((("kms", ARN),), (("VAULT_TOKEN", "first"),)),)
    token.write_text("second")
    assert found().digest != first.digest
    assert "first" not in repr(first)
    token.unlink()
    assert found().fault.startswith("decryption.mine: the file")


def test_the_canary_is_nowhere_but_in_the_secret(
    bench: Bench, tmp_path: Path, server: kms.Kms, redis_client: redis.Redis, capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    """Through a whole sync, by the worker's own credentials."""
    for name, value in server.environment.items():
        monkeypatch.setenv(name, value)
    bench.configure(decryption={"mine": Decryption(kms=(EVERY,))})
    content = encrypted(tmp_path, SECRET, server.environment, "--kms", server.make()).decode()
    with structlog.testing.capture_logs() as logs:
        commit = bench.push({"one.yaml": content})
        bench.ask(commit)
        bench.look()
        assert bench.settle(commit).state is State.SUCCESS
    assert password(bench) == CANARY
    for place, text in places(bench, redis_client, f"{logs}{capfd.readouterr()}", commit).items():
        assert CANARY not in text, place
        assert "geheim" not in text, place

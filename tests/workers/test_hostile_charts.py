"""Hostile chart repositories: each ends bounded and with a sentence that names the URL, and no credential."""

from __future__ import annotations

import gzip
import io
import tarfile
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from tests.workers.shop import Shop, chart, packed
from workers.errors import HooklineError
from workers.git.access import Access, Login
from workers.packages import opening
from workers.rendering import Charts

RULES = Charts(
    internal=("localhost",),
    index_size=64 * 1024,
    archive_size=64 * 1024,
    unpacked_size=1024 * 1024,
    files=50,
    seconds=2.0,
)
CANARY = "hunter2-canary"
Handler = Callable[[BaseHTTPRequestHandler], None]


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shop]:
    with Shop() as made:
        (tmp_path / "ca.pem").write_bytes(made.certificate)
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
        yield made


def fails(shop: Shop, folder: Path, words: str) -> None:
    """Fetch, and see the sentence; nothing is kept and nothing leaked."""
    access = Access("repository_credentials.shop", 0, lambda: Login("ada", CANARY))
    url = f"{shop.url}/charts"
    found = opening.shelf(folder, RULES, lambda _: access, url, "shop")
    found.resolve("1.0.0")
    began = time.monotonic()
    with pytest.raises(HooklineError, match=words) as failed:
        found.fetch()
    assert time.monotonic() - began < 30
    assert shop.url in str(failed.value)
    assert CANARY not in str(failed.value)
    assert len(str(failed.value)) < 900
    assert found.resolve("1.0.0") is None


def streams(headers: dict[str, str], part: bytes, pause: float = 0.0) -> Handler:
    """Answer without an end."""

    def answer(request: BaseHTTPRequestHandler) -> None:
        request.send_response(200)
        for name, value in headers.items():
            request.send_header(name, value)
        request.end_headers()
        request.close_connection = True
        until = time.monotonic() + 90
        while time.monotonic() < until:
            request.wfile.write(part)
            if pause:
                request.wfile.flush()
                time.sleep(pause)  # the server is slow: that is what is tried

    return answer


def drips(request: BaseHTTPRequestHandler) -> None:
    """Send headers without an end, a few bytes now and then."""
    request.wfile.write(b"HTTP/1.1 200 OK\r\n")
    until = time.monotonic() + 90
    while time.monotonic() < until:
        request.wfile.write(b"x-a: b\r\n")
        request.wfile.flush()
        time.sleep(0.05)  # the server is slow: that is what is tried


def sends_to(location: str) -> Handler:
    return lambda request: Shop.say(request, 302, b"", location=location)


INDEXES: dict[str, tuple[bytes | Handler, str]] = {
    "two gigabytes by its header": (
        streams({"content-length": str(2 << 30)}, b"a"),
        "has 2147483648 bytes, and no more",
    ),
    "endless": (
        streams({}, b"a: b\n" * 1000),
        "has more, and no more than 65536 bytes are read: raise `charts.index_size`",
    ),
    "slow": (streams({}, b"#", 0.05), "was not here in time: raise `charts.seconds`"),
    "slow with its headers": (drips, "was not here in time: raise `charts.seconds`"),
    "compressed unasked": (
        lambda request: Shop.say(request, 200, gzip.compress(b"a" * 10_000), content_encoding="gzip"),
        "comes compressed",
    ),
    "a redirect to a file": (sends_to("file:///etc/passwd"), r"is not fetched: expected https"),
    "a redirect to http": (sends_to("http://localhost/index.yaml"), "is not fetched: http can be read"),
    "a redirect to the metadata of a cloud": (
        sends_to("https://169.254.169.254/latest/"),
        "169.254.169.254, which is no server's address",
    ),
    "a redirect inside": (sends_to("https://127.0.0.1:6443/"), "127.0.0.1, an internal address"),
    "a redirect inside by another spelling": (sends_to("https://[::ffff:10.0.0.1]/"), "10.0.0.1, an internal address"),
    "a redirect with a user": (sends_to("https://ada:secret@localhost/"), "a URL with a user"),
    "redirects without end": (sends_to("index.yaml"), "answers with more than 5 redirects"),
    "no YAML": (b"entries: [", "is no index of charts"),
    "a deep tree": (b"entries: " + b"[" * 30_000, "is no index of charts"),
    "aliases upon aliases": (
        b"a: &a [x]\n" + b"".join(b"k%d: &k%d [*k%d, *k%d]\n" % (n, n, n - 1, n - 1) for n in range(1, 500)),
        "has no `entries`",
    ),
    "a page": (b"<html>sign in</html>", "is no index of charts"),
    "a list": (b"- entries\n", "is no mapping"),
    "an error": (lambda request: Shop.say(request, 500, b"x" * 100), r"index\.yaml answered 500"),
}


@pytest.mark.parametrize("name", INDEXES)
def test_a_hostile_index_ends_with_a_sentence(name: str, shop: Shop, tmp_path: Path) -> None:
    shop.files["/charts/index.yaml"], words = INDEXES[name]
    if name.startswith(("a redirect", "redirects")) and "end" not in name:
        # The place is named instead of the shop, so the sentence is looked at without it.
        found = opening.shelf(tmp_path, RULES, lambda _: None, f"{shop.url}/charts", "shop")
        with pytest.raises(HooklineError, match=words) as failed:
            found.fetch()
        assert "secret" not in str(failed.value)
        return
    fails(shop, tmp_path, words)


def entry(name: str, kind: bytes = tarfile.REGTYPE, link: str = "", size: int = 0) -> Callable[[tarfile.TarFile], None]:
    """Add one entry that no honest chart has."""

    def add(tar: tarfile.TarFile) -> None:
        member = tarfile.TarInfo(name)
        member.type, member.linkname, member.size = kind, link, size
        tar.addfile(member, io.BytesIO(b"x" * size))

    return add


def many(tar: tarfile.TarFile) -> None:
    for number in range(60):
        entry(f"shop/templates/{number}.yaml")(tar)


def sparse(tar: tarfile.TarFile) -> None:
    member = tarfile.TarInfo("shop/big")
    member.pax_headers = {"GNU.sparse.major": "1", "GNU.sparse.minor": "0", "GNU.sparse.realsize": str(1 << 50)}
    member.size = 512
    tar.addfile(member, io.BytesIO(b"0\n".ljust(512, b"\0")))


GOOD = {"Chart.yaml": "apiVersion: v2\nname: shop\nversion: 1.0.0\n"}
ARCHIVES: dict[str, tuple[bytes, str]] = {
    "a bomb": (packed({**GOOD, "bomb": b"\0" * (8 << 20)}, "shop"), "unpacks to more than `charts.unpacked_size`"),
    "a bomb of headers": (
        gzip.compress(gzip.decompress(packed({"a" * 90: b""}, "shop"))[:512] * 20_000),
        "has more than 50 entries|holds .* twice",
    ),
    "a bomb of one long name": (
        packed(GOOD, "shop", entry("shop/" + "n" * (2 << 20))),
        "unpacks to more than|a name that is not taken",
    ),
    "many files": (packed(GOOD, "shop", many), r"has more than 50 entries \(`charts.files`\)"),
    "a link": (packed(GOOD, "shop", entry("shop/l", tarfile.SYMTYPE, "/etc/passwd")), "no plain file but a link"),
    "a hard link": (packed(GOOD, "shop", entry("shop/l", tarfile.LNKTYPE, "../x")), "no plain file but a hard link"),
    "a device": (packed(GOOD, "shop", entry("shop/d", tarfile.CHRTYPE)), "no plain file but a device"),
    "a pipe": (packed(GOOD, "shop", entry("shop/p", tarfile.FIFOTYPE)), "no plain file but a pipe"),
    "a sparse file": (packed(GOOD, "shop", sparse), "no plain file but a sparse file"),
    "a name that leads out": (packed(GOOD, "shop", entry("shop/../../x")), "a name that is not taken"),
    "an absolute name": (packed(GOOD, "shop", entry("/etc/cron.d/x")), "a name that is not taken"),
    "a name of git's": (packed(GOOD, "shop", entry("shop/.GIT/config")), "a name that is not taken"),
    "a name with a line break": (packed(GOOD, "shop", entry("shop/a\nM 100644")), "a name that is not taken"),
    "a name with a quote": (packed(GOOD, "shop", entry('shop/a" b\\')), "a name that is not taken"),
    "two folders": (packed(GOOD, "shop", entry("other/a")), "beside the folder shop"),
    "a name twice": (packed(GOOD, "shop", entry("shop/Chart.yaml")), "holds 'Chart.yaml' twice"),
    "no archive": (b"PK\x03\x04" + b"x" * 100, "is no gzipped tar archive"),
    "half an archive": (chart("1.0.0")[:-40], "is no gzipped tar archive"),
    "nothing in it": (packed({}), "holds no file"),
    "too large": (b"\0" * (65 * 1024), "has 66560 bytes, and no more than 65536 bytes are read: raise `charts.archive"),
}


@pytest.mark.parametrize("name", ARCHIVES)
def test_a_hostile_archive_ends_with_a_sentence(name: str, shop: Shop, tmp_path: Path) -> None:
    content, words = ARCHIVES[name]
    shop.publish({"1.0.0": content})
    fails(shop, tmp_path, words)
    assert not [one for one in tmp_path.rglob("*") if one.name in ("passwd", "x", "l", "d")]


def test_an_archive_that_is_not_what_the_index_promised_is_not_used(shop: Shop, tmp_path: Path) -> None:
    shop.publish({"1.0.0": chart("1.0.0")})
    shop.files["/charts/shop-1.0.0.tgz"] = chart("1.0.0", **{"templates/evil.yaml": "a: b"})
    fails(shop, tmp_path, r"has the digest sha256:[0-9a-f]+, and sha256:[0-9a-f]+ was promised")


@pytest.mark.parametrize(
    "url", ["file:///etc/passwd", "ftp://localhost/a", "http://localhost/a", "https://ada:x@localhost/a"]
)
def test_an_index_that_points_elsewhere_leads_nowhere(url: str, shop: Shop, tmp_path: Path) -> None:
    shop.publish({"1.0.0": chart("1.0.0")}, urls=[url])
    found = opening.shelf(tmp_path, RULES, lambda _: None, f"{shop.url}/charts", "shop")
    found.resolve("1.0.0")
    with pytest.raises(HooklineError, match="is not fetched: "):
        found.fetch()


def test_versions_that_are_no_names_are_passed_over(shop: Shop, tmp_path: Path) -> None:
    """They would be refs of our repository."""
    for version in ("../../x", "-x", "1.0.0.lock", "1..0", "a b", "1.0.0^{}"):
        shop.publish({version: chart("1.0.0")})
        found = opening.shelf(tmp_path, RULES, lambda _: None, f"{shop.url}/charts", "shop")
        assert found.remote_refs().commits == {}
        found.resolve(version)
        with pytest.raises(HooklineError, match="has no version"):
            found.fetch()

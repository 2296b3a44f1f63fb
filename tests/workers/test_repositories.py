"""Which URLs are the same repository, which are not, and which are no repository URL at all."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.repositories import canonical, matches, same

ONE_REPOSITORY = [
    "https://github.com/your-org/your-repo.git",
    "https://github.com/your-org/your-repo",
    "https://github.com/your-org/your-repo/",
    "https://github.com/your-org/your-repo.git/",
    "https://GitHub.com/Your-Org/Your-Repo.git",
    "HTTPS://github.com/your-org/your-repo",
    "https://github.com:443/your-org/your-repo",
    "https://github.com./your-org/your-repo",
    "http://github.com/your-org/your-repo",
    "http://github.com:80/your-org/your-repo",
    "https://x-access-token:ghs_1_a.b.c@github.com/your-org/your-repo.git",
    "https://user%40mail:p%2Fw@github.com/your-org/your-repo",
    "https://github.com/your%2Dorg/your-repo",
    "ssh://git@github.com/your-org/your-repo.git",
    "ssh://git@github.com:22/your-org/your-repo.git",
    "git@github.com:your-org/your-repo.git",
    "git@github.com:/your-org/your-repo.git/",
    "github.com:your-org/your-repo",
    "git@GITHUB.COM:your-org/your-repo",
]


@pytest.mark.parametrize("url", ONE_REPOSITORY)
def test_every_spelling_of_one_repository_is_the_same(url: str) -> None:
    """Scheme, user, default port, suffix, slash and (on github.com) case do not count."""
    assert canonical(url) == "github.com/your-org/your-repo"
    assert same(url, ONE_REPOSITORY[0])


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://gitlab.com/Group/Sub/App.git", "gitlab.com/group/sub/app"),
        ("https://git.example.com/Team/App.git", "git.example.com/Team/App"),
        ("https://git.example.com:8443/team/app", "git.example.com:8443/team/app"),
        ("https://git.example.com:80/team/app", "git.example.com:80/team/app"),
        ("ssh://git@git.example.com:2222/team/app", "git.example.com:2222/team/app"),
        ("ssh://git@[2001:DB8::1]:22/team/app", "[2001:db8::1]/team/app"),
        ("git@[2001:db8::1]:team/app.git", "[2001:db8::1]/team/app"),
        ("http://127.0.0.1:3000/team/app.git", "127.0.0.1:3000/team/app"),
        ("http://localhost/app.git", "localhost/app"),
        ("https://git.example.com/app.git.git", "git.example.com/app.git"),
        ("https://git.example.com/a%20b/%C3%BC", None),
        ("https://git.example.com/team/%C3%BC", "git.example.com/team/ü"),
        ("https://git.example.com/team/a%2520b", "git.example.com/team/a%20b"),
        ("git@git.example.com:team/a%20b", "git.example.com/team/a%20b"),
        ("https://git.example.com/~user/app", "git.example.com/~user/app"),
    ],
)
def test_a_url_comes_down_to_host_and_path(url: str, expected: str | None) -> None:
    """Other hosts keep their path's case, unusual ports stay, URLs are percent-decoded once."""
    assert canonical(url) == (expected or "git.example.com/a b/ü")


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ("https://git.example.com/team/app", "https://git.example.com/team/App"),
        ("https://git.example.com/team/app", "https://git.example.com:8443/team/app"),
        ("https://github.com/your-org/your-repo", "https://github.com.evil.example/your-org/your-repo"),
        ("https://github.com/your-org/your-repo", "https://github.com@evil.example/your-org/your-repo"),
        ("https://github.com/your-org/your-repo", "https://evil.example/github.com/your-org/your-repo"),
        ("https://github.com/your-org/your-repo", "https://github.com/your-org/your-repo-2"),
        ("https://github.com/your-org/your-repo", "https://github.com/your-org/your-repo.github"),
        ("https://github.com/your-org/your-repo", "https://gitlab.com/your-org/your-repo"),
        ("https://git.example.com/a%2520b", "https://git.example.com/a%20b"),
        ("ext::sh -c x", "ext::sh -c x"),
        ("", ""),
    ],
)
def test_what_only_looks_alike_is_not_the_same(a: str, b: str) -> None:
    """A URL that is refused is the same as nothing, itself included."""
    assert not same(a, b)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "x" * 3000,
        "ext::sh -c touch% x",
        "ext::ssh",
        "fd::17",
        "file::/srv/x",
        "http::https://host/a",
        "host::path",
        "git@host::path",
        "--upload-pack=x",
        "-u",
        "--upload-pack=x@host:path",
        "ssh://-oProxyCommand=x/a/b",
        "ssh://-oProxyCommand=x@host/a/b",
        "-oProxyCommand=x@host:a/b",
        "git@-oProxyCommand=x:a/b",
        "git@host:-x",
        "file:///srv/app.git",
        "FILE:///srv/app.git",
        "/srv/app.git",
        "./app.git",
        "../app.git",
        "app",
        "C:\\app",
        "git://github.com/your-org/your-repo",
        "ftp://host/a",
        "git+ssh://host/a",
        "javascript://host/a",
        "://host/a",
        "https://",
        "https:///a/b",
        "https://host",
        "https://host/",
        "https://host//",
        "https://host/.git",
        "https://host/a/.git",
        "https://host/a//b",
        "https://host/a/./b",
        "https://host/a/../b",
        "https://host/..",
        "https://host/a/%2e%2e/b",
        "https://host/a%2Fb",
        "https://host/a%5Cb",
        "https://host/a%00b",
        "https://host/a%0Ab",
        "https://host/%FF",
        "https://host/a?b=c",
        "https://host/a?",
        "https://host/a#b",
        "https://host/a b",
        "https://host/a\tb",
        "https://host/a\n",
        " https://host/a",
        "https://ho\nst/a",
        "https://host/a\x00",
        "https://host/\u202egit.a",
        "https://host\\@evil/a",
        "https://host:0/a",
        "https://host:99999/a",
        "https://host:x/a",
        "https://host:-1/a",
        "https://host:443:443/a",
        "https://[::1/a",
        "https://[x]/a",
        "https://ho_st-/a",
        "https://.host/a",
        "https://a..b/a",
        "https://hôst/a",
        "https://\uff47ithub.com/a",
        "https://github\u3002com/a",
        "https://host%2Fevil/a",
        "git@[::1:a",
        "git@:a",
        "git@host:",
        "git@host:/",
        "git@host:a/../b",
        "user:password@host:a/b",
        "user:password@host/a",
    ],
)
def test_what_is_no_repository_url_is_refused(url: str) -> None:
    """Other transports, options, hidden characters, dot segments: never guessed at, never quoted."""
    with pytest.raises(ValueError, match=r"repository URL|file://") as refusal:
        canonical(url)
    assert type(refusal.value) is ValueError
    assert len(url) < 8 or url not in str(refusal.value)
    assert "password@" not in str(refusal.value)


def test_an_option_is_called_an_option() -> None:
    """The person who wrote it reads why, not that a host is missing."""
    with pytest.raises(ValueError, match="option"):
        canonical("--upload-pack=x@host:path")


def test_local_repositories_are_for_callers_who_say_so() -> None:
    """They never equal a remote one."""
    assert canonical("file:///srv/git/App.git", local=True) == "/srv/git/App"
    assert canonical("file://localhost/srv/git/App.git/", local=True) == "/srv/git/App"
    assert same("file:///srv/a.git", "file:///srv/a", local=True)
    assert not same("file:///srv/a", "file:///srv/a")
    assert not same("file:///github.com/a", "https://github.com/a", local=True)
    for url in ("file://host/srv/a", "file://", "file:///", "file:///srv/../etc", "file:///a%2Fb", "/srv/a"):
        with pytest.raises(ValueError, match="URL"):
            canonical(url, local=True)


@given(st.text() | st.from_regex(r"(https?|ssh|file)://[^\s]*") | st.from_regex(r"\w+@\w+:[^\s]*"))
def test_any_text_is_read_or_refused(text: str) -> None:
    """What comes out has a path, no hidden characters and no way up."""
    try:
        name = canonical(text)
    except ValueError:
        return
    assert name.isprintable()
    assert name.partition("/")[2]
    assert ".." not in name.split("/")


@pytest.mark.parametrize(
    ("name", "globs", "expected"),
    [
        ("your-org/your-repo", ["your-org/your-repo"], True),
        ("Your-Org/Your-Repo", ["your-org/your-repo"], True),
        ("your-org/your-repo", ["YOUR-ORG/*"], True),
        ("your-org/your-repo", ["other/*", "your-org/your-*"], True),
        ("your-org/your-repo", ["*/*"], True),
        ("your-org/your-repo", ["your-???/[x-z]our-repo"], True),
        ("group/sub/app", ["group/sub/*"], True),
        ("group/sub/app", ["group/*/app"], True),
        ("group/sub/app", ["group/*"], False),
        ("group/sub/app", ["*"], False),
        ("your-org/your-repo", ["*"], False),
        ("your-org/your-repo", ["your-org*"], False),
        ("your-org/your-repo", ["your-org/[!x]*"], True),
        ("your-org/your-repo", ["your-org[/]your-repo"], False),
        ("your-org-evil/your-repo", ["your-org/*"], False),
        ("your-org/your-repo", ["your-org/your-repo/"], False),
        ("your-org/your-repo", [], False),
        ("your-org/your-repo", [""], False),
        ("", [""], False),
        ("", ["*"], False),
        ("your-org/", ["your-org/*"], False),
        ("/x", ["*/x"], False),
        ("a/b\n", ["a/b"], False),
    ],
)
def test_a_glob_matches_within_segments(name: str, globs: list[str], expected: bool) -> None:
    """``*`` never crosses a slash, so a group's glob does not take its subgroups; case does not count."""
    assert matches(name, globs) is expected

"""One comment in place at every forge: edited, split, made anew, never doubled, and never a stranger's."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import httpx2
import pytest

from deploy.local.forge import DROP, LOST, Forge
from deploy.local.forge.talk import Comment
from tests.fakes import github_apps
from workers.errors import AccessDenied, AuthorError, ForgeUnreachable
from workers.forges import Account, asking, comments, consents, limits, notes, pulls
from workers.forges.apps import PULLS, Installations
from workers.pull import Pull

REPOSITORY = "your-org/your-repo"
KINDS = ["github", "gitlab", "bitbucket", "bitbucket-data-center"]
MARKER = "hookline/plan main"


class Desk(NamedTuple):
    """An open pull request at a forge, and who comments."""

    forge: Forge
    account: Account
    client: httpx2.Client
    pull: Pull

    def put(self, *bodies: str, known: tuple[str, ...] = ()) -> tuple[str, ...]:
        """Make our comment say this."""
        return comments.put(self.account, self.client, self.pull, MARKER, bodies, known)

    def all(self) -> list[Comment]:
        """Every comment below it."""
        return self.forge.state.talk.comments(REPOSITORY, 1)

    def say(self, author: str, body: str) -> Comment:
        """Let somebody comment."""
        return self.forge.state.talk.comment(REPOSITORY, 1, author, body)

    def writes(self) -> int:
        """How often comments were written to."""
        return sum(1 for call in self.forge.calls if call.method != "GET")


def opened(forge: Forge, tmp_path: Path, client: httpx2.Client, prepared: Path) -> Desk:
    """Open a pull request and read it."""
    shutil.copytree(prepared, tmp_path / "forge" / "git" / f"{REPOSITORY}.git")
    repository = forge.create(REPOSITORY)
    forge.open_pull(REPOSITORY, "change")
    account = Account(forge.kind, forge.api, lambda: forge.token)
    pull = pulls.read(account, client, "main", REPOSITORY, str(repository.number), 1)
    assert pull is not None
    return Desk(forge, account, client, pull)


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bare repository with a branch to merge, made once."""
    folder = tmp_path_factory.mktemp("prepared")
    with Forge(folder / "forge") as forge:
        made = forge.create(REPOSITORY)
        work = forge.checkout(REPOSITORY, folder / "work")
        work.commit({"a": "1"}, "first")
        work.push()
        work.switch("change")
        work.commit({"a": "2"}, "second")
        work.push()
        return made.path


@pytest.fixture
def client() -> Iterator[httpx2.Client]:
    """A client as the worker has one."""
    with httpx2.Client(timeout=10, trust_env=False) as client:
        yield client


@pytest.fixture(params=KINDS)
def desk(request: pytest.FixtureRequest, tmp_path: Path, client: httpx2.Client, prepared: Path) -> Iterator[Desk]:
    """At each kind of forge."""
    with Forge(tmp_path / "forge", kind=request.param) as forge:
        yield opened(forge, tmp_path, client, prepared)


@pytest.fixture
def hub(tmp_path: Path, client: httpx2.Client, prepared: Path) -> Iterator[Desk]:
    """At GitHub."""
    with Forge(tmp_path / "forge") as forge:
        yield opened(forge, tmp_path, client, prepared)


def test_the_comment_is_edited_in_place(desk: Desk) -> None:
    """Made, left alone when it says so already, edited, split in two, and one again; ids known or not."""
    first = desk.put("plan one")
    assert [one.body.endswith("plan one") for one in desk.all()] == [True]
    before = desk.writes()
    assert desk.put("plan one", known=first) == first
    assert desk.put("plan one") == first
    assert desk.writes() == before
    assert desk.put("plan two", known=first) == first
    assert desk.all()[0].body.endswith("plan two")
    both = desk.put("plan three", "and more", known=first)
    assert both[0] == first[0]
    assert [one.body.rpartition("\n")[2] for one in desk.all()] == ["plan three", "and more"]
    assert desk.put("plan four", known=both) == first
    assert [one.body.rpartition("\n")[2] for one in desk.all()] == ["plan four"]
    comments.remove(desk.account, desk.client, desk.pull, MARKER)
    assert desk.all() == []
    comments.remove(desk.account, desk.client, desk.pull, MARKER, first)


def test_a_stranger_s_copy_is_neither_edited_nor_believed(desk: Desk) -> None:
    """The marker alone proves nothing, by number or by search; another marker of our own is another comment."""
    first = desk.put("the plan")
    mine = desk.all()[0].body
    copy = desk.say("eve", mine)
    other = desk.say(desk.forge.state.tokens[desk.forge.token], mine.replace("plan%20main", "x").replace("plan", "x"))
    assert desk.put("new plan") == first
    assert desk.put("newer plan", known=(str(copy.number),)) == first
    assert {one.number: one.body for one in desk.all()}[copy.number] == mine
    desk.forge.state.talk.delete(int(first[0]))
    again = desk.put("newest plan", known=(str(copy.number), *first))
    assert again != first
    comments.remove(desk.account, desk.client, desk.pull, MARKER, (str(copy.number), *again))
    assert [one.number for one in desk.all()] == [copy.number, other.number]


def test_a_deleted_part_is_made_anew_and_a_double_taken_away(desk: Desk) -> None:
    """Whoever deleted it, and however the double came to be."""
    ids = desk.put("one", "two", "three")
    desk.forge.state.talk.delete(int(ids[1]))
    now = desk.put("one", "two", "three", known=ids)
    assert (now[0], now[2]) == (ids[0], ids[2])
    assert sorted(one.body.rpartition("\n")[2] for one in desk.all()) == ["one", "three", "two"]
    desk.say(desk.forge.state.tokens[desk.forge.token], desk.all()[0].body)
    assert desk.put("one", "two", "three") == now
    assert len(desk.all()) == 3


def test_a_lost_answer_makes_no_second_comment(desk: Desk) -> None:
    """Written, and the answer never came: the next call finds it by looking."""
    desk.forge.state.talking.add(LOST)
    with pytest.raises(ForgeUnreachable):
        desk.put("the plan")
    found = desk.put("the plan")
    assert [str(one.number) for one in desk.all()] == list(found)
    desk.forge.state.talking.add(DROP)
    with pytest.raises(ForgeUnreachable):
        desk.put("new plan", known=found)
    assert desk.put("new plan", known=found) == found
    assert [one.body.rpartition("\n")[2] for one in desk.all()] == ["new plan"]


def test_ours_is_found_among_hundreds(desk: Desk) -> None:
    """Page after page."""
    for number in range(150):
        desk.say("eve", f"chatter {number}")
    ids = desk.put("the plan")
    for number in range(150):
        desk.say("eve", f"chatter {number}")
    assert desk.put("new plan") == ids
    assert len(desk.all()) == 301


def test_a_text_as_long_as_the_limit_is_taken(desk: Desk) -> None:
    """And one beyond it is refused for good: with our marker the longest still fits."""
    longest = "ä" * limits.comment(desk.account.kind)
    ids = desk.put(longest)
    assert desk.put(longest, known=ids) == ids
    with pytest.raises(AuthorError, match="will not take it"):
        desk.put("a" * (limits.COMMENTS[desk.account.kind] + 1), known=ids)


def test_what_keeps_a_write_back_leaves_what_was_written(desk: Desk) -> None:
    """The budget of writes ends in the middle: the next call goes on from there."""
    left = [1]

    def admit() -> None:
        if not left.pop():
            raise ForgeUnreachable("not now")
        left.append(0)

    with pytest.raises(ForgeUnreachable, match="not now"):
        comments.put(desk.account, desk.client, desk.pull, MARKER, ["one", "two"], admit=admit)
    assert len(desk.all()) == 1
    assert len(desk.put("one", "two")) == len(desk.all()) == 2


def test_a_stranger_s_long_comments_hide_nothing(hub: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """A page that is too large to read is asked for in smaller ones; what is too large alone is left out."""
    monkeypatch.setattr(asking, "ROOM", 60_000)
    ids = hub.put("the plan")
    for number in range(30):
        hub.say("eve", f"{number}" * 1500)
    hub.say("eve", "x" * 65_000)
    hub.forge.state.talk.delete(int(ids[0]))
    mine = hub.say(hub.forge.state.tokens[hub.forge.token], notes.written("github", MARKER, 1, "the plan"))
    assert hub.put("the plan") == (str(mine.number),)


def test_a_list_without_end_is_given_up(hub: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """A bounded number of calls, and never a consent from a list that was not read to its end."""
    monkeypatch.setattr(asking, "CALLS", 2)
    for number in range(250):
        hub.say("eve", f"{number}")
        hub.forge.state.talk.label(REPOSITORY, 1, f"l{number}", "eve")
    hub.forge.state.talk.label(REPOSITORY, 1, "ok", "ada")
    before = len(hub.forge.calls)
    hub.put("the plan")
    assert len(hub.forge.calls) - before <= 2 + 2
    pull = pulls.read(hub.account, hub.client, "main", REPOSITORY, "", 1)
    assert pull is not None
    labels = Pull(**{name: getattr(pull, name) for name in Pull.__slots__} | {"labels": ("ok",)})
    assert consents.consents(hub.account, hub.client, labels, "ok") == ()


def test_an_app_s_comment_is_its_bot_s(hub: Desk) -> None:
    """An installation has no user of its own; the App says what its bot is called, once."""
    app = github_apps.register(hub.forge)
    granted = {"pull_requests": "write", "metadata": "read"}
    hub.forge.state.apps.install(app, "your-org", granted)
    apps = Installations(hub.forge.api, app.client_id, lambda: github_apps.key()[0], hub.client)
    account = Account("github", hub.forge.api, lambda: apps.token(REPOSITORY, PULLS), is_app=True, bot=apps.bot)
    person = hub.put("by a person's token")
    ids = comments.put(account, hub.client, hub.pull, MARKER, ["by an App"])
    assert comments.put(account, hub.client, hub.pull, MARKER, ["by an App, again"]) == ids != person
    assert [one.author for one in hub.all()] == ["hookline-bot", f"{app.slug}[bot]"]
    assert [call.path for call in hub.forge.calls].count("/app") == 1


def test_who_we_are_is_asked_once_for_each_token(desk: Desk) -> None:
    """And again when the token is another one: a new bot user does not touch the old one's comments."""
    desk.put("one")
    desk.put("two")
    asked = [call for call in desk.forge.calls if call.path.endswith(("/user", "/application-properties"))]
    assert len(asked) == 1
    desk.forge.add_token("another-token", "other-bot")
    other = Account(desk.account.kind, desk.account.api, lambda: "another-token", memory=desk.account.memory)
    comments.put(other, desk.client, desk.pull, MARKER, ["three"])
    assert [(one.author, one.body.rpartition("\n")[2]) for one in desk.all()] == [
        ("hookline-bot", "two"),
        ("other-bot", "three"),
    ]


def test_a_wrong_token_is_the_operator_s(desk: Desk) -> None:
    """Said before anything is written."""
    wrong = Account(desk.account.kind, desk.account.api, lambda: "wrong")
    with pytest.raises(AccessDenied):
        comments.put(wrong, desk.client, desk.pull, MARKER, ["x"])
    assert desk.all() == []


def test_no_line_is_a_command_to_gitlab() -> None:
    """GitLab carries out what a line after a slash says, with the rights of whoever wrote it: here, ours."""
    text = notes.written("gitlab", MARKER, 1, "/merge\r\n```\n/approve\r/close\n```\n a/b /label")
    assert not any(line.startswith("/") for line in text.splitlines())
    assert "/merge" in notes.written("github", MARKER, 1, "/merge").splitlines()


@pytest.mark.parametrize("marker", ["a --> b", "a--b", "x\n<b>", "a) b", "ä", "é--> \u202e"])
@pytest.mark.parametrize("kind", [*KINDS, "gitea"])
def test_no_marker_ends_its_own_line(kind: str, marker: str) -> None:
    """And each is found again, as no other is."""
    text = notes.written(kind, marker, 12, "body\0 \ud800 text")
    first, _, rest = text.partition("\n")
    assert first.count("-->") <= 1
    assert rest.strip() == "body ? text"
    assert notes.part_of(kind, marker, text.replace("\n", "\r\n")) == 12
    assert notes.part_of(kind, marker + "x", text) == 0
    assert notes.part_of(kind, marker, f"hello\n{text}") == 0
    text.encode()


def test_no_id_leads_to_another_path(hub: Desk) -> None:
    """Ids come back from our own records, and are checked all the same."""
    assert len(hub.put("the plan", known=("../1", "", "1/../2", "x", "\u0664", "9" * 30))) == 1
    assert {call.path for call in hub.forge.calls if "/issues/" in call.path} == {
        f"/repos/{REPOSITORY}/issues/1/comments"
    }

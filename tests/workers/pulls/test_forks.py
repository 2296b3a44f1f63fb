"""The pull request of a fork is planned for a head that somebody who may write stands behind, and for no other."""

from __future__ import annotations

import pytest

from tests.workers.pulls.conftest import HEAD, NEXT, NUMBER, Desk, pull
from workers import vouching
from workers.forges.consents import Consent
from workers.model import State
from workers.pull import Word

LABEL = "hookline/plan"


def consent(who: str = "grace", head: str = "", how: str = "label", at: float = 1000.0) -> Consent:
    """A word for the pull request, as the forge has it; not every forge tells the head."""
    return Consent(who, f"{who}-id", head, how, at)


def word(who: str = "grace", head: str = HEAD, how: str = "label", at: float = 1001.0) -> Word:
    """The same as its delivery told it."""
    return Word(how, who, f"{who}-id", head, at)


@pytest.mark.parametrize(
    ("found", "words", "counts"),
    [
        ([], [], False),
        ([consent(head=HEAD, how="approval")], [], True),
        ([consent(head=NEXT, how="approval")], [], False),
        ([consent(head=NEXT, how="approval")], [word(how="approval")], False),
        ([consent()], [], False),
        ([consent()], [word()], True),
        ([consent()], [word(head=NEXT)], False),
        ([consent()], [word("eve")], False),
        ([consent()], [word(how="approval")], False),
        ([consent()], [word(at=5000.0)], False),
        ([consent(at=0.0, how="approval")], [word(how="approval")], True),
        ([], [word()], False),
    ],
)
def test_what_counts_for_a_head(found: list[Consent], words: list[Word], counts: bool) -> None:
    """The forge says that it is so, and either the forge or the delivery of that moment which head it was."""
    assert bool(vouching.counted(found, pull(fork=True, source=""), words)) is counts


def test_a_fork_waits_for_a_writer_s_word(desk: Desk) -> None:
    """A stranger's label or approval plans nothing, a writer's does, and the next push waits again."""
    desk.open[NUMBER] = pull(fork=True, source="")
    desk.deliver("opened", fork=True)
    desk.tick()
    assert (desk.planned, desk.state(source="")) == ([], "pending")
    waiting = desk.told(source="")
    assert waiting is not None
    assert "comes from a fork, and is planned once who may write sets label hookline/plan" in waiting.text
    desk.consents = [consent("mallory", HEAD, "approval"), consent("eve", at=desk.clock())]
    desk.deliver("labeled", labels=(LABEL,), sender="eve", sender_id="eve-id", after=HEAD)
    desk.tick()
    assert (desk.planned, desk.comments) == ([], {})
    desk.writers = {"grace"}
    desk.clock.forward(5)
    desk.consents = [consent("grace", at=desk.clock())]
    desk.deliver("labeled", labels=(LABEL,), sender="grace", sender_id="grace-id", after=HEAD)
    desk.tick()
    assert (desk.planned, desk.state(source="")) == (["7 1b"], "success")
    desk.open[NUMBER] = pull(NEXT, fork=True, source="")
    desk.clock.forward(5)
    desk.deliver("updated", after=NEXT)
    desk.tick()
    assert (len(desk.planned), desk.state(NEXT, source="")) == (1, "pending")
    desk.consents = [consent("grace", at=desk.clock() - 5), consent("grace", NEXT, "approval")]
    desk.deliver("approved", after=NEXT, sender="grace", sender_id="grace-id")
    desk.tick()
    assert (desk.planned, desk.state(NEXT, source="")) == (["7 1b", "7 2b"], "success")


def test_a_label_that_was_set_for_an_older_head_is_set_again(desk: Desk) -> None:
    """It stays on the pull request when commits are pushed; the forge tells when it was set last."""
    desk.writers = {"grace"}
    desk.open[NUMBER] = pull(fork=True, source="")
    desk.consents = [consent("grace", at=desk.clock())]
    desk.deliver("labeled", labels=(LABEL,), sender="grace", sender_id="grace-id", after=HEAD)
    desk.open[NUMBER] = pull(NEXT, fork=True, source="")  # pushed before the worker looks
    desk.tick()
    assert (desk.planned, desk.state(NEXT, source="")) == ([], "pending")
    desk.deliver("unlabeled", labels=(LABEL,))
    desk.consents = []
    desk.tick()
    desk.clock.forward(300)
    desk.consents = [consent("grace", at=desk.clock())]
    desk.deliver("labeled", labels=("HOOKLINE/PLAN",), sender="grace", sender_id="grace-id", after=NEXT)
    desk.tick()
    assert desk.planned == ["7 2b"]


def at(desk: Desk, kind: str) -> None:
    """Let the forge be one of another kind."""
    settings = desk.context.settings
    hook = settings.hooks["main"].model_copy(update={"forge": kind})
    account = settings.forges["it"].model_copy(update={"kind": kind})
    changed = settings.model_copy(update={"hooks": {"main": hook}, "forges": {"it": account}})
    kept = [name for name in desk.context.__slots__ if name not in ("settings", "accounts")]
    held = {name: getattr(desk.context, name) for name in kept}
    desk.context = type(desk.context)(**held, settings=changed, accounts=type(desk.context.accounts)(changed))


@pytest.mark.parametrize(("source", "ref"), [("", "refs/merge-requests/7/head"), ("feature", "refs/heads/feature")])
def test_at_gitlab_a_status_names_the_ref_of_its_pipeline(desk: Desk, source: str, ref: str) -> None:
    """Without one GitLab takes whichever branch has the commit, which for a fork is none, or a wrong one."""
    at(desk, "gitlab")
    desk.open[NUMBER] = pull(fork=not source, source=source)
    desk.deliver("opened", fork=not source)
    desk.tick()
    assert desk.state(source=ref) == ("success" if source else "pending")


def test_where_nobody_can_be_asked_a_fork_is_green_and_unplanned(desk: Desk) -> None:
    """Bitbucket says of nobody whether he may write: pending would block for ever."""
    at(desk, "bitbucket")
    desk.open[NUMBER] = pull(fork=True, source="")
    desk.deliver("opened")
    desk.tick()
    told = desk.told(source="")
    assert (desk.planned, told) == ([], vouching.NEVER)
    assert told is not None
    assert told.state is State.SUCCESS

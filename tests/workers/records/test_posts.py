"""How often a worker is asked to look at a commit's statuses."""

from __future__ import annotations

from workers.records import Records

NAME = "main|your-org/your-repo|a|refs/heads/main"


def test_one_message_waits_for_a_commit_until_somebody_takes_it(records: Records) -> None:
    """However many apps end with it; each commit has its own."""
    commits = records.commits
    assert [commits.post(NAME) for _ in range(3)] == [True, False, False]
    assert commits.post(f"{NAME}-other")
    commits.begin(NAME, "", 0.0)
    assert [commits.post(NAME) for _ in range(2)] == [True, False]


def test_a_message_that_is_lost_is_sent_again(records: Records) -> None:
    """The tick asks for every commit that is dirty, and what was sent does not hold it up for longer than that."""
    assert records.commits.post(NAME)
    assert 0 < records.redis.pttl(f"hookline:posted:{NAME}") <= 2_000

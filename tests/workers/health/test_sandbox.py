"""The child process: who asks it, and what is left of it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading

from workers.health.sandbox import SANDBOX, Answer, Sandbox

FINE = "return {status = 'Healthy', message = obj.word}"
FORKED = """
import os, sys
from workers.health.sandbox import SANDBOX
ask = lambda word: SANDBOX.ask("lua", "a", "return {status = 'Healthy', message = obj.word}", {"word": word}).text
assert ask("one") == "one"
child, pid = SANDBOX.child, os.fork()
if not pid:
    os._exit(0 if ask("two") == "two" and SANDBOX.child != child else 1)
assert os.waitpid(pid, 0)[1] == 0
assert ask("three") == "three" and SANDBOX.child == child
"""


def test_a_child_that_was_killed_is_replaced() -> None:
    """Whoever asks next gets an answer."""
    assert SANDBOX.ask("lua", "a", FINE, {"word": "one"}) == Answer("said", "one", "Healthy")
    before = SANDBOX.child
    os.kill(before, signal.SIGKILL)
    os.waitid(os.P_PID, before, os.WEXITED | os.WNOWAIT)
    assert SANDBOX.ask("lua", "a", FINE, {"word": "two"}) == Answer("said", "two", "Healthy")
    assert SANDBOX.child != before


def test_a_forked_process_has_a_child_of_its_own() -> None:
    """Celery forks its workers: two of them must not read each other's answers."""
    subprocess.run([sys.executable, "-c", FORKED], check=True, timeout=60)


def test_threads_take_turns() -> None:
    """Each gets the answer to its own question."""
    found: dict[int, str] = {}

    def ask(number: int) -> None:
        for _ in range(20):
            found[number] = SANDBOX.ask("lua", "a", FINE, {"word": f"w{number}"}).text
            assert found[number] == f"w{number}"

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == {number: f"w{number}" for number in range(4)}


def test_the_child_knows_nothing_of_its_parent_and_ends_with_it() -> None:
    """No environment, no files but its pipes, and gone when it is closed."""
    sandbox = Sandbox()
    sandbox.ask("lua", "a", FINE, {"word": "one"})
    if sys.platform == "linux":
        with open(f"/proc/{sandbox.child}/environ", "rb") as file:  # noqa: PTH123
            assert file.read() in (b"", b"LC_CTYPE=C.UTF-8\0")
        assert len(os.listdir(f"/proc/{sandbox.child}/fd")) == 3  # noqa: PTH208
    pid = sandbox.child
    sandbox.close()
    assert sandbox.child == 0
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return
    raise AssertionError("the child is still there")


def test_an_object_of_a_megabyte_is_judged() -> None:
    """The API server's largest."""
    data = {f"key{number}": "x" * 1000 for number in range(1000)}
    script = "local n = 0 for _ in pairs(obj.data) do n = n + 1 end return {status = 'Healthy', message = n}"
    assert SANDBOX.ask("lua", "a", script, {"data": data}) == Answer("said", "1000", "Healthy")
    assert SANDBOX.ask("cel", "a", "size(data) == 1000", {"data": data}) == Answer("said", "true")

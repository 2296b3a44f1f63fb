"""A real SSH server for Git: asyncssh in a thread, which lets known keys run ``git upload-pack`` and nothing else."""

from __future__ import annotations

import asyncio
import shlex
import subprocess
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Self

import asyncssh


class Sshd:
    """Serves one repository on 127.0.0.1. ``allowed`` are public keys as ``authorized_keys`` has them; ``during`` is
    called in the middle of each call, when git and ssh are running.
    """

    def __init__(self, repository: Path) -> None:
        self.allowed: set[str] = set()
        self.during: Callable[[], None] = lambda: None
        self.served = 0
        self.port = 0
        self._repository, self._host = repository, asyncssh.generate_private_key("ssh-ed25519")
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        self._server = asyncio.run_coroutine_threadsafe(self._listen(), self._loop).result(30)
        self.port = self._server.get_port()
        return self

    def __exit__(self, *_: object) -> None:
        asyncio.run_coroutine_threadsafe(self._close(), self._loop).result(30)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    @property
    def url(self) -> str:
        """Where the repository is cloned from."""
        return f"ssh://git@127.0.0.1:{self.port}/your-org/your-repo.git"

    @property
    def host_key(self) -> str:
        """The server's line of a ``known_hosts``."""
        return self.known_as(self._host)

    def known_as(self, key: asyncssh.SSHKey) -> str:
        """Return the line that says that the server has this key."""
        return f"[127.0.0.1]:{self.port} {key.export_public_key().decode().strip()}\n"

    async def _listen(self) -> asyncssh.SSHAcceptor:
        return await asyncssh.listen(
            "127.0.0.1",
            0,
            server_host_keys=[self._host],
            server_factory=lambda: _Door(self),
            process_factory=self._run,
            encoding=None,
            config=[],
        )

    async def _close(self) -> None:
        self._server.close()
        await self._server.wait_closed()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for one in others:
            one.cancel()
        await asyncio.gather(*others, return_exceptions=True)
        await self._loop.shutdown_default_executor()

    async def _run(self, process: asyncssh.SSHServerProcess[bytes]) -> None:
        program, *arguments = shlex.split(process.command or "")
        if program != "git-upload-pack" or arguments != ["/your-org/your-repo.git"]:
            process.stderr.write(b"this account runs git-upload-pack only\n")
            process.exit(1)
            return
        self.served += 1
        self.during()
        pipe = subprocess.PIPE
        git = subprocess.Popen(["git", "upload-pack", str(self._repository)], stdin=pipe, stdout=pipe, stderr=pipe)
        await process.redirect(stdin=git.stdin, stdout=git.stdout, stderr=git.stderr)
        await process.stdout.drain()
        process.exit(await asyncio.to_thread(git.wait))
        await process.wait_closed()


class _Door(asyncssh.SSHServer):
    def __init__(self, sshd: Sshd) -> None:
        self._sshd = sshd

    def begin_auth(self, username: str) -> bool:
        """Nobody comes in without a key."""
        del username
        return True

    def public_key_auth_supported(self) -> bool:
        """Keys, and nothing else."""
        return True

    def validate_public_key(self, username: str, key: asyncssh.SSHKey) -> bool:
        """Whether a key is one of those that are allowed now."""
        return username == "git" and key.export_public_key().decode().strip() in self._sshd.allowed

"""What a program that serves has in common with others: it is started whole or not at all, and ends with its block."""

from __future__ import annotations

from abc import ABC, abstractmethod
from pathlib import Path
from typing import Self

from deploy.local.processes import Processes


class Server(ABC):
    """Use it as a context manager: it serves inside the block. ``data`` is where its programs log, below ``logs``."""

    def __init__(self, data: Path) -> None:
        self._processes = Processes(data / "logs")

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @abstractmethod
    def start(self) -> None:
        """Serve, and return when it answers. Raises what keeps it from that."""

    def stop(self) -> None:
        """End it, however far it came. Doing it twice is harmless."""
        self._processes.stop()

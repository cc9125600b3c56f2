"""What /livez and /readyz say of a consumer, from the first second of its start."""

from typing import Protocol


class Checked(Protocol):
    """The engine, as far as health goes. Any thread, never blocks."""

    def live_problem(self) -> str | None: ...

    def ready_problem(self) -> str | None: ...


class ConsumerHealth:
    """Any thread reads; the main thread writes whole references."""

    def __init__(self) -> None:
        self._starting = "The consumer is starting."
        self._engine: Checked | None = None

    def now(self, sentence: str) -> None:
        """What the start waits for."""
        self._starting = sentence

    def follow(self, engine: Checked) -> None:
        """From now on the engine answers."""
        self._engine = engine

    def live_problem(self) -> str | None:
        return self._engine.live_problem() if self._engine is not None else None

    def ready_problem(self) -> str | None:
        return self._engine.ready_problem() if self._engine is not None else self._starting

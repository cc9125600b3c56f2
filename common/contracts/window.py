"""Windows: how log time cuts a camera's frames into clips (DESIGN 5, rules 2 to 4)."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, order=True)
class Window:
    """[start_ms, start_ms + length_ms) of log time. Windows of one camera may overlap while `clip_ms` changes."""

    start_ms: int
    length_ms: int

    @property
    def end_ms(self) -> int:
        """First log time that is past this window: it closes when the log clock reaches it, and only then."""
        return self.start_ms + self.length_ms


def window_of(log_ms: int, clip_ms: int) -> Window:
    """The window a record of log time `log_ms` falls into."""
    return Window(log_ms // clip_ms * clip_ms, clip_ms)


def is_searched(log_ms: int, previous_ms: int | None, every_ms: int | None) -> bool:
    """Whether the model looks at a frame, or the last boxes are carried over to it.

    `previous_ms`: log time of the camera's previous frame in the same window, None for the first one.
    It depends on nothing but the log, so that a replay searches the same frames.
    """
    if previous_ms is None or every_ms is None:
        return True
    return log_ms // every_ms != previous_ms // every_ms

"""Why an analysis that is switched on finds nothing: a sentence for whoever switches it on."""

from api_server.queries.attendance import ALIVE_WITHIN_S, what_all_wait_for
from api_server.status.board import StatusBoard
from common.contracts.analysis_options import ANALYSES
from common.contracts.camera_settings import FIRST_RELEASE


class AnalysisNotes:
    """From the status board. Safe on any thread; never blocks."""

    def __init__(self, board: StatusBoard) -> None:
        self._board = board

    def of(self, analysis: str) -> str | None:
        """None while a consumer of it is at work; else what it waits for, why the newest one ended, or how one is
        started and what it needs."""
        mine = [status for status in self._board.statuses() if status.analysis == analysis]
        recent = [status for status in mine if self._board.age_s(status) <= ALIVE_WITHIN_S]
        alive = [status for status in recent if status.state not in ("failed", "stopped")]
        if alive:
            return what_all_wait_for(alive)
        failed = [status for status in mine if status.state == "failed" and status.reason]
        if failed:
            return max(failed, key=lambda status: status.at_us).reason
        return " ".join(part for part in (f"No consumer of {_words(analysis)} is running.", _how(analysis)) if part)


def _how(analysis: str) -> str:
    if analysis in FIRST_RELEASE or analysis not in ANALYSES:
        return ""
    start = (
        f"It runs only where it is asked for: with {analysis} in LOOKOUT_ANALYSES, or in containers with "
        f"COMPOSE_PROFILES={analysis}."
    )
    return f"{start} {ANALYSES[analysis].needs}".strip()


def _words(analysis: str) -> str:
    return analysis.replace("_", " ")

"""The judge notices: what is lost, doubled, torn."""

from pathlib import Path

from common.contracts.dead_letter import DeadLetter
from common.contracts.sidecar import Fate, FrameEntry, Sidecar
from common.storage.clips import tombstone_of
from tests.faults.cameras import Identity, grey_of
from tests.faults.checker import Books, Checker, film_problem
from tests.unit.pipeline.making import CAMERA, CLEAN, SESSION, build_bench, make_frame, make_opening, make_picture
from tests.unit.runtime.making import make_entry, make_sidecar

FRAMES = 6
RUNTIME_CAMERA = "cam-a"


class StillChecker(Checker):
    """Judges what a test hands in; there is no server."""

    def __init__(
        self, sidecars: list[Sidecar], letters: list[tuple[DeadLetter, Identity | None]] | None = None
    ) -> None:
        self._found = sidecars
        self._letters = letters or []

    def sidecars(self) -> list[Sidecar]:
        return self._found

    def letters(self) -> list[tuple[DeadLetter, Identity | None]]:
        return self._letters


def judged(checker: Checker, sent: range) -> Books:
    books = Books()
    checker._frames(books, {(RUNTIME_CAMERA, SESSION, seq) for seq in sent})
    return books


def test_frames_that_are_each_in_one_clip_are_no_problem() -> None:
    books = judged(StillChecker([make_sidecar(*(make_entry(at) for at in range(3)))]), range(3))
    assert (books.lost, books.second, books.left_out, books.problems) == (0, 0, 0, [])


def test_frame_that_is_nowhere_is_lost() -> None:
    books = judged(StillChecker([make_sidecar(make_entry(0))]), range(2))
    assert books.lost == 1
    assert "seq [1]" in books.problems[0]


def test_frame_in_two_clips_is_a_second() -> None:
    books = judged(StillChecker([make_sidecar(make_entry(0)), make_sidecar(make_entry(0))]), range(1))
    assert books.second == 1


def test_duplicate_entry_does_not_account_for_a_frame() -> None:
    books = judged(StillChecker([make_sidecar(make_entry(0), make_entry(1, fate=Fate.DUPLICATE))]), range(2))
    assert books.lost == 1


def test_declared_frames_are_not_lost() -> None:
    left_out = FrameEntry(offset=1, log_ms=0, fate=Fate.SAMPLED_OUT, session=SESSION, seq=1)
    letter = DeadLetter("recorder", "frames", "topic-id", 0, 2, "jpeg_cut", "", 1, 0)
    checker = StillChecker([make_sidecar(make_entry(0), left_out)], [(letter, (RUNTIME_CAMERA, SESSION, 2))])
    books = judged(checker, range(3))
    assert (books.lost, books.left_out, len(books.letters)) == (0, 1, 1)


def test_frame_that_was_given_up_is_a_problem() -> None:
    books = judged(StillChecker([make_sidecar(make_entry(0), make_entry(1, fate=Fate.FAILED))]), range(2))
    assert (books.lost, books.problems) == (0, ["1 frames without their analysis"])


def test_deleted_clip_accounts_for_its_frames() -> None:
    stone = tombstone_of(make_sidecar(make_entry(0)), "a person asked for it")
    assert judged(StillChecker([stone]), range(1)).lost == 0


def sealed(folder: Path, grey_of_frame: range) -> tuple[bytes, Sidecar]:
    """A real clip whose frames show the greys of these seqs."""
    frames = [make_frame(n, make_picture(96, 64, grey_of(shown))) for n, shown in enumerate(grey_of_frame)]
    clip = build_bench(folder, CLEAN).seal(frames, opening=make_opening("recorder"))
    return clip.video.read_bytes(), clip.sidecar


def test_whole_clip_shows_what_its_sidecar_says(tmp_path: Path) -> None:
    data, sidecar = sealed(tmp_path, range(FRAMES))
    assert sidecar.camera == CAMERA
    assert film_problem(data, sidecar) is None


def test_clip_with_another_picture_is_torn(tmp_path: Path) -> None:
    data, sidecar = sealed(tmp_path, range(10, 10 + FRAMES))
    assert "another picture than that of seq 0" in str(film_problem(data, sidecar))


def test_clip_with_a_frame_too_few_is_torn(tmp_path: Path) -> None:
    data, sidecar = sealed(tmp_path, range(FRAMES))
    entry = sidecar.entries[-1].model_copy(update={"offset": FRAMES, "seq": FRAMES, "pts_ms": 10_000})
    longer = sidecar.model_copy(update={"entries": (*sidecar.entries, entry)})
    assert "6 pictures where the sidecar has 7 frames" in str(film_problem(data, longer))


def test_cut_clip_is_torn(tmp_path: Path) -> None:
    data, sidecar = sealed(tmp_path, range(FRAMES))
    assert film_problem(data[: len(data) // 3], sidecar) is not None
    assert film_problem(b"", sidecar) is not None

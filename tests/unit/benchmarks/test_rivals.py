"""The rivals: their locks, and the work they are given."""

from pathlib import Path

import pytest

from benchmarks.pictures import make_jpegs
from benchmarks.plain_loop import make_headers
from benchmarks.rivals.__main__ import OURS, contenders
from benchmarks.rivals.environments import REQUIREMENTS, RIVALS, SAME, lock_of, locked_version
from benchmarks.rivals.work import FrameWork
from benchmarks.stand_ins import stand_in
from benchmarks.stop_watch import UNSETTLED_FRAMES, StopWatch
from benchmarks.trial import Setup
from common.contracts.detection import DetectionMessage
from common.contracts.frame import encode_headers


@pytest.mark.parametrize("rival", RIVALS)
def test_lock_every_package_has_hashes_and_no_index_is_named(rival: str) -> None:
    text = lock_of(rival).read_text(encoding="utf-8")
    assert "://" not in text
    packages = [line for line in text.splitlines() if "==" in line]
    assert all(line.endswith("\\") for line in packages)
    assert text.count("--hash=sha256:") >= len(packages)


@pytest.mark.parametrize("rival", RIVALS)
@pytest.mark.parametrize("package", SAME)
def test_lock_libraries_that_do_the_work_are_ours(rival: str, package: str) -> None:
    assert locked_version(lock_of(rival), package) == locked_version(REQUIREMENTS / "consumers.txt", package)


def test_locked_version_package_that_is_not_there_is_refused() -> None:
    with pytest.raises(ValueError, match="boto3"):
        locked_version(lock_of("arroyo"), "boto3")


def test_contenders_one_thread_has_no_row_of_several_processes() -> None:
    one = contenders(Setup("sleep", 1), Setup("sleep", 1, processes=1))
    four = contenders(Setup("sleep", 4), Setup("sleep", 1, processes=4))
    assert len(four) == len(one) + 2
    assert [entrant.setup.processes for entrant in four.values()][-2:] == [4, 4]
    assert not next(iter(four.values())).setup.is_stored  # as theirs: thrown away


def test_contenders_each_is_compared_with_ours_of_as_many_threads_or_processes() -> None:
    entrants = contenders(Setup("cpu", 2), Setup("cpu", 1, processes=2))
    arroyo = [entrant for entrant in entrants.values() if entrant.rival == "arroyo"]
    assert [entrant.setup.threads + 1 for entrant in arroyo] == [3, 2]  # one is the processor's
    for entrant in arroyo:
        ours = entrants[entrant.beside]
        assert ours.rival == OURS
        assert ours.setup.threads + (ours.setup.ordered_threads or 0) == entrant.setup.threads + 1
    for entrant in entrants.values():
        assert entrants[entrant.beside].setup.processes == entrant.setup.processes


def test_frame_work_frames_of_two_windows_are_in_two_clips_and_counted(tmp_path: Path) -> None:
    watch = StopWatch()
    published: list[DetectionMessage] = []
    work = FrameWork("noop", None, tmp_path, watch, published.append)
    jpegs = make_jpegs("face", 64, 48, 2)
    for seq in range(UNSETTLED_FRAMES + 5):
        log_ms = 1_700_000_000_000 + seq * 400  # 18 s: the window of 10 s changes once
        headers = encode_headers(make_headers(stand_in("noop"), seq, log_ms, (64, 48)))
        work.order(work.analyse(b"cam-a", jpegs[seq % 2], headers, 0, seq, log_ms))
    work.close()
    report = watch.report()
    assert report["frames"] == UNSETTLED_FRAMES + 5
    assert len(published) == report["frames"]
    assert report["work_s"] > 0
    assert report["frame_ms"]["p50"] > 0

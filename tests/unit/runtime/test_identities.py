"""Rule 11: retries are one frame."""

from common.contracts.sidecar import Fate, Origin
from common.contracts.window import Window
from consumers.runtime.identities import RETRY_HORIZON_MS, Identities, Verdict
from tests.unit.runtime.making import ORIGIN, SESSION, T0_MS, make_entry, make_sidecar

W1, W2 = Window(T0_MS, 5_000), Window(T0_MS + 5_000, 5_000)


def judge(held: Identities, seq: int, offset: int, log_ms: int = T0_MS, window: Window = W1) -> Verdict:
    return held.judge((SESSION, seq), offset, log_ms, window)


def test_judge_first_time_is_new_and_again_a_duplicate() -> None:
    held = Identities(ORIGIN)
    assert judge(held, 1, 10) is Verdict.NEW
    assert judge(held, 1, 11) is Verdict.DUPLICATE
    assert judge(held, 2, 12) is Verdict.NEW


def test_judge_retry_in_a_later_window_is_a_duplicate_until_the_horizon() -> None:
    held = Identities(ORIGIN)
    judge(held, 1, 10)
    assert judge(held, 1, 90, T0_MS + RETRY_HORIZON_MS, W2) is Verdict.DUPLICATE
    assert judge(held, 1, 91, T0_MS + RETRY_HORIZON_MS + 1, W2) is Verdict.NEW


def test_judge_duplicate_does_not_prolong_the_horizon() -> None:
    """Whether a frame is a retry must not depend on how much of the past a worker happens to remember."""
    held = Identities(ORIGIN)
    judge(held, 1, 10)
    judge(held, 1, 20, T0_MS + 100_000)
    assert judge(held, 1, 30, T0_MS + RETRY_HORIZON_MS + 1) is Verdict.NEW


def test_judge_stored_at_another_offset_is_a_duplicate() -> None:
    held = Identities(ORIGIN, [make_sidecar(make_entry(3, seq=1))])
    assert judge(held, 1, 10, T0_MS + 60_000, W2) is Verdict.DUPLICATE


def test_judge_stored_at_its_own_offset_and_window_is_a_replay() -> None:
    held = Identities(ORIGIN, [make_sidecar(make_entry(3, seq=1))])
    assert judge(held, 1, 3) is Verdict.NEW


def test_judge_stored_at_its_own_offset_under_another_window_is_left_out() -> None:
    held = Identities(ORIGIN, [make_sidecar(make_entry(3, seq=1))])
    assert judge(held, 1, 3, window=W2) is Verdict.STORED_ELSEWHERE


def test_judge_same_offset_of_another_topic_is_a_duplicate() -> None:
    old = Origin(topic="frames", topic_id="old", partition=0)
    held = Identities(ORIGIN, [make_sidecar(make_entry(3, seq=1), origin=old)])
    assert judge(held, 1, 3) is Verdict.DUPLICATE


def test_judge_stored_duplicate_or_dead_letter_holds_nothing() -> None:
    entries = make_entry(3, fate=Fate.DUPLICATE, seq=1), make_entry(4, fate=Fate.DEAD_LETTER, seq=2)
    held = Identities(ORIGIN, [make_sidecar(*entries)])
    assert judge(held, 1, 10) is Verdict.NEW
    assert judge(held, 2, 11) is Verdict.NEW


def test_judge_stored_past_the_horizon_is_new() -> None:
    held = Identities(ORIGIN, [make_sidecar(make_entry(3, seq=1))])
    assert judge(held, 1, 10, T0_MS + RETRY_HORIZON_MS + 1, W2) is Verdict.NEW


def test_identities_forget_what_is_past_the_horizon() -> None:
    held = Identities(ORIGIN, [make_sidecar(make_entry(0, seq=0))])
    for number in range(1, 1_000):
        judge(held, number, number, T0_MS + number * 1_000)
    assert len(held._read) <= RETRY_HORIZON_MS // 1_000 + 1
    assert len(held._order) == len(held._read)
    assert not held._stored

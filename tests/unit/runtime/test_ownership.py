"""Rule 16: signs of being the owner."""

from consumers.runtime.ownership import LoopSigns, Ownership

LIMIT_S = 60.0


def test_ownership_turning_loop_may_put() -> None:
    signs = LoopSigns(0.0, 10.0)
    ownership = Ownership(signs, LIMIT_S)
    for second in range(200):
        signs.turned(float(second))
    assert ownership.may_put(199.0 + LIMIT_S)
    assert not ownership.may_put(199.0 + LIMIT_S + 1)


def test_ownership_after_a_gap_no_sign_counts_for_a_session_timeout() -> None:
    signs = LoopSigns(0.0, 10.0)
    ownership = Ownership(signs, LIMIT_S)
    signs.turned(0.2)
    signs.turned(100.0)  # stood still: SIGSTOP
    assert not ownership.may_put(100.0)
    for tenth in range(100):
        signs.turned(100.0 + tenth / 10)
    assert not ownership.may_put(109.9)
    signs.turned(110.0)
    assert ownership.may_put(110.0)


def test_ownership_frozen_counts_from_the_last_sign_before() -> None:
    signs = LoopSigns(0.0, 10.0)
    ownership = Ownership(signs, LIMIT_S)
    signs.turned(1.0)
    ownership.freeze()
    for second in range(2, 100):
        signs.turned(float(second))
    assert ownership.is_frozen
    assert ownership.may_put(1.0 + LIMIT_S)
    assert not ownership.may_put(1.1 + LIMIT_S)

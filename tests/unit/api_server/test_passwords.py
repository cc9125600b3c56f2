"""One password is looked at at a time, few wait, and the rest is told to come back."""

import os
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Literal

import pytest
from argon2 import PasswordHasher

from api_server.accounts import passwords as module
from api_server.accounts.passwords import NICENESS, WAITING_MAX, Passwords, TooBusy
from tests.unit.api_server.world import CHEAP, World

LIMIT_S = 30.0


class HeldHasher(PasswordHasher):
    """Verifies when it may; knows how many are verified at once, and how nice the thread is."""

    def __init__(self) -> None:
        super().__init__(time_cost=1, memory_cost=8, parallelism=1)
        self.may = threading.Event()
        self.begun = threading.Semaphore(0)
        self.now = self.most = 0
        self.niceness = 0

    def verify(self, hash: str | bytes, password: str | bytes) -> Literal[True]:  # noqa: A002  argon2's name
        self.now += 1
        self.most = max(self.most, self.now)
        self.niceness = os.getpriority(os.PRIO_PROCESS, threading.get_native_id())
        self.begun.release()
        assert self.may.wait(LIMIT_S)
        self.now -= 1
        return super().verify(hash, password)


def test_passwords_flood_is_checked_one_by_one_and_refused_beyond_the_queue() -> None:
    hasher = HeldHasher()
    passwords = Passwords(hasher)
    with ThreadPoolExecutor(WAITING_MAX + 1) as people:
        waiting = [people.submit(passwords.is_right, None, "wrong") for _ in range(WAITING_MAX + 1)]
        assert hasher.begun.acquire(timeout=LIMIT_S)
        while passwords._places.acquire(blocking=False):  # until all have come
            passwords._places.release()
        with pytest.raises(TooBusy):
            passwords.is_right(None, "wrong")
        hasher.may.set()
        assert [one.result(LIMIT_S) for one in waiting] == [False] * (WAITING_MAX + 1)
    assert hasher.most == 1
    assert hasher.niceness == min(19, os.getpriority(os.PRIO_PROCESS, 0) + NICENESS)
    assert not passwords.is_right(None, "wrong"), "places are given back"


def test_passwords_log_in_that_waits_too_long_gives_its_place_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "WAIT_S", 0.05)
    hasher = HeldHasher()
    passwords = Passwords(hasher)
    for _ in range(WAITING_MAX + 5):  # the first is being checked, the others never were
        with pytest.raises(TooBusy):
            passwords.is_right(None, "wrong")
    hasher.may.set()
    monkeypatch.setattr(module, "WAIT_S", LIMIT_S)
    assert passwords.is_right(CHEAP.hash("right"), "right")


def test_sign_in_while_too_many_are_checked_says_when_to_come_back(world: World) -> None:
    world.add_user("ann")
    for _ in range(WAITING_MAX + 1):
        assert world.passwords._places.acquire(blocking=False)
    answers = [world.browser().sign_in(name, "wrong") for name in ("ann", "nobody")]
    assert [answer.status_code for answer in answers] == [503, 503]
    assert all(answer.headers["Retry-After"] for answer in answers)
    assert "sign in" in answers[0].get_json()["message"]

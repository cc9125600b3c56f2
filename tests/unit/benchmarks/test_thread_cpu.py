"""CPU by group of threads."""

import sys
import threading
import time

import pytest

from benchmarks.thread_cpu import cpu_by_group, difference, group_of


def test_group_of_names_of_the_runtime_and_librdkafka() -> None:
    names = ("pool-3", "upload-0", "MainThread", "rdk:broker1", "health")
    assert [group_of(name) for name in names] == ["pool", "upload", "loop", "kafka", "other"]


def test_difference_group_that_is_new_counts_from_zero() -> None:
    assert difference({"pool": 3.0, "upload": 0.5}, {"pool": 1.0}) == {"pool": 2.0, "upload": 0.5}


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_cpu_by_group_thread_that_computes_is_charged_to_its_group() -> None:
    done, may_end = threading.Event(), threading.Event()

    def compute() -> None:
        end_s = time.thread_time() + 0.05
        while time.thread_time() < end_s:
            pass
        done.set()
        may_end.wait(20)

    before = cpu_by_group()
    thread = threading.Thread(target=compute, name="pool-0", daemon=True)
    thread.start()
    assert done.wait(20)
    spent = difference(cpu_by_group(), before)
    may_end.set()
    thread.join(20)
    assert 0.045 <= spent["pool"] < 5

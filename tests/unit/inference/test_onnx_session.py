"""Sessions: one thread, and subnormal numbers cost nothing on any thread."""

import subprocess
import sys
import threading
import time

import numpy as np
import onnxruntime

from common.model_registry import REPOSITORY
from consumers.inference.onnx_session import DENORMAL_OPTION, input_name, make_session, run_one
from tests.unit.inference.making import linear_model

ACTS = """
import sys
import numpy as np
from consumers.inference.onnx_session import input_name, make_session, run_one
from tests.unit.inference.making import linear_model
session = make_session(linear_model(np.array([[1.0]], np.float32)))
value = run_one(session, input_name(session), np.array([[1e-40]], np.float32))
sys.exit(0 if value[0, 0] == 0.0 else 1)
"""

LEAVES_NOTHING = """
import sys
import numpy as np
from consumers.inference.onnx_session import make_session
from tests.conftest import pytest_runtest_teardown
from tests.unit.inference.making import linear_model
smallest_normal = sys.float_info.min
make_session(linear_model(np.array([[1.0]], np.float32)))
assert smallest_normal / 2 == 0.0
pytest_runtest_teardown()
sys.exit(0 if smallest_normal / 2 > 0.0 else 1)
"""


def test_first_session_of_a_process_treats_subnormal_values_as_zero() -> None:
    _must_succeed(ACTS)


def test_tests_after_the_first_session_compute_with_subnormal_values() -> None:
    _must_succeed(LEAVES_NOTHING)


def test_session_has_one_thread_and_the_option() -> None:
    options = make_session(linear_model(np.ones((1, 1), np.float32))).get_session_options()
    assert options.intra_op_num_threads == 1
    assert options.inter_op_num_threads == 1
    assert options.get_session_config_entry(DENORMAL_OPTION) == "1"


def test_subnormal_weights_cost_nothing_on_a_thread_older_than_the_session() -> None:
    """The option does not reach such a thread; the zeroed weights do. Without them this is 20 times slower."""
    rng = np.random.default_rng(0)
    plain = rng.normal(0, 1, (1024, 1024)).astype(np.float32)
    tiny = plain * np.float32(1e-41)
    ready, spent = threading.Event(), {}
    sessions: dict[str, onnxruntime.InferenceSession] = {}

    def measure() -> None:
        assert ready.wait(30)
        values = rng.normal(0, 1, (64, 1024)).astype(np.float32)
        for name, session in sessions.items():
            run_one(session, input_name(session), values)
            begin = time.thread_time()
            for _ in range(5):
                run_one(session, input_name(session), values)
            spent[name] = time.thread_time() - begin

    old = threading.Thread(target=measure)
    old.start()
    sessions.update(plain=make_session(linear_model(plain)), tiny=make_session(linear_model(tiny)))
    ready.set()
    old.join(60)
    assert spent["tiny"] < 5 * spent["plain"]


def _must_succeed(program: str) -> None:
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, cwd=REPOSITORY, timeout=100, check=False, capture_output=True)
    assert done.returncode == 0, done.stderr.decode()

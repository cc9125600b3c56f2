"""The one place where ONNX Runtime sessions are made.

Subnormal floats make a CPU many times slower: a tenth of the weights of the plate text detector are subnormal, and
treating them as zero makes it three times faster with the same output. ONNX Runtime's `session.set_denormal_as_zero`
acts on the thread that makes the *first* session of a process, and on threads started from it later, and on no other;
so the option is set on every session (whichever is first then has it), and the weights that are subnormal are made zero
in the bytes beforehand, which holds on every thread.
"""

import numpy as np
import onnxruntime

from consumers.inference.onnx_file import zero_subnormals
from consumers.inference.provider import chosen_providers, warn_of_fallback

DENORMAL_OPTION = "session.set_denormal_as_zero"
FATAL_ONLY = 3
"""Severity of the runtime's own log: errors. Its warnings about graph clean-up are noise on standard error."""


def make_session(content: bytes) -> onnxruntime.InferenceSession:
    """A session of one thread from verified bytes, on the CPU or what LOOKOUT_ONNX_PROVIDER asks for. `run` may
    be called by any threads at once. Raises ConfigurationError for an unknown provider.

    One intra-op thread: the pool of the consumer is the parallelism, a second one below it would fight for the cores.
    """
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.log_severity_level = FATAL_ONLY
    # An arena keeps the largest picture's memory for good, per session; the pattern planner does so per input shape.
    options.enable_mem_pattern = False
    options.add_session_config_entry(DENORMAL_OPTION, "1")
    providers = chosen_providers()
    session = onnxruntime.InferenceSession(zero_subnormals(content), options, providers=list(providers))
    warn_of_fallback(session, providers)
    return session


def input_name(session: onnxruntime.InferenceSession) -> str:
    """The name of the only input. Raises ValueError when there are several."""
    (only,) = session.get_inputs()
    return str(only.name)


def run_one(session: onnxruntime.InferenceSession, name: str, values: np.ndarray) -> np.ndarray:
    """One input in, the first output out. Any thread."""
    return np.asarray(session.run(None, {name: values})[0])

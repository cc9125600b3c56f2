"""What runs ONNX networks: the CPU, or what LOOKOUT_ONNX_PROVIDER asks for where the installed runtime has it."""

import logging
import os
from collections.abc import Mapping, Sequence

import onnxruntime

from common.errors import ConfigurationError

VARIABLE = "LOOKOUT_ONNX_PROVIDER"
CPU = "CPUExecutionProvider"
PROVIDERS: Mapping[str, str] = {"cpu": CPU, "cuda": "CUDAExecutionProvider", "openvino": "OpenVINOExecutionProvider"}
PACKAGES: Mapping[str, str] = {"cuda": "onnxruntime-gpu", "openvino": "onnxruntime-openvino"}
_log = logging.getLogger(__name__)


def chosen_providers(
    environment: Mapping[str, str] | None = None, available: Sequence[str] | None = None
) -> tuple[str, ...]:
    """Providers in the order of preference; the CPU is always the last.

    Falls back to the CPU, with a sentence in the log, where the runtime lacks what was asked for. Raises
    ConfigurationError for a name that nothing is known by.
    """
    asked = (os.environ if environment is None else environment).get(VARIABLE, "").strip().lower() or "cpu"
    if asked not in PROVIDERS:
        raise ConfigurationError(f"{VARIABLE}={asked[:40]!r} is not one of {', '.join(PROVIDERS)}.")
    if asked == "cpu":
        return (CPU,)
    if PROVIDERS[asked] not in (onnxruntime.get_available_providers() if available is None else available):
        _log.warning(
            "%s=%s, but the installed onnxruntime has no %s: networks run on the CPU. pip install %s in its place.",
            VARIABLE, asked, PROVIDERS[asked], PACKAGES[asked],
        )  # fmt: skip
        return (CPU,)
    return PROVIDERS[asked], CPU


def runs_elsewhere(session: onnxruntime.InferenceSession) -> bool:
    """Whether another processor computes while the thread that called waits."""
    return PROVIDERS["cuda"] in session.get_providers()


def warn_of_fallback(session: onnxruntime.InferenceSession, wanted: Sequence[str]) -> None:
    """The runtime itself falls back when a provider is there but does not start (no driver, no card)."""
    running = session.get_providers()
    if wanted[0] not in running:
        _log.warning("%s did not start: this network runs on %s.", wanted[0], ", ".join(running))

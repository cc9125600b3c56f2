import pytest

from common.errors import ConfigurationError
from consumers.inference.provider import CPU, chosen_providers

CUDA = "CUDAExecutionProvider"


def test_cpu_is_the_default() -> None:
    assert chosen_providers({}, [CUDA, CPU]) == (CPU,)


def test_asked_for_and_there_goes_before_the_cpu() -> None:
    assert chosen_providers({"LOOKOUT_ONNX_PROVIDER": "CUDA"}, [CUDA, CPU]) == (CUDA, CPU)


@pytest.mark.parametrize(("name", "package"), [("cuda", "onnxruntime-gpu"), ("openvino", "onnxruntime-openvino")])
def test_asked_for_and_not_there_falls_back_with_a_sentence(
    name: str, package: str, caplog: pytest.LogCaptureFixture
) -> None:
    assert chosen_providers({"LOOKOUT_ONNX_PROVIDER": name}, [CPU]) == (CPU,)
    assert package in caplog.text


def test_unknown_provider_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="cpu, cuda, openvino"):
        chosen_providers({"LOOKOUT_ONNX_PROVIDER": "abacus"})

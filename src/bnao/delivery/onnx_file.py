"""``model.onnx``: the network for any runtime, compared with torch before it is kept. Needs the extra ``export``."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from bnao.call import call_network, tensors_of
from bnao.delivery.description import OnnxCheck
from bnao.delivery.examples import arguments, free_batch, input_names, part
from bnao.delivery.quiet import quiet_export
from bnao.errors import NumericalError, SettingError
from bnao.storage.files import write_atomic

if TYPE_CHECKING:
    from bnao.call import Inputs

PACKAGES = ("onnx", "onnxscript", "onnxruntime")
OUTPUT = "logits"
BATCH_SIZES = (1, 3)
TOLERANCE = 1e-4
"""Largest difference of two logits, for logits up to 1 in absolute value; beyond in proportion to the largest."""


def require_onnx() -> None:
    """Raise SettingError unless the packages that write and check ONNX are installed."""
    missing = [name for name in PACKAGES if find_spec(name) is None]
    if missing:
        raise SettingError(
            f"model.onnx needs the packages {', '.join(PACKAGES)}; not installed: {', '.join(missing)}: "
            "`pip install 'bnao[export]'`, or leave the file out by --no-onnx (onnx=False)"
        )


def write_onnx(path: Path, module: nn.Module, inputs: Inputs) -> OnnxCheck:
    """Write ``module`` (in eval mode; called with ``inputs`` such as these) to ``path`` with a free batch size.

    The file holds no path of this machine, and the same network gives the same bytes. Raises NumericalError if its
    outputs differ from torch's by more than :data:`TOLERANCE`, SettingError for a network that cannot be written.
    """
    batches = [part(inputs, begin, begin + size) for begin, size in zip((0, 1), BATCH_SIZES, strict=True)]
    try:
        model = _exported(module, part(inputs, 0, 2))
    except Exception as error:
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise SettingError(
            f"model.onnx is what torch.onnx makes of the network; it cannot of this one ({reason}): leave the file out "
            "by --no-onnx (onnx=False)"
        ) from error
    content: bytes = model.SerializeToString(deterministic=True)
    check = _compared(content, module, batches, int(model.opset_import[0].version))
    write_atomic(path, lambda file: file.write(content))
    return check


def _exported(module: nn.Module, inputs: Inputs) -> Any:
    """The network as an ONNX model without what describes where it came from."""
    args, kwargs = arguments(inputs)
    with quiet_export():
        program = torch.onnx.export(
            module,
            args,
            kwargs=kwargs,
            dynamo=True,
            dynamic_shapes=free_batch(inputs),
            input_names=input_names(inputs),
            output_names=[OUTPUT],
            verbose=False,
        )
    assert program is not None, "the exporter that goes through torch.export gives a program"
    model: Any = program.model_proto
    model.producer_version = ""
    graph = model.graph
    for piece in (model, graph, *graph.node, *graph.input, *graph.output, *graph.value_info, *graph.initializer):
        piece.ClearField("metadata_props")  # stack traces
        piece.ClearField("doc_string")
    graph.ClearField("value_info")  # shapes within, which runtimes infer
    assert not model.functions, "all operators are standard ones"
    return model


def _compared(content: bytes, module: nn.Module, batches: list[Inputs], opset: int) -> OnnxCheck:
    """Outputs of the ONNX model beside torch's. Raises NumericalError."""
    import onnxruntime

    session = onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])
    difference = largest = 0.0
    with torch.no_grad():
        for inputs in batches:
            expected: Tensor = call_network(module, inputs)
            named = zip(input_names(inputs), tensors_of(inputs), strict=True)
            (found,) = session.run([OUTPUT], {name: tensor.numpy() for name, tensor in named})
            difference = max(difference, float((torch.from_numpy(found) - expected).abs().max()))
            largest = max(largest, float(expected.abs().max()))
    if not difference <= TOLERANCE * max(1.0, largest):
        raise NumericalError(
            f"model.onnx must compute what torch computes, within {TOLERANCE} for logits up to 1; logits up to "
            f"{largest:.3g} differ by {difference:.3g}: leave it out by --no-onnx, and report this"
        )
    return OnnxCheck(
        batch_sizes=tuple(len(tensors_of(inputs)[0]) for inputs in batches),
        largest_difference=difference,
        largest_logit=largest,
        tolerance=TOLERANCE,
        opset=opset,
    )

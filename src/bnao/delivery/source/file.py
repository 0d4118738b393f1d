"""``model.py``: header, classes, network, and how weights are read; checked against the module it is written from."""

from __future__ import annotations

from typing import Any, cast

import torch
from torch import nn

from bnao.delivery.description import Description
from bnao.delivery.source.header import constants, header
from bnao.delivery.source.mobile import MOBILE_LAYERS
from bnao.delivery.source.nao_cell import NAO_CELL_LAYERS
from bnao.delivery.source.nasbench201 import NASBENCH201_LAYERS
from bnao.delivery.source.operations import OPERATION_LAYERS
from bnao.delivery.source.torch_layers import TORCH_LAYERS
from bnao.delivery.source.wrap import wrap
from bnao.delivery.source.writer import Emit, Unwritable, Writer, plain
from bnao.rng import torch_stream

EMITTERS: dict[type[nn.Module], Emit] = {
    **TORCH_LAYERS,
    **OPERATION_LAYERS,
    **NAO_CELL_LAYERS,
    **NASBENCH201_LAYERS,
    **MOBILE_LAYERS,
}

_READING = '''
def preprocess(images):
    """uint8 (B, {channels}, {height}, {width}) -> normalised float32: ``(images / 255 - MEAN) / STD``."""
    mean = 255 * torch.tensor(MEAN, device=images.device).view(-1, 1, 1)
    std = 255 * torch.tensor(STD, device=images.device).view(-1, 1, 1)
    return (images.float() - mean) / std


def build(weights=WEIGHTS):
    """The network with its trained weights, in eval mode, on the CPU."""
    network = {network}
    network.load_state_dict(read_safetensors(weights))
    return network.eval()


def read_safetensors(path):
    """Tensors by name: 8 bytes say how long the JSON header is, raw data follow it."""
    content = bytearray(Path(path).read_bytes())
    start = 8 + int.from_bytes(content[:8], "little")
    header = json.loads(content[8:start])
    dtypes = {{{dtypes}}}
    tensors = {{}}
    for name, entry in header.items():
        if name != "__metadata__":
            begin, end = entry["data_offsets"]
            data = content[start + begin : start + end]
            tensor = torch.frombuffer(data, dtype=dtypes[entry["dtype"]])
            tensors[name] = tensor.reshape(entry["shape"])
    return tensors
'''

_DTYPES = {torch.float32: "F32", torch.float64: "F64", torch.float16: "F16", torch.bfloat16: "BF16", torch.int64: "I64"}


def model_source(module: nn.Module, description: Description) -> str:
    """The source of ``module`` (in eval mode) as a Python file that needs torch alone.

    Raises Unwritable for a module that no source is known for, or whose source would compute something else.
    """
    first = Writer(EMITTERS)
    first.module(module)
    writer = Writer(EMITTERS, first.uses)
    network = plain(writer.module(module))
    task = description.task
    if task is None or description.mean is None:
        raise Unwritable("the inputs were prepared by you, and no file holds how")
    dtypes = sorted({tensor.dtype for tensor in module.state_dict().values()}, key=str)
    if unknown := [dtype for dtype in dtypes if dtype not in _DTYPES]:
        raise Unwritable(f"weights of type {unknown[0]} are not read")
    reading = _READING.format(
        channels=task.in_channels,
        height=task.image_size[0],
        width=task.image_size[1],
        network=network,
        dtypes=", ".join(f'"{_DTYPES[dtype]}": {dtype}' for dtype in dtypes),
    )
    body = "\n\n\n".join([*(plain(part) for part in writer.classes), reading.strip("\n")])
    imports = ["import json", "from pathlib import Path", "", "import torch", "from torch import nn"]
    imports += ["from torch.nn import functional as F"] if "F." in body else []
    parts = [header(description, module), "\n".join(imports), constants(description)]
    source = "\n\n".join(parts) + "\n\n\n" + wrap(body) + "\n"
    _check(source, network, module, (task.in_channels, *task.image_size))
    return source


def _check(source: str, network: str, module: nn.Module, shape: tuple[int, int, int]) -> None:
    """Raise Unwritable unless the source has the module's weights under the same names and computes the same."""
    names: dict[str, Any] = {"__name__": "model", "__file__": "model.py"}
    exec(compile(source, "model.py", "exec"), names)  # what was written above: torch's names and numbers
    with torch_stream(0, "delivery", "check"), torch.no_grad():
        copy = cast(nn.Module, eval(network, names))
        state = module.state_dict()
        if {k: v.shape for k, v in copy.state_dict().items()} != {k: v.shape for k, v in state.items()}:
            raise Unwritable("its weights would have other names in the source")
        copy.load_state_dict(state)
        images = torch.randn(2, *shape)
        if not torch.equal(copy.eval()(images), module(images)):
            raise Unwritable("its source would compute something else")

"""``model.pt2``: the network as a program of torch, for networks that no readable source is known for."""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from torch import nn

from bnao.delivery.examples import arguments, free_batch
from bnao.delivery.quiet import quiet_export
from bnao.storage.files import write_atomic

if TYPE_CHECKING:
    from bnao.call import Inputs


def write_program(path: Path, module: nn.Module, inputs: Inputs) -> None:
    """Write ``module`` (in eval mode; called with two or more ``inputs`` such as these) with a free batch size.

    ``torch.export.load(path).module()`` is the network; bnao is not needed for it.
    """
    with quiet_export():
        args, kwargs = arguments(inputs)
        program = torch.export.export(module, args, kwargs, dynamic_shapes=free_batch(inputs))
        for node in program.graph.nodes:
            node.meta.pop("stack_trace", None)  # paths of this machine
        content = io.BytesIO()
        torch.export.save(program, content)
    write_atomic(path, lambda file: file.write(content.getvalue()))

"""``model.pt2``: the network as a program of torch, for networks that no readable source is known for."""

from __future__ import annotations

import io
from pathlib import Path

import torch
from torch import nn

from bnao.delivery.quiet import quiet_export
from bnao.storage.files import write_atomic


def write_program(path: Path, module: nn.Module, shape: tuple[int, int, int]) -> None:
    """Write ``module`` (in eval mode; normalised images of ``shape`` (C, H, W)) with a free batch size.

    ``torch.export.load(path).module()`` is the network; bnao is not needed for it.
    """
    with quiet_export():
        program = torch.export.export(
            module, (torch.zeros(2, *shape),), dynamic_shapes=({0: torch.export.Dim("batch")},)
        )
        for node in program.graph.nodes:
            node.meta.pop("stack_trace", None)  # paths of this machine
        content = io.BytesIO()
        torch.export.save(program, content)
    write_atomic(path, lambda file: file.write(content.getvalue()))

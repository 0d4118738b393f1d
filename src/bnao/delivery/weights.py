"""``model.safetensors``: the same network gives the same bytes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from torch import Tensor

from bnao.storage.checkpoints import save_weights
from bnao.storage.files import read_bytes, write_atomic

FILE_NAME = "model.safetensors"


def write_weights(path: Path, tensors: Mapping[str, Tensor], metadata: Mapping[str, str]) -> None:
    """Tensors by name with text metadata, which safetensors itself writes in an order of its own each time."""
    save_weights(path, tensors, metadata)
    content = read_bytes(path)
    start = 8 + int.from_bytes(content[:8], "little")
    header = json.loads(content[8:start])
    header["__metadata__"] = dict(sorted(header["__metadata__"].items()))
    text = json.dumps(header, separators=(",", ":"), ensure_ascii=False).encode()
    text += b" " * (-len(text) % 8)  # data begin at a multiple of 8
    write_atomic(path, lambda file: file.write(len(text).to_bytes(8, "little") + text + content[start:]))

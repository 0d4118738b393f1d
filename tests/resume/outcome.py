"""What a finished run must share, to the bit, with an undisturbed one: everything but times."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import torch

from bnao.storage import RunFolder
from bnao.storage.files import json_bytes

TIMES = ("seconds", "stage_seconds", "unfinished", "created", "updated")


def outcome(path: Path) -> dict[str, str]:
    """A hash of the pool and of each file of the state."""
    run = RunFolder.open(path)
    with run.pool() as pool:
        hashes = {"pool": pool.digest()}
    for name in run.manifest.files:
        if name.endswith(".json"):
            content = json_bytes(_timeless(run.read_json(name)))
        elif name.endswith(".pt"):
            content = _bytes(run.read_checkpoint(name))
        else:
            tensors, metadata = run.read_weights(name)
            content = _bytes([sorted(tensors.items()), sorted(metadata.items())])
        hashes[name] = hashlib.sha256(content).hexdigest()
    return hashes


def _timeless(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _timeless(item) for key, item in value.items() if key not in TIMES}
    return [_timeless(item) for item in value] if isinstance(value, list) else value


def _bytes(value: Any) -> bytes:
    """The content of nested containers of tensors, whatever objects they share."""
    if isinstance(value, torch.Tensor):
        return repr((value.dtype, tuple(value.shape))).encode() + value.contiguous().numpy().tobytes()
    if isinstance(value, dict):
        return b"{" + b",".join(_bytes(key) + b":" + _bytes(item) for key, item in value.items()) + b"}"
    if isinstance(value, list | tuple):
        return b"[" + b",".join(map(_bytes, value)) + b"]"
    return repr(value).encode()

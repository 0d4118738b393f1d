"""Checkpoints (``torch.save``, read with ``weights_only``) and weights to share (safetensors); torch comes on use.

A file that was cut or altered is a RunError: a checkpoint's zip checksums are verified before torch reads it (torch's
own reader skips them), and nothing in either format can run code. Neither takes more memory than the file has bytes,
but for what Python adds to each object.
"""

from __future__ import annotations

import hashlib
import json
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bnao.errors import RunError
from bnao.storage.files import read_bytes, read_error, write_atomic

if TYPE_CHECKING:
    from torch import Tensor

_CHECKSUM = "bnao.sha256"  # metadata key of a weights file: the hash of its tensors


def save_state(path: Path, state: Any) -> None:
    """Write ``state`` (nested dicts, lists, tuples of tensors, numbers, text) to ``path``, atomically.

    Raises RunError if the disk refuses, or if ``state`` holds something that could not be read back safely.
    """
    import torch

    _check_readable(state, "state")

    def write(file: Any) -> None:
        try:
            torch.save(state, file)
        except RuntimeError as error:  # torch wraps a failed write ("unexpected pos") and hides the disk's error
            if isinstance(error.__context__, OSError):
                raise error.__context__ from error
            raise

    write_atomic(path, write)


def load_state(path: Path) -> Any:
    """The state in ``path``, tensors on the CPU. Raises RunError if the file is missing, cut, or altered."""
    import torch

    try:
        size = path.stat().st_size
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
            packed = [m for m in members if m.compress_type != zipfile.ZIP_STORED or m.file_size != m.compress_size]
            if packed or sum(member.file_size for member in members) > size:
                raise _damaged(path, "checkpoint", "it claims more bytes than it has")
            broken = archive.testzip()
        if broken is not None:
            raise _damaged(path, "checkpoint", f"checksum of {broken} differs")
        state = torch.load(path, map_location="cpu", weights_only=True)
        _check_storages(state, size, path)
        return state
    except RunError:
        raise
    except OSError as error:
        raise read_error(path, error) from error
    except Exception as error:  # zipfile, zlib, pickle and torch raise a dozen types; all mean a damaged file
        raise _damaged(path, "checkpoint", f"{type(error).__name__}: {error}") from error


def save_weights(path: Path, tensors: Mapping[str, Tensor], metadata: Mapping[str, str] | None = None) -> None:
    """Write named tensors and text metadata as safetensors, atomically; tied tensors are written once for each name.

    Equal tensors and texts give equal bytes. Raises RunError if the disk refuses. A hash of the tensors is added to the
    metadata and verified on reading.
    """
    import torch
    from safetensors.torch import save

    separate = {
        name: tensor.detach().cpu().clone(memory_format=torch.contiguous_format) for name, tensor in tensors.items()
    }
    texts = {**(metadata or {})}
    assert _CHECKSUM not in texts and all(isinstance(text, str) for text in texts.values()), "metadata is text"
    texts[_CHECKSUM] = _hash(separate)
    content = _sorted(save(separate, metadata=texts))
    write_atomic(path, lambda file: file.write(content))


def _sorted(content: bytes) -> bytes:
    """The same file with its metadata in order: safetensors itself writes them in another order each time."""
    start = 8 + int.from_bytes(content[:8], "little")
    header = json.loads(content[8:start])
    header["__metadata__"] = dict(sorted(header["__metadata__"].items()))
    text = json.dumps(header, separators=(",", ":"), ensure_ascii=False).encode()
    text += b" " * (-len(text) % 8)  # data begin at a multiple of 8
    return b"".join([len(text).to_bytes(8, "little"), text, memoryview(content)[start:]])


def load_weights(path: Path) -> tuple[dict[str, Tensor], dict[str, str]]:
    """Tensors (on the CPU) and metadata of a safetensors file, ours or another's. Raises RunError."""
    from safetensors.torch import load

    content = read_bytes(path)
    try:
        tensors = load(content)
        header = json.loads(content[8 : 8 + int.from_bytes(content[:8], "little")])
        metadata = dict(header.get("__metadata__", {}))
    except Exception as error:  # safetensors raises its own and torch's types on damaged files
        raise _damaged(path, "weights file", f"{type(error).__name__}: {error}") from error
    expected = metadata.pop(_CHECKSUM, None)
    if expected is not None and expected != _hash(tensors):
        raise _damaged(path, "weights file", "its tensors do not match their checksum")
    return tensors, metadata


def _hash(tensors: Mapping[str, Tensor]) -> str:
    import torch

    digest = hashlib.sha256()
    for name in sorted(tensors):
        tensor = tensors[name]
        digest.update(repr((name, str(tensor.dtype), tuple(tensor.shape))).encode())
        digest.update(tensor.contiguous().reshape(-1).view(torch.uint8).numpy().data)
    return digest.hexdigest()


def _damaged(path: Path, kind: str, what: str) -> RunError:
    first = what.strip().splitlines()[0][:160] if what.strip() else "no details"
    return RunError(f"a {kind} must be whole; {str(path)!r} is damaged ({first}): restore a copy, or begin anew")


def _check_storages(value: Any, size: int, path: Path) -> None:
    """Raise RunError where a tensor claims more numbers than the file of ``size`` bytes can hold."""
    import torch

    if isinstance(value, torch.Tensor):
        if value.numel() * value.element_size() > size:
            raise _damaged(path, "checkpoint", f"a tensor claims {value.numel()} numbers")
    elif isinstance(value, dict):
        for item in value.values():
            _check_storages(item, size, path)
    elif isinstance(value, list | tuple | set):
        for item in value:
            _check_storages(item, size, path)


def _check_readable(value: Any, where: str) -> None:
    import torch

    if value is None or isinstance(value, torch.Tensor | torch.Size | torch.dtype | torch.device):
        return
    if type(value) in (bool, int, float, complex, str, bytes):
        return
    if isinstance(value, dict):
        for key, item in value.items():
            _check_readable(key, f"a key of {where}")
            _check_readable(item, f"{where}[{key!r}]")
        return
    if type(value) in (list, tuple, set):
        for k, item in enumerate(value):
            _check_readable(item, f"{where}[{k}]")
        return
    raise RunError(
        f"a checkpoint holds tensors, numbers, text, dicts, lists and tuples; received {type(value).__name__} at "
        f"{where}: convert it to one of these"
    )

"""The cache of decoded images.

Folder: ``$BNAO_CACHE``, else ``$XDG_CACHE_HOME/bnao``, else ``~/.cache/bnao``; decoded images lie in ``decoded/``,
fetched archives in ``downloads/``. Everything in it may be deleted at any time. An entry is an uncompressed .npz whose
name is a hash of the encoded content, the resolution and the decoder's version; its checksum is verified on reading,
and it is written under another name and renamed. Imports no torch.
"""

from __future__ import annotations

import hashlib
import os
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
import PIL
from numpy.typing import NDArray

from bnao.data.npz_file import NpzFile
from bnao.errors import DataError, RunError
from bnao.storage.files import write_atomic

_VERSION = "2"


def cache_folder() -> Path:
    """The folder of the cache; need not exist."""
    if own := os.environ.get("BNAO_CACHE"):
        return Path(own)
    if shared := os.environ.get("XDG_CACHE_HOME"):
        return Path(shared) / "bnao"
    return Path.home() / ".cache" / "bnao"


def entry_path(fingerprint: str, resolution: int | None) -> Path:
    """Where the decoded images of this content are kept."""
    text = "\n".join((_VERSION, fingerprint, str(resolution), PIL.__version__))
    return cache_folder() / "decoded" / f"{hashlib.blake2b(text.encode(), digest_size=16).hexdigest()}.npz"


def load_or_build(path: Path, shape: tuple[int, ...], build: Callable[[], NDArray[np.uint8]]) -> NDArray[np.uint8]:
    """The uint8 array of ``shape`` kept at ``path``, or else ``build()``, which is then kept there.

    A damaged entry is replaced, and a folder that cannot be written leaves nothing behind; either with a warning.
    """
    found = read_entry(path, shape)
    if found is not None:
        return found
    images = build()
    assert images.shape == shape and images.dtype == np.uint8
    _write(path, images)
    return images


def read_entry(path: Path, shape: tuple[int, ...]) -> NDArray[np.uint8] | None:
    """The verified entry, or None if there is none or (with a warning) it is damaged."""
    if not path.is_file():
        return None
    try:
        with NpzFile(path) as entry:
            images = entry.array("images", np.uint8, len(shape))
    except DataError as error:
        warnings.warn(f"cached images are decoded again, for the entry is damaged: {error}", stacklevel=2)
        return None
    if images.shape != shape:
        warnings.warn(f"cached images are decoded again: {path} has shape {images.shape}, not {shape}", stacklevel=2)
        return None
    return images


def _write(path: Path, images: NDArray[np.uint8]) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomic(path, lambda file: np.savez(file, images=images))
    except (OSError, RunError) as error:
        warnings.warn(
            f"decoded images are not kept, so the next run decodes them again: cannot write {path.parent} ({error}); "
            "set BNAO_CACHE to a writable folder or cache=False",
            stacklevel=2,
        )

"""Exports of torch without what torch says of itself meanwhile."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

_LOGGER = "torch.onnx._internal.exporter._registration"  # says at each export that torchvision is not installed


@contextmanager
def quiet_export() -> Iterator[None]:
    """Within it torch's warnings about its own deprecated parts, and the one name of several batches, are not heard."""
    logger = logging.getLogger(_LOGGER)
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message=".*The axis name: .* will not be used", category=UserWarning)
            warnings.filterwarnings("ignore", message=".*LeafSpec.*is deprecated", category=FutureWarning)
            warnings.filterwarnings(
                "ignore", category=DeprecationWarning, module=r"(torch|onnx|onnxscript|onnx_ir)\b.*"
            )
            yield
    finally:
        logger.setLevel(level)

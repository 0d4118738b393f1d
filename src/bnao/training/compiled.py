"""Candidate operations compiled by ``torch.compile``, one by one, within the steps of a training.

One compiled function serves all operations: torch keeps its code by class, widths, shapes and mode, not by module, so
a new path compiles only what no path had before, and never an architecture. Outside a step's forward pass every module
is as it was: what is scored, copied, saved and delivered knows nothing of it.

Compiled operations run torch's modules, not those of :mod:`bnao.ops.lean`. ``docs/log.md`` has what it gained.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache, partial
from importlib.util import find_spec
from typing import Any

import torch
from torch import nn

from bnao.errors import SettingError, brief, require
from bnao.supernet import Path

MOST_FORMS = 1_000_000
"""Compiled forms of an operation that are kept. Torch's own limit, 8, would go on without compiling, silently."""


def _call(module: nn.Module, *inputs: Any, **named: Any) -> Any:
    return module._call_impl(*inputs, **named)  # type: ignore[no-untyped-call]


@cache
def _compiled_call() -> Callable[..., Any]:
    return torch.compile(_call, dynamic=False)


@contextmanager
def compiled(path: Path) -> Iterator[None]:
    """Within the context the path's operations run compiled; then they are what they were.

    Raises SettingError where the space does not name its operations, or one of them cannot be compiled.
    """
    if path.operations is None:
        raise SettingError(
            "compile = operations needs a space that names the operations of its networks (Built.operations); this one "
            "does not: set compile to off"
        )
    import torch._dynamo as dynamo

    modules = [module for module in path.operations if type(module) is not nn.Identity]
    before = [(module, module._compiled_call_impl) for module in modules]
    function = _compiled_call()
    try:
        for module in modules:
            module._compiled_call_impl = partial(function, module)
        with dynamo.config.patch(cache_size_limit=MOST_FORMS, accumulated_cache_size_limit=MOST_FORMS):
            yield
    except dynamo.exc.TorchDynamoException as error:
        raise SettingError(
            f"compile = operations needs operations that torch.compile can take; it cannot take one of these "
            f"({_reason(error)}): set compile to off"
        ) from error
    finally:
        for module, call in before:
            module._compiled_call_impl = call


@cache
def require_compiler(device: str) -> None:
    """Raise SettingError unless ``torch.compile`` works on a device of type ``device``; it is tried once a process."""
    if device == "cpu":
        name = os.environ.get("CXX") or {"darwin": "clang++", "win32": "cl"}.get(sys.platform, "g++")
        require(
            shutil.which(name) is not None,
            "compile = operations needs a C++ compiler on a CPU",
            f"{name}, which is not found",
            "install one (or name it by the environment variable CXX), or set compile to off",
        )
    else:
        require(
            find_spec("triton") is not None,
            f"compile = operations needs the package triton on {device}",
            "no such package",
            "install the build of torch that brings it, or set compile to off",
        )
    try:
        torch.compile(lambda x: x + 1, dynamic=False)(torch.zeros(2, device=device))
    except Exception as error:
        raise SettingError(
            f"compile = operations needs a torch.compile that works; a sum of two numbers failed ({_reason(error)}): "
            "mend the compiler (Python's headers are needed too), or set compile to off"
        ) from error


def _reason(error: Exception) -> str:
    return brief(next(iter(str(error).strip().splitlines()), type(error).__name__))

"""What ``model.py`` says of itself, and its constants."""

from __future__ import annotations

import textwrap

import numpy as np
from torch import nn

from bnao.delivery.description import Description
from bnao.spaces.progress import DropPath

_MODES = {
    "train": "trained from scratch on training images; those it was measured on are not among them",
    "retrain": "trained from scratch on training and validation images",
    "fine_tune": "continued from the supernet's weights on training and validation images",
    "inherit": "the supernet's weights as they were, running statistics measured on training images",
    "rerank": "trained by the search's re-ranking",
}


def header(description: Description, module: nn.Module) -> str:
    """The docstring of the file."""
    task, network = description.task, description
    assert task is not None, "source is written where inputs are images of classes"
    images = f"(B, {task.in_channels}, {task.image_size[0]}, {task.image_size[1]})"
    facts = {
        "Architecture": f"{description.space.name}: {description.architecture} (id {description.id})",
        "Parameters": f"{network.num_params:,}",
        "Multiply-adds": f"{network.macs:,} for one image",
        description.metric.capitalize(): f"{_measured(description)} (standard error), on {description.measured_on}",
        "Weights": _MODES.get(description.mode, description.mode),
        "Written by": f"bnao {description.bnao_version}",
    }
    lines = ['"""A network found by architecture search, in plain PyTorch.', ""]
    lines += [
        "    from model import build, preprocess",
        "",
        "    network = build()  # with the weights of model.safetensors beside this file",
        f"    logits = network(preprocess(images))  # uint8 {images} -> (B, {task.num_classes})",
        "",
    ]
    for name, text in facts.items():
        label = _safe(name) + ":"
        lines += textwrap.wrap(_safe(text), 88, initial_indent=f"{label:<15}", subsequent_indent=" " * 15)
    if any(isinstance(part, DropPath) and part.strength for part in module.modules()):
        text = "It was trained with drop-path, which does nothing in eval mode and is left out here."
        lines += ["", *textwrap.wrap(text, 88)]
    return "\n".join([*lines, '"""'])


def _measured(description: Description) -> str:
    value, error = description.metric_value, description.standard_error
    return f"{100 * value:.2f} % ± {100 * error:.2f}" if description.metric_is_share else f"{value:.4g} ± {error:.2g}"


def constants(description: Description) -> str:
    """Normalisation, names of classes, and how much of a picture is seen where that is not its whole central square."""
    task, mean, std = description.task, description.mean, description.std
    assert task is not None and mean is not None and std is not None, "source is written for images"
    lines = ['WEIGHTS = Path(__file__).with_name("model.safetensors")']
    lines.append(f"MEAN = {_numbers(mean)}  # of each channel, for pixels in [0, 1]")
    lines.append(f"STD = {_numbers(std)}")
    if description.central_share != 1.0:
        height, width = task.image_size
        lines.append(f"# Of a picture's shorter side: the central square to bring to {height}x{width}.")
        lines.append(f"CENTRAL_SHARE = {description.central_share!r}")
    if task.classes:
        lines.append("CLASSES = [")
        lines += [f"    {_quoted(name)}," for name in task.classes]
        lines.append("]")
    return "\n".join(lines)


def _numbers(values: tuple[float, ...]) -> str:
    """The shortest decimals that are the same float32 numbers."""
    return "[" + ", ".join(str(np.float32(value)) for value in values) + "]"


def _quoted(name: str) -> str:
    text = repr(name)
    return f'"{text[1:-1]}"' if text[0] == "'" and '"' not in text else text


def _safe(text: str) -> str:
    """Text that a docstring can hold: one line, no backslash, no three quotes in a row, nothing that is not shown."""
    plain = "".join(c if c.isprintable() else " " for c in text)
    return plain.replace("\\", "/").replace('"""', "'''")

"""Torch's own layers as expressions, defaults left out. What is not said exactly is refused, not guessed."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, cast

from torch import nn

from bnao.delivery.source.writer import Emit, Unwritable, Writer, plain, width


def _exact(module: nn.Module, text: str) -> str:
    """``text``, if the layer that it makes prints as ``module`` does. Raises Unwritable."""
    if repr(eval(plain(text), {"nn": nn})) != repr(module):  # our own text: names of torch, and numbers
        raise Unwritable(f"{module!r} has settings that are not written")
    return text


def _number(value: Any) -> str:
    """3 for (3, 3)."""
    if isinstance(value, tuple) and len(set(value)) == 1:
        return str(value[0])
    return repr(value)


def _call(module: nn.Module, given: Iterable[str], options: dict[str, tuple[Any, Any]]) -> str:
    """The layer with options (value, torch's default) where they are no default."""
    words = [*given, *(f"{name}={_number(value)}" for name, (value, default) in options.items() if value != default)]
    return _exact(module, f"nn.{type(module).__name__}({', '.join(words)})")


def _convolution(module: nn.Module, writer: Writer) -> str:
    m = cast(nn.Conv2d, module)
    groups = f"groups={width(m.groups)}" if m.groups == m.in_channels and m.groups > 1 else f"groups={m.groups}"
    words = [width(m.in_channels), width(m.out_channels), _number(m.kernel_size)]
    options = {"stride": (m.stride, (1, 1)), "padding": (m.padding, (0, 0)), "dilation": (m.dilation, (1, 1))}
    words += [f"{name}={_number(value)}" for name, (value, default) in options.items() if value != default]
    words += [groups] if m.groups > 1 else []
    words += ["bias=False"] if m.bias is None else []
    return _exact(module, f"nn.Conv2d({', '.join(words)})")


def _batch_norm(module: nn.Module, writer: Writer) -> str:
    m = cast(nn.BatchNorm2d, module)
    options = {
        "eps": (m.eps, 1e-5), "momentum": (m.momentum, 0.1), "affine": (m.affine, True),
        "track_running_stats": (m.track_running_stats, True),
    }  # fmt: skip
    return _call(m, [width(m.num_features)], options)


def _linear(module: nn.Module, writer: Writer) -> str:
    m = cast(nn.Linear, module)
    return _call(m, [width(m.in_features), str(m.out_features)], {"bias": (m.bias is not None, True)})


def _dropout(module: nn.Module, writer: Writer) -> str:
    return _exact(module, f"nn.Dropout({cast(nn.Dropout, module).p!r})")


def average_pool(module: nn.Module, writer: Writer) -> str:
    """``nn.AvgPool2d``, of which a subclass has the name and the settings."""
    m = cast(nn.AvgPool2d, module)
    options = {
        "stride": (m.stride, m.kernel_size), "padding": (m.padding, 0), "ceil_mode": (m.ceil_mode, False),
        "count_include_pad": (m.count_include_pad, True), "divisor_override": (m.divisor_override, None),
    }  # fmt: skip
    text = _call(m, [_number(m.kernel_size)], options)
    made = eval(text, {"nn": nn})  # what the layer's print leaves out
    if (made.count_include_pad, made.divisor_override) != (m.count_include_pad, m.divisor_override):
        raise Unwritable(f"{module!r} has settings that are not written")
    return text


def _max_pool(module: nn.Module, writer: Writer) -> str:
    m = cast(nn.MaxPool2d, module)
    options = {
        "stride": (m.stride, m.kernel_size), "padding": (m.padding, 0), "dilation": (m.dilation, 1),
        "ceil_mode": (m.ceil_mode, False),
    }  # fmt: skip
    if m.return_indices:
        raise Unwritable("a MaxPool2d returns indices")
    return _call(m, [_number(m.kernel_size)], options)


def _bare(module: nn.Module, writer: Writer) -> str:
    return _exact(module, f"nn.{type(module).__name__}()")


def sequential(module: nn.Module, writer: Writer) -> str:
    """Layers one after another; their names must be their numbers."""
    if [name for name, _ in module.named_children()] != [str(k) for k in range(len(list(module.children())))]:
        raise Unwritable("a Sequential has layers with names")
    return f"nn.Sequential({', '.join(writer.module(child) for child in module.children())})"


TORCH_LAYERS: dict[type[nn.Module], Emit] = {
    nn.Conv2d: _convolution,
    nn.BatchNorm2d: _batch_norm,
    nn.Linear: _linear,
    nn.Dropout: _dropout,
    nn.AvgPool2d: average_pool,
    nn.MaxPool2d: _max_pool,
    nn.Sequential: sequential,
    **dict.fromkeys(
        (nn.Identity, nn.ReLU, nn.ReLU6, nn.GELU, nn.SiLU, nn.Hardswish, nn.Hardsigmoid, nn.Sigmoid, nn.Tanh), _bare
    ),
}

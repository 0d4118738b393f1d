"""The head of a network: dropout is in it only where there is some."""

from __future__ import annotations

from torch import nn

from bnao.delivery.source.layer_kind import LayerKind


def head_kind(
    template: str, features: str, dropout: nn.Dropout, widths: tuple[str, ...], needs: tuple[LayerKind, ...] = ()
) -> LayerKind:
    """The class ``Head``: ``template`` has ``$what`` in its docstring, ``$layer`` in ``__init__`` and ``$result``.

    ``features`` is the expression that dropout and linear layer are applied to.
    """
    result, what, layer = f"self.linear({features})", "", ""
    if dropout.p:
        result, what = f"self.linear(self.dropout({features}))", " dropout,"
        layer = f"\n        self.dropout = nn.Dropout({round(dropout.p, 10)!r})"
    for mark, text in (("$what", what), ("$layer", layer), ("$result", result)):
        template = template.replace(mark, text)
    return LayerKind(name="Head", widths=widths, template=template, needs=needs)

"""Stem, inverted residual block and head of the mobile networks. No convolution has a bias; nothing works in place."""

from __future__ import annotations

from collections import OrderedDict

from torch import Tensor, nn

from bnao.ops.lean.conv_norm import conv_norm
from bnao.spaces.progress import DropPath


class ConvBN(nn.Sequential):
    """Convolution k x k (padding keeps ceil(h/stride)) and batch norm, then ReLU6 if ``activate``.

    (B, c_in, h, w) -> (B, c_out, ceil(h/stride), ceil(w/stride)).
    """

    def __init__(
        self, c_in: int, c_out: int, kernel: int, *, stride: int = 1, groups: int = 1, activate: bool = True
    ) -> None:
        convolution = nn.Conv2d(c_in, c_out, kernel, stride, kernel // 2, groups=groups, bias=False)
        super().__init__(convolution, nn.BatchNorm2d(c_out), *([nn.ReLU6()] if activate else []))

    def forward(self, x: Tensor) -> Tensor:
        """Run the layers; convolution and batch norm as one operation where that is faster."""
        convolution, norm, *activation = self
        y = conv_norm(x, (None, [convolution], norm))
        if y is None:
            y = norm(convolution(x))
        return activation[0](y) if activation else y


class InvertedResidual(nn.Module):
    """1x1 expansion, depthwise k x k, 1x1 projection without activation; the input is added where its shape stays.

    (B, c_in, h, w) -> (B, c_out, ceil(h/stride), ceil(w/stride)). With ``expansion`` 1 there is no first convolution.
    ``drop_path`` applies to the branch where the input is added, else it is not used.
    """

    def __init__(
        self, c_in: int, c_out: int, *, kernel: int, expansion: int, stride: int, drop_path: DropPath | None = None
    ) -> None:
        super().__init__()
        width = c_in * expansion
        steps: OrderedDict[str, nn.Module] = OrderedDict()
        if expansion > 1:
            steps["expand"] = ConvBN(c_in, width, 1)
        steps["depthwise"] = ConvBN(width, width, kernel, stride=stride, groups=width)
        steps["project"] = ConvBN(width, c_out, 1, activate=False)
        self.branch = nn.Sequential(steps)
        self.residual = stride == 1 and c_in == c_out
        self.drop_path = drop_path if self.residual and drop_path is not None else nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        """Run the block."""
        y: Tensor = self.branch(x)
        return x + self.drop_path(y) if self.residual else y


class MobileHead(nn.Module):
    """1x1 convolution to ``width``, batch norm, ReLU6, global average pool, dropout, linear: (B, c, h, w) -> logits."""

    def __init__(self, channels: int, width: int, num_classes: int, dropout_keep: float) -> None:
        super().__init__()
        self.features = ConvBN(channels, width, 1)
        self.dropout = nn.Dropout(1.0 - dropout_keep)
        self.linear = nn.Linear(width, num_classes)

    def forward(self, x: Tensor) -> Tensor:
        """Classify: logits (B, classes)."""
        return self.linear(self.dropout(self.features(x).mean(dim=(2, 3))))  # type: ignore[no-any-return]


def build_stem(in_channels: int, channels: int, stride: int) -> nn.Module:
    """Convolution 3x3, batch norm, ReLU6: (B, in, h, w) -> (B, channels, ceil(h/stride), ceil(w/stride))."""
    return ConvBN(in_channels, channels, 3, stride=stride)

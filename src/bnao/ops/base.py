"""The operation seam: what a newcomer writes to add a candidate operation."""

from __future__ import annotations

from abc import ABC, abstractmethod

from torch import nn

from bnao.registry import Registry


class Operation(ABC):
    """A candidate operation of a cell: a name and a way to build its module.

    The module maps (B, c_in, h, w) to (B, c_out, ceil(h/stride), ceil(w/stride)). It keeps no reference to anything
    outside itself, so that one architecture's path can be cloned.
    """

    @property
    @abstractmethod
    def name(self) -> str:
        """The field's name, e.g. ``sep_conv_3x3``."""

    @abstractmethod
    def build(self, c_in: int, c_out: int, stride: int) -> nn.Module:
        """A fresh module. Raises SettingError for widths or strides that it does not support."""


OPERATIONS: Registry[Operation] = Registry("operation")

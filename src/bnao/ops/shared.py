"""A tensor that several layers read: where they begin with a ReLU, it is computed once for all of them."""

from __future__ import annotations

import inspect
from typing import Any, ClassVar

from torch import Tensor, nn
from torch.nn import functional as F

from bnao.ops.lean.when import has_hooks


class ReluFirst(nn.Sequential):
    """Layers of which the first is a ReLU. ``forward(x, rectified)`` may be given ``relu(x)``, and then begins with it.

    Subclasses define it; ``rectified`` is None, or of the shape of ``x``. One whose ``forward`` takes ``x`` alone is
    called with that.
    """

    _takes_rectified: ClassVar[bool] = False

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        cls._takes_rectified = "rectified" in inspect.signature(cls.forward).parameters

    def can_share(self) -> bool:
        """Whether the ReLU, torch's own, may run elsewhere: nobody watches, and nothing is compiled with it."""
        relu = self[0]
        return (
            self._takes_rectified
            and type(relu) is nn.ReLU
            and not has_hooks(relu)
            and not has_hooks(self)
            and self._compiled_call_impl is None
        )


class Shared:
    """A tensor (B, c, h, w) and, once a layer has asked for it, its ReLU."""

    __slots__ = ("_rectified", "tensor")

    def __init__(self, tensor: Tensor) -> None:
        self.tensor = tensor
        self._rectified: Tensor | None = None

    def into(self, layer: nn.Module) -> Tensor:
        """``layer(tensor)``."""
        if not (isinstance(layer, ReluFirst) and layer.can_share()):
            return layer(self.tensor)  # type: ignore[no-any-return]
        if self._rectified is None:
            self._rectified = F.relu(self.tensor)
        return layer(self.tensor, self._rectified)  # type: ignore[no-any-return]

    @classmethod
    def of(cls, *tensors: Tensor) -> list[Shared]:
        """Each of these shared; the same object for the same tensor."""
        made: dict[int, Shared] = {}
        return [made.setdefault(id(x), cls(x)) for x in tensors]

    def through(self, layer: nn.Module) -> Shared:
        """``layer(tensor)`` for several layers in turn; this object itself where the layer changes nothing."""
        return self if type(layer) is nn.Identity and not has_hooks(layer) else Shared(self.into(layer))

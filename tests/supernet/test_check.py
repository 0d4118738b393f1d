"""What would run on the supernet unseen is refused when the supernet is made."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from functools import partial

import pytest
import torch
from torch import nn

from bnao.errors import SettingError
from bnao.spaces.base import Built
from bnao.spaces.progress import Progress
from bnao.supernet import Supernet
from bnao.supernet.check import check_clonable


class Holder(nn.Module):
    """Keeps what it is given as a plain attribute."""

    def __init__(self, keep: object) -> None:
        super().__init__()
        self.child = nn.Linear(2, 2)
        self.__dict__["kept"] = keep

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x


def own_forward() -> nn.Module:
    module = nn.ReLU()
    module.forward = lambda x: x  # type: ignore[method-assign]
    return module


def lazy() -> nn.Module:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return nn.LazyLinear(3)


LINEAR = nn.Linear(2, 2)


@pytest.mark.parametrize(
    "make, message",
    [
        (lambda: Holder(LINEAR), "plain attribute 'kept'"),
        (lambda: Holder([LINEAR]), "plain attribute"),
        (lambda: Holder((1, {"a": [LINEAR]})), "plain attribute"),
        (lambda: Holder({"a": LINEAR}), "plain attribute"),
        (lambda: Holder(LINEAR.forward), "plain attribute"),
        (lambda: Holder([LINEAR.forward]), "plain attribute"),
        (lambda: Holder(partial(LINEAR.forward)), "plain attribute"),
        (lambda: Holder(partial(print, LINEAR)), "plain attribute"),
        (own_forward, "forward of its own instance"),
        (lazy, "is lazy"),
    ],
)
def test_refused(make: Callable[[], nn.Module], message: str) -> None:
    root = nn.Sequential(nn.ReLU(), make())
    with pytest.raises(SettingError, match=message):
        check_clonable(root)
    with pytest.raises(SettingError, match="module 1 "):
        Supernet(Built(root, Progress()))


def test_harmless_things_pass() -> None:
    for keep in (None, 3, [1, 2], {"a": torch.ones(2)}, print, partial(print, 1), Progress(), "".join):
        check_clonable(Holder(keep))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        ready = nn.LazyLinear(3)
    ready(torch.ones(1, 2))
    check_clonable(ready)

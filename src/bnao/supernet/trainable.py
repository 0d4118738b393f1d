"""What the training loop trains: paths of one set of weights. A supernet has many, a stand-alone network one."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from torch import Tensor, nn

from bnao.arch import Architecture
from bnao.spaces.base import Built, OperationsOf
from bnao.spaces.frozen import mark_frozen, train_mode
from bnao.spaces.progress import Progress
from bnao.spaces.stages import Stage, whole
from bnao.supernet.check import check_clonable
from bnao.supernet.clone import clone_path


@dataclass(frozen=True)
class Path:
    """One architecture's network and the stored lists of its tensors: all that a step looks at.

    ``buffers`` are the floating-point ones (running statistics); ``counters`` what batch norms count batches by, and
    ``others`` all other real buffers. ``places`` are the tables that hold them, by which a buffer is found that a
    module's forward has put in the place of another. ``operations`` are its candidate operations; None if unknown.
    """

    module: nn.Module
    parameters: tuple[nn.Parameter, ...]
    buffers: tuple[Tensor, ...]
    counters: tuple[Tensor, ...] = ()
    others: tuple[Tensor, ...] = ()
    places: tuple[tuple[dict[str, Tensor | None], str, Tensor], ...] = ()
    operations: tuple[nn.Module, ...] | None = None

    @staticmethod
    def of(module: nn.Module, operations: OperationsOf | None = None) -> Path:
        """The path that ``module`` is."""
        found: dict[Tensor, str] = {}
        places = []
        for part in module.modules():
            for name, buffer in part._buffers.items():
                if buffer is not None:
                    places.append((part._buffers, name, buffer))
                    found.setdefault(buffer, name)
        whole = [b for b in found if not b.is_floating_point() and not b.is_complex()]
        return Path(
            module,
            tuple(module.parameters()),
            tuple(b for b in found if b.is_floating_point()),
            tuple(b for b in whole if found[b] == "num_batches_tracked"),
            tuple(b for b in whole if found[b] != "num_batches_tracked"),
            tuple(places),
            None if operations is None else tuple(dict.fromkeys(operations(module))),
        )


class Trainable(Protocol):
    """Weights with paths through them."""

    @property
    def root(self) -> nn.Module:
        """The module that owns all weights (its state dict is what a checkpoint holds)."""

    @property
    def progress(self) -> Progress:
        """What drop-paths follow."""

    def start_training(self) -> None:
        """Put all paths into training mode."""

    def entry(self, architecture: Architecture) -> Path:
        """The path of an architecture."""


class Supernet:
    """Shared weights of all candidates (METHOD, "The search"; DESIGN decision 1).

    ``path(a)`` is a module that is exactly a's network. Paths are kept in a bounded cache, keyed by the exact ordered
    tokens: symmetric forms of one architecture use different weights.
    """

    def __init__(self, built: Built, *, cache_size: int = 128) -> None:
        check_clonable(built.module)
        mark_frozen(built.module)
        self._built = built
        self._stages = whole(built.module) if built.stages is None else built.stages
        self._cache_size = cache_size
        self._cache: OrderedDict[tuple[int, ...], Path] = OrderedDict()

    @property
    def root(self) -> nn.Module:
        """The module that owns all weights. It holds unresolved choices, so it cannot be called."""
        return self._built.module

    @property
    def progress(self) -> Progress:
        """What drop-paths follow."""
        return self._built.progress

    def start_training(self) -> None:
        """Put all weights' modules into training mode; cached paths, whose modes are their own, are made anew."""
        train_mode(self.root)
        self._cache.clear()

    def entry(self, architecture: Architecture) -> Path:
        """The path and its parameters, from the cache or cloned."""
        key = architecture.tokens
        path = self._cache.get(key)
        if path is None:
            path = self._cache[key] = Path.of(clone_path(self.root, architecture), self._built.operations)
            if len(self._cache) > self._cache_size:
                self._cache.popitem(last=False)
        else:
            self._cache.move_to_end(key)
        return path

    def path(self, architecture: Architecture) -> nn.Module:
        """The architecture's network, sharing parameters and buffers with the supernet: (B, C, H, W) -> logits."""
        return self.entry(architecture).module

    def stages(self, architecture: Architecture) -> Sequence[Stage]:
        """The chain that the architecture's network is: run one after the other they are ``path(architecture)``."""
        return self._stages(architecture)

    def inherited_state(self, architecture: Architecture) -> dict[str, Tensor]:
        """A copy of the path's weights, for ``load_state_dict`` of the stand-alone ``project`` network."""
        return {name: tensor.detach().clone() for name, tensor in self.path(architecture).state_dict().items()}


class StandAlone:
    """A network of one architecture, as the training loop sees it."""

    def __init__(self, built: Built) -> None:
        self._built = built
        self._path = Path.of(built.module, built.operations)

    @property
    def root(self) -> nn.Module:
        """The network."""
        return self._built.module

    @property
    def progress(self) -> Progress:
        """What drop-paths follow."""
        return self._built.progress

    def start_training(self) -> None:
        """Put the network into training mode."""
        train_mode(self.root)

    def entry(self, architecture: Architecture) -> Path:
        """The network itself, whatever the architecture."""
        return self._path

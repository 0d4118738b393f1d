"""The spaces that are measured, and steps of the product's own training loop in them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

import torch
from timing import clock
from torch import Tensor, nn

import bnao
from bnao.arch import Architecture
from bnao.data.config import AugmentConfig
from bnao.data.images import Images
from bnao.distributed import Shards
from bnao.rng import generator, torch_stream
from bnao.spaces.base import SearchSpace, Skeleton
from bnao.spaces.config import NetworkConfig, SpaceConfig
from bnao.spaces.mobile import MobileSpace
from bnao.spaces.nao_cell import NaoCellSpace
from bnao.spaces.nasbench201 import NasBench201Space
from bnao.spaces.own import OwnSpace
from bnao.spaces.placing import place
from bnao.supernet import StandAlone, Supernet
from bnao.supernet.trainable import Trainable
from bnao.task import Task
from bnao.training.config import TrainingConfig
from bnao.training.loop import Hooks, Weights, train
from bnao.training.standalone import OnePath, build_seeded

CLASSES = 10


class Block(nn.Module):
    """A residual block of a user's model."""

    def __init__(self, width: int, kernel: int) -> None:
        super().__init__()
        self.convolution = nn.Conv2d(width, width, kernel, padding=kernel // 2, bias=False)
        self.norm = nn.BatchNorm2d(width)

    def forward(self, x: Tensor) -> Tensor:
        return x + self.norm(self.convolution(torch.relu(x)))


class UsersModel(nn.Module):
    """A residual network with eight open choices, two of them at half the resolution."""

    def __init__(self, width: int = 24) -> None:
        super().__init__()

        def choice(width: int) -> bnao.OneOf:
            kernels = {f"k{k}": lambda k=k: Block(width, k) for k in (1, 3, 5)}
            return bnao.OneOf({**kernels, "skip": nn.Identity})

        self.stem = nn.Conv2d(3, width, 3, padding=1)
        self.first = nn.Sequential(*[choice(width) for _ in range(6)])
        self.down = nn.Conv2d(width, 2 * width, 3, stride=2, padding=1)
        self.second = nn.Sequential(*[choice(2 * width) for _ in range(2)])
        self.head = nn.Linear(2 * width, CLASSES)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.second(self.down(self.first(self.stem(x)))).mean(dim=(2, 3)))


@dataclass(frozen=True)
class Case:
    """A space, the skeleton of its supernet (cells' output ``project``), and the batch it is measured with."""

    space: SearchSpace
    skeleton: Skeleton
    batch: int
    words: str

    def draw(self, n: int, seed: int = 0) -> list[Architecture]:
        """``n`` distinct architectures, uniform over the space."""
        return self.space.grammar.sample_distinct(n, generator(seed, "speed", self.space.name))

    def images(self, num: int, seed: int = 0) -> Images:
        """Random pictures of the skeleton's size."""
        with torch_stream(seed, "speed", "images"):
            pixels = torch.randint(256, (num, *self.skeleton.image_shape), dtype=torch.uint8)
            labels = torch.randint(CLASSES, (num,))
        return Images(images_NCHW=pixels, labels_N=labels, mean_C=torch.full((3,), 0.5), std_C=torch.full((3,), 0.25))


def task(size: int) -> Task:
    """CIFAR-like images of ``size`` x ``size``."""
    return Task(in_channels=3, image_size=(size, size), num_classes=CLASSES)


def nao_cell(
    cells: int = 3, channels: int = 20, size: int = 32, batch: int = 64, operations: str = "small", nodes: int = 5
) -> Case:
    """The paper's search network, or a part of it."""
    space = NaoCellSpace(SpaceConfig(operations=operations, nodes=nodes))
    config = NetworkConfig(output="project", cells_per_stage=cells, channels=channels, drop_path_keep=0.9)
    words = f"N={cells}, C={channels}, batch {batch}, {size}x{size}, {operations} operations"
    return Case(space, space.skeleton(config, task(size)), batch, words)


def nasbench201(cells: int = 5, channels: int = 16, size: int = 32, batch: int = 64) -> Case:
    """The benchmark's own network, or a smaller one."""
    space = NasBench201Space(SpaceConfig(name="nasbench201"))
    config = NetworkConfig(output="project", cells_per_stage=cells, channels=channels)
    return Case(space, space.skeleton(config, task(size)), batch, f"N={cells}, C={channels}, batch {batch}")


def mobile(depths: str = "4,4,4", channels: int = 20, size: int = 32, batch: int = 64) -> Case:
    """The chain of the default settings, or a shorter one."""
    space = MobileSpace(SpaceConfig(name="mobile", depths=depths))
    skeleton = space.skeleton(NetworkConfig(channels=channels), task(size))
    return Case(space, skeleton, batch, f"depths {depths}, C={channels}, batch {batch}, {size}x{size}")


def own(width: int = 24, size: int = 32, batch: int = 64) -> Case:
    """A user's model."""
    space = OwnSpace(lambda: UsersModel(width), torch.zeros(1, 3, size, size))
    return Case(space, space.skeleton(NetworkConfig(), task(size)), batch, f"width {width}, batch {batch}")


CASES: dict[str, Callable[[], Case]] = {
    "nao_cell": nao_cell, "nasbench201": nasbench201, "mobile": mobile, "own": own
}  # fmt: skip
QUICK_CASES: dict[str, Callable[[], Case]] = {
    "nao_cell": lambda: nao_cell(1, 8, 16, 16),
    "nasbench201": lambda: nasbench201(1, 8, 16, 16),
    "mobile": lambda: mobile("2,2,2", 8, 16, 16),
    "own": lambda: own(8, 16, 16),
}


class Stepper:
    """Steps of :func:`bnao.training.loop.train`, timed one by one as its hooks tell them.

    A call trains ``1 + steps`` steps of one architecture on random pictures and returns the seconds of all but the
    first. All of a step is in it: plan, batch, forward, backward, clip, optimiser. Of a supernet no path is kept from
    step to step: each is cloned anew, the worst case (in a search most steps train a path that was not kept).
    """

    def __init__(
        self,
        trainable: Trainable,
        images: Images,
        batch: int,
        steps: int = 3,
        config: TrainingConfig | None = None,
        shards: Shards | None = None,
    ) -> None:
        plain = AugmentConfig(crop_padding=0, flip=False)
        self.config = config or TrainingConfig(epochs=1, batch_size=batch, learning_rate=1e-3, augment=plain)
        assert len(images) == (1 + steps) * batch, "one epoch is one call"
        self.images, self.shards = images, shards or Shards()
        self.weights = Weights.fresh(trainable, self.config)

    def __call__(self, architecture: Architecture) -> list[float]:
        ends: list[float] = []
        hooks = Hooks(on_step=lambda done, figures: ends.append(clock()))
        plan = OnePath(architecture)
        train(self.weights, plan, self.images, self.config, seed=0, stage="speed", hooks=hooks, shards=self.shards)
        return [after - before for before, after in pairwise(ends)]


def supernet(case: Case) -> Supernet:
    """The case's supernet as the product trains it; it keeps no paths."""
    with torch_stream(0, "speed", "supernet"):
        built = case.skeleton.build_supernet()
    place(built.module, torch.device("cpu"))
    return Supernet(built, cache_size=0)


def stand_alone(case: Case, architecture: Architecture) -> StandAlone:
    """The network of one architecture, of the same skeleton."""
    built = build_seeded(case.skeleton, architecture, 0, "speed")
    place(built.module, torch.device("cpu"))
    return StandAlone(built)

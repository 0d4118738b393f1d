"""What travels in a training step: ours against DistributedDataParallel's, counted in two processes that really train.

    python benchmarks/speed/communication.py

Both train the same random paths of one supernet for real, two gloo processes on this machine. Ours: the bytes of every
collective of a step (the plan, the digest, the one flat message). DDP (``find_unused_parameters=True``, its default
buckets of 25 MB): the bytes of the buckets, as a communication hook sees them, and of the buffers, which it broadcasts
before each forward pass; its bitmap of used parameters (4 bytes each) is added. Bytes are those that one process gives
to an all-reduce or takes part in broadcasting, not those on the wire of some algorithm. They do not depend on the
batch, so it is small here.
"""

from __future__ import annotations

import multiprocessing
import statistics
import tempfile
from collections.abc import Callable, Mapping
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.distributed as dist
from torch import nn
from torch.nn.parallel import DistributedDataParallel

from bnao.data.config import AugmentConfig
from bnao.data.images import Images
from bnao.distributed import Shards
from bnao.distributed.local import Place
from bnao.distributed.ranks import Ranks
from bnao.loop.team.start import local_group
from bnao.sampling.base import Policy, StepPlan
from bnao.spaces import load_spaces
from bnao.spaces.base import make_space
from bnao.spaces.config import NetworkConfig, SpaceConfig
from bnao.supernet import Supernet
from bnao.task import Task
from bnao.training.config import TrainingConfig
from bnao.training.loop import Weights, train

SPACES = {
    "NAO cell, N=3 C=20": (SpaceConfig(), NetworkConfig(output="project", cells_per_stage=3, channels=20)),
    "NAS-Bench-201, N=5 C=16": (SpaceConfig(name="nasbench201"), NetworkConfig(cells_per_stage=5, channels=16)),
    "mobile, C=16": (SpaceConfig(name="mobile"), NetworkConfig(channels=16)),
}
TASK = Task(in_channels=3, image_size=(32, 32), num_classes=10)
STEPS, BATCH = 6, 4
MB = 1e6


class Counting:
    """A group that counts the bytes of what goes through the collectives of torch.distributed."""

    def __init__(self) -> None:
        self.bytes = 0
        for name in ("all_reduce", "broadcast", "all_gather"):
            setattr(dist, name, self._counted(getattr(dist, name)))

    def _counted(self, collective: Callable[..., Any]) -> Callable[..., Any]:
        def call(first: Any, *rest: Any, **named: Any) -> Any:
            tensor = first[0] if isinstance(first, list) else first
            self.bytes += tensor.numel() * tensor.element_size()
            return collective(first, *rest, **named)

        return call


class Listed(Policy):
    """Random paths, drawn once; ``heard`` is called before each step."""

    def __init__(self, paths: list[Any], heard: Callable[[], None]) -> None:
        self._paths, self._heard = paths, heard

    def plan(self, step: int, rng: np.random.Generator) -> StepPlan:
        """The next one."""
        self._heard()
        return StepPlan(paths=(self._paths[step],), loss_weights=(1.0,))


class Whole(nn.Module):
    """A supernet as DDP takes it: all its parameters, and a forward through one path."""

    def __init__(self, supernet: Supernet) -> None:
        super().__init__()
        self.root = supernet.root
        self._path = supernet.path

    def forward(self, x: torch.Tensor, architecture: Any) -> torch.Tensor:
        """Logits of the path."""
        return self._path(architecture)(x)


def images() -> Images:
    """Noise, for STEPS steps."""
    num = STEPS * BATCH
    pixels = torch.randint(0, 255, (num, 3, 32, 32), generator=torch.Generator().manual_seed(0))
    half = torch.full((3,), 0.5)
    return Images(images_NCHW=pixels.to(torch.uint8), labels_N=torch.arange(num) % 10, mean_C=half, std_C=half)


def measure(group: Ranks, name: str) -> dict[str, Any]:
    """Bytes of one process by step, ours and DDP's."""
    settings, network = SPACES[name]
    space = make_space(settings)
    skeleton = space.skeleton(network, TASK)
    paths = space.grammar.sample(STEPS, np.random.default_rng(0))
    torch.manual_seed(0)
    supernet = Supernet(skeleton.build_supernet())
    parameters = sum(p.numel() for p in supernet.root.parameters())
    active = [sum(p.numel() for p in supernet.entry(path).parameters) for path in paths]
    return {
        "parameters": parameters,
        "active": active,
        "buffers": 4 * sum(b.numel() for b in supernet.root.buffers() if b.is_floating_point()),
        "tensors": len(list(supernet.root.parameters())),
        "ours": ours(group, supernet, paths),
        "ddp": ddp(group, supernet, paths),
    }


def ours(group: Ranks, supernet: Supernet, paths: list[Any]) -> list[int]:
    """Bytes of each step of :func:`bnao.training.loop.train`."""
    counting, marks = COUNTING, []
    config = TrainingConfig(epochs=1, batch_size=BATCH, augment=AugmentConfig(crop_padding=0, flip=False))
    policy = Listed(paths, lambda: marks.append(counting.bytes))
    weights = Weights.fresh(supernet, config)
    train(weights, policy, images(), config, seed=0, stage="communication", shards=Shards(2, group))
    marks.append(counting.bytes)
    return list(np.diff(marks)) if group.rank == 0 else []


def ddp(group: Ranks, supernet: Supernet, paths: list[Any]) -> list[int]:
    """Bytes of the gradient buckets of each step, as DDP's communication hook sees them."""
    sent = [0]

    def hook(state, bucket):  # type: ignore[no-untyped-def]  # DDP reads annotations, and wants none as text
        sent[0] += bucket.buffer().numel() * bucket.buffer().element_size()
        future = dist.all_reduce(bucket.buffer(), async_op=True).get_future()
        return future.then(lambda done: done.value()[0])

    whole = DistributedDataParallel(Whole(supernet), find_unused_parameters=True)
    whole.register_comm_hook(None, hook)
    examples, found = images(), []
    for step, path in enumerate(paths):
        x, targets = examples.batch(slice(step * BATCH, (step + 1) * BATCH))
        before = sent[0]
        nn.functional.cross_entropy(whole(x, path), targets).backward()
        found.append(sent[0] - before)
    return found


def serve(name: str, folder: Path, rank: int, end: Connection) -> None:
    """One process."""
    torch.set_num_threads(1)
    load_spaces()
    group = local_group(Place(rank, 2, folder))
    group.prepare(torch.device("cpu"), 5.0)
    end.send(measure(group, name))
    group.close()


COUNTING = Counting()


def main() -> None:
    """Measure and print."""
    print("MB a step, mean of", STEPS, "random paths (two processes; float32)")
    head = ("parameters", "active", "ours", "DDP gradients", "DDP buffers", "DDP / ours")
    print(f"{'':26}" + "".join(f"{word:>15}" for word in head))
    context = multiprocessing.get_context("fork")
    for name in SPACES:
        with tempfile.TemporaryDirectory() as folder:
            ends = [context.Pipe(duplex=False) for _ in range(2)]
            places = enumerate(ends)
            processes = [context.Process(target=serve, args=(name, Path(folder), k, end)) for k, (_, end) in places]
            for process, (_, end) in zip(processes, ends, strict=True):
                process.start()
                end.close()
            found: Mapping[str, Any] = ends[0][0].recv()
            ends[1][0].recv()
            for process in processes:
                process.join()
        mine, gradients = statistics.mean(found["ours"]), statistics.mean(found["ddp"]) + 4 * found["tensors"]
        numbers = (
            4 * found["parameters"] / MB, 4 * statistics.mean(found["active"]) / MB, mine / MB, gradients / MB,
            found["buffers"] / MB, (gradients + found["buffers"]) / mine,
        )  # fmt: skip
        print(f"{name:26}" + "".join(f"{number:>15.2f}" for number in numbers))


if __name__ == "__main__":
    main()

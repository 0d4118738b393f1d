"""Variants of a training step on CPU, by turns in one process: what each lean operation is worth.

    python benchmarks/speed/step_variants.py --threads 1 --repeats 7
    python benchmarks/speed/step_variants.py --space nasbench201
    python benchmarks/speed/step_variants.py --operations            # single operations in place of networks

A step is the forward and backward pass of one architecture's network (drawn from the space by seed) on random images.
Printed are the least and the median milliseconds of a step, of the processor and on the wall, and how many times
faster than torch's own modules it is (by the medians of the processor, which others' work disturbs less than the wall).
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack, nullcontext
from unittest.mock import patch

import torch
from torch import Tensor, nn

from bnao.arch import Architecture
from bnao.ops import OPERATIONS
from bnao.ops.lean import conv_norm, convolve, normalise, pool
from bnao.ops.lean.when import plain
from bnao.rng import generator, torch_stream
from bnao.spaces import load_spaces
from bnao.spaces.base import make_space
from bnao.spaces.config import NetworkConfig, SpaceConfig
from bnao.spaces.placing import network_inputs, place
from bnao.task import Task
from bnao.training.device import threads

Step = Callable[[], None]
CHANNELS = {"nao_cell": 20, "nasbench201": 16, "mobile": 16}
OPERATION_NAMES = ("sep_conv_3x3", "sep_conv_5x5", "avg_pool_3x3", "nor_conv_1x1", "nor_conv_3x3", "dil_conv_5x5")


def torchs_gradients(
    grad: Tensor, x: Tensor, weight: Tensor, geometry: convolve.Geometry, of_x: bool, of_weight: bool
) -> tuple[Tensor | None, Tensor | None]:
    """In place of :func:`convolve.gradients`: torch's, whatever the kernel."""
    return convolve.plain_gradients(grad, x, weight, geometry, of_x, of_weight)


def without_own_norm() -> AbstractContextManager[object]:
    """Torch's batch norm and average pool for narrow tensors too."""
    stack = ExitStack()
    for module in (normalise, pool):
        stack.enter_context(patch.object(module, "NARROW", 0))
    return stack


VARIANTS: dict[str, Callable[[], AbstractContextManager[object]]] = {
    "torch's modules": plain,
    "lean": nullcontext,
    "lean, torch's gradients of wide kernels": lambda: patch.object(conv_norm, "gradients", torchs_gradients),
    "lean, torch's norm and pool of few channels": without_own_norm,
}


def step_of(module: nn.Module, x: Tensor) -> Step:
    """Forward and backward pass."""
    parameters = list(module.parameters())

    def step() -> None:
        y = module(x)
        y.backward(torch.ones_like(y))
        x.grad = None
        for parameter in parameters:
            parameter.grad = None

    return step


def network_steps(args: argparse.Namespace) -> dict[str, Step]:
    """A step of each drawn architecture."""
    load_spaces()
    space = make_space(SpaceConfig(name=args.space))
    channels = args.channels or CHANNELS[args.space]
    network = NetworkConfig(channels=channels, cells_per_stage=args.cells, output="project")
    task = Task(in_channels=3, image_size=(args.size, args.size), num_classes=10)
    skeleton = space.skeleton(network, task)
    x = network_inputs(torch.randn(args.batch, 3, args.size, args.size))
    steps = {}
    drawn: list[Architecture] = space.grammar.sample(args.architectures, generator(args.seed, "step_variants"))
    for number, architecture in enumerate(drawn):
        with torch_stream(args.seed, "step_variants", number):
            module = place(skeleton.build_standalone(architecture).module, torch.device("cpu")).train()
        steps[f"{args.space} {number}"] = step_of(module, x)
    return steps


def operation_steps(args: argparse.Namespace) -> dict[str, Step]:
    """A step of each operation, at the widths and sizes of the three stages."""
    steps = {}
    for name in OPERATION_NAMES:
        for stage in range(3):
            channels, size = (args.channels or CHANNELS["nao_cell"]) * 2**stage, args.size // 2**stage
            module = place(OPERATIONS.get(name).build(channels, channels, 1), torch.device("cpu")).train()
            x = network_inputs(torch.randn(args.batch, channels, size, size)).requires_grad_()
            steps[f"{name} {channels}x{size}x{size}"] = step_of(module, x)
    return steps


def measure(step: Step, repeats: int) -> dict[str, list[tuple[float, float]]]:
    """(processor, wall) seconds of each repeat of each variant, by turns; the first turn does not count."""
    found: dict[str, list[tuple[float, float]]] = {name: [] for name in VARIANTS}
    for turn in range(repeats + 1):
        for name, variant in VARIANTS.items():
            with variant():
                processor, wall = time.process_time(), time.perf_counter()
                step()
                took = time.process_time() - processor, time.perf_counter() - wall
            if turn:
                found[name].append(took)
    return found


def report(title: str, found: dict[str, list[tuple[float, float]]]) -> None:
    medians = {name: statistics.median(p for p, _ in times) for name, times in found.items()}
    first = next(iter(medians.values()))
    print(title)
    for name, times in found.items():
        processor, wall = (sorted(column) for column in zip(*times, strict=True))
        print(
            f"  {name:<46} cpu {1e3 * processor[0]:8.1f} least {1e3 * medians[name]:8.1f} median,"
            f" wall {1e3 * wall[0]:8.1f} least {1e3 * statistics.median(wall):8.1f} median ms"
            f"   {first / medians[name]:.2f} times",
            flush=True,
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--space", choices=sorted(CHANNELS), default="nao_cell")
    parser.add_argument("--operations", action="store_true", help="single operations")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--architectures", type=int, default=3)
    parser.add_argument("--cells", type=int, default=3, help="cells of a stage (N)")
    parser.add_argument("--channels", type=int, help="of the first stage (C)")
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--size", type=int, default=32, help="of the images, in pixels")
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    torch.manual_seed(args.seed)
    print(f"torch {torch.__version__}, {torch.backends.cpu.get_cpu_capability()}, {args.threads} threads")
    with threads(args.threads):
        for title, step in (operation_steps(args) if args.operations else network_steps(args)).items():
            report(title, measure(step, args.repeats))


if __name__ == "__main__":
    main()

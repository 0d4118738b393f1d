"""What ``compile = operations`` brings: single operations, forms over random paths, whole supernet steps.

    python benchmarks/speed/compiled.py operations      # torch's modules, ours, compiled; time to compile each
    python benchmarks/speed/compiled.py forms           # how many forms 200 random paths of each space compile
    python benchmarks/speed/compiled.py steps           # a supernet's forward and backward pass, plain and compiled

One thread, channels-last, processor time (``--clock wall``), by turns. Forms are counted by torch's counter of graphs,
with its tracer alone (no code is generated), on 2 small images. bfloat16 and GPUs: ``--precision``, ``--device``.
"""

from __future__ import annotations

import argparse
import copy
import statistics
import time
from collections.abc import Callable
from functools import partial

import numpy as np
import torch
import torch._dynamo as dynamo
from machine import commit, cpu_model
from torch import Tensor, nn

from bnao.ops import OPERATIONS
from bnao.ops.lean.when import plain
from bnao.spaces import load_spaces
from bnao.spaces.base import Built, make_space
from bnao.spaces.config import NetworkConfig, SpaceConfig
from bnao.spaces.mobile.layers import InvertedResidual
from bnao.spaces.placing import place
from bnao.supernet import Path, Supernet
from bnao.task import Task
from bnao.training import compiled as compiling
from bnao.training.compiled import compiled, require_compiler

OPERATION_CASES: dict[str, tuple[Callable[[], nn.Module], int, int]] = {
    "sep_conv_3x3, 20 channels, 32 px": (lambda: OPERATIONS.get("sep_conv_3x3").build(20, 20, 1), 20, 32),
    "sep_conv_5x5, 20 channels, 32 px": (lambda: OPERATIONS.get("sep_conv_5x5").build(20, 20, 1), 20, 32),
    "sep_conv_5x5, 40 channels, 16 px": (lambda: OPERATIONS.get("sep_conv_5x5").build(40, 40, 1), 40, 16),
    "factorized reduction, 40 channels, 32 px": (lambda: OPERATIONS.get("identity").build(40, 40, 2), 40, 32),
    "avg_pool_3x3, 20 channels, 32 px": (lambda: OPERATIONS.get("avg_pool_3x3").build(20, 20, 1), 20, 32),
    "mobile branch 3x3, expansion 6, 20 channels, 32 px": (
        lambda: InvertedResidual(20, 20, kernel=3, expansion=6, stride=1).branch, 20, 32,
    ),
    "nor_conv_3x3, 16 channels, 32 px": (lambda: OPERATIONS.get("nor_conv_3x3").build(16, 16, 1), 16, 32),
}  # fmt: skip


def clock_of(name: str) -> Callable[[], float]:
    return time.perf_counter if name == "wall" else time.process_time


def operations(options: argparse.Namespace) -> None:
    """Forward and backward pass of each, at the batch size."""
    require_compiler(options.device)
    now = clock_of(options.clock)
    print("| operation | torch's modules | ours | compiled | compiled / ours | first call |\n|---|---|---|---|---|---|")
    for name, (build, channels, size) in OPERATION_CASES.items():
        torch.manual_seed(0)
        module = place(build(), torch.device(options.device))
        path = Path.of(copy.deepcopy(module), lambda root: [root])
        x = torch.randn(options.batch, channels, size, size, device=options.device)
        x = x.contiguous(memory_format=torch.channels_last).requires_grad_()
        weights = torch.randn_like(module(x))

        def run(form: str, module: nn.Module = module, path: Path = path, x: Tensor = x, w: Tensor = weights) -> None:
            if form == "compiled":
                with compiled(path):
                    y = path.module(x)
            elif form == "ours":
                y = module(x)
            else:
                with plain():
                    y = module(x)
            torch.autograd.grad(y, [x, *(path.module if form == "compiled" else module).parameters()], w)

        begin = time.perf_counter()
        run("compiled")
        first = time.perf_counter() - begin
        times: dict[str, list[float]] = {"torch's": [], "ours": [], "compiled": []}
        for _ in range(options.repeats):
            for form, found in times.items():
                start = now()
                run(form)
                found.append(now() - start)
        middle = {form: statistics.median(found) * 1000 for form, found in times.items()}
        figures = " | ".join(f"{value:.1f} ms" for value in middle.values())
        print(f"| {name} | {figures} | {middle['compiled'] / middle['ours']:.2f} | {first:.0f} s |", flush=True)


def supernet_of(name: str, options: argparse.Namespace, size: int) -> tuple[Built, list]:
    space = make_space(SpaceConfig(name=name))
    cells = {} if name == "mobile" else {"cells_per_stage": options.cells}
    network = NetworkConfig(channels=options.channels, output="project", drop_path_keep=0.9, **cells)
    skeleton = space.skeleton(network, Task(in_channels=3, image_size=(size, size), num_classes=10))
    built = skeleton.build_supernet()
    place(built.module, torch.device(options.device))
    return built, space.grammar.sample(options.paths, np.random.default_rng(0))


def backward(path: Path, x: Tensor, targets: Tensor, compile: bool, precision: str) -> None:
    """A forward and a backward pass; gradients are let go."""
    with torch.autocast(x.device.type, torch.bfloat16, enabled=precision == "bfloat16"):
        if compile:
            with compiled(path):
                outputs = path.module(x)
        else:
            outputs = path.module(x)
    torch.nn.functional.cross_entropy(outputs.float(), targets).backward()
    for parameter in path.parameters:
        parameter.grad = None


def forms(options: argparse.Namespace) -> None:
    """Forms over random paths, and the path that compiled the last of them."""
    traced = torch.compile(compiling._call, backend="eager", dynamic=False)
    compiling._compiled_call = lambda: traced  # type: ignore[assignment]
    for name in options.spaces:
        dynamo.reset()
        dynamo.utils.counters.clear()
        built, drawn = supernet_of(name, options, 8)
        supernet, last = Supernet(built, cache_size=1), 0
        supernet.start_training()
        x = torch.randn(2, 3, 8, 8, device=options.device).contiguous(memory_format=torch.channels_last)
        calls, begin = 0, time.process_time()
        for number, architecture in enumerate(drawn, start=1):
            before = dynamo.utils.counters["stats"]["unique_graphs"]
            supernet.progress.value = number / len(drawn)
            path = supernet.entry(architecture)
            backward(path, x, torch.zeros(2, dtype=torch.int64, device=options.device), True, options.precision)
            calls += len(path.operations or ())
            last = number if dynamo.utils.counters["stats"]["unique_graphs"] > before else last
        found = dynamo.utils.counters["stats"]["unique_graphs"]
        took = time.process_time() - begin
        print(
            f"{name}: {found} forms for {calls} operations of {len(drawn)} random paths, the last at path {last} "
            f"({took:.0f} s of the processor, traced only)",
            flush=True,
        )


def steps(options: argparse.Namespace) -> None:
    """Whole networks, plain and compiled."""
    require_compiler(options.device)
    now = clock_of(options.clock)
    for name in options.spaces:
        built, drawn = supernet_of(name, options, options.size)
        supernet = Supernet(built)
        supernet.start_training()
        x = torch.randn(options.batch, 3, options.size, options.size, device=options.device)
        x = x.contiguous(memory_format=torch.channels_last)
        targets = torch.randint(0, 10, (options.batch,), device=options.device)
        for architecture in drawn[: options.timed]:
            path = supernet.entry(architecture)
            run = partial(backward, path, x, targets, precision=options.precision)
            begin = time.perf_counter()
            run(compile=True)
            first = time.perf_counter() - begin
            times: dict[bool, list[float]] = {False: [], True: []}
            for _ in range(options.repeats):
                for compile, found in times.items():
                    start = now()
                    run(compile=compile)
                    found.append(now() - start)
            ours, fast = (statistics.median(found) * 1000 for found in times.values())
            print(
                f"{name}: {ours:.0f} ms, compiled {fast:.0f} ms: {fast / ours:.2f} (first step {first:.0f} s)",
                flush=True,
            )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("part", choices=["operations", "forms", "steps"])
    parser.add_argument("--spaces", nargs="+", default=["nao_cell", "mobile"])
    parser.add_argument("--paths", type=int, default=200)
    parser.add_argument("--timed", type=int, default=3, help="paths that are timed")
    parser.add_argument("--repeats", type=int, default=9)
    parser.add_argument("--cells", type=int, default=1, help="cells per stage")
    parser.add_argument("--channels", type=int, default=20)
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--size", type=int, default=32)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--precision", default="float32", choices=["float32", "bfloat16"])
    parser.add_argument("--clock", default="process", choices=["process", "wall"])
    options = parser.parse_args()
    torch.set_num_threads(1)
    load_spaces()
    print(f"{cpu_model()}, torch {torch.__version__}, commit {commit()}")
    {"operations": operations, "forms": forms, "steps": steps}[options.part](options)


if __name__ == "__main__":
    main()

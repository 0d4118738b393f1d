"""Time and memory of the paper's trainings on 1, 8 and 64 GPUs, estimated from traced steps and stated assumptions.

    python benchmarks/speed/at_scale.py            # the table; writes at_scale.json
    python benchmarks/speed/at_scale.py check      # the same estimate of steps on this CPU, beside their real times

No GPU takes part. A step's kernels are traced on the meta device (traced_step.py): bytes moved, arithmetic, what stays.
A kernel takes the longest of launch, traffic and arithmetic at the rates of DEVICES; a step is their sum, with nothing
overlapped, and one all-reduce of the active gradients at the rates of LINKS. `check` shows how far such an estimate is
off where it can be compared with a clock.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn
from traced_step import Step, trace_scoring, trace_step

from bnao.arch import Architecture
from bnao.cost.sizes import SizeTable
from bnao.recipes import load_recipe
from bnao.spaces.base import Skeleton
from bnao.spaces.config import NetworkConfig, SpaceConfig
from bnao.spaces.nao_cell import PUBLISHED, NaoCellSpace
from bnao.task import Task

RESULTS = Path(__file__).with_suffix(".json")
SHARE = 0.7  # of the data sheet's rates that ordinary kernels reach
DEVICES = {  # data sheets: bytes and floating-point operations (float32, no tensor cores) a second; seconds a launch
    "V100": {"bandwidth": SHARE * 0.9e12, "flops": SHARE * 15.7e12, "launch": 10e-6},
    "A100": {"bandwidth": SHARE * 2.0e12, "flops": SHARE * 19.5e12, "launch": 10e-6},
}
LINKS = {1: (float("inf"), 0.0), 8: (100e9, 0.4e-3), 64: (10e9, 1.0e-3)}  # bytes a second of a ring, seconds a message
CIFAR = Task(in_channels=3, image_size=(32, 32), num_classes=10)
IMAGENET = Task(in_channels=3, image_size=(224, 224), num_classes=1000)
DRAWN = 8  # architectures that stand for the space


@dataclass(frozen=True)
class Job:
    """A training: its networks, the images of a step on all GPUs together (or on each), and how many steps."""

    name: str
    skeleton: Skeleton
    architectures: Sequence[Architecture]
    steps: int  # of one GPU's batch
    batch: int
    batch_grows: bool = False  # the batch is each GPU's: more GPUs, fewer steps
    learns: bool = True  # False: forward passes alone
    trainings: int = 1  # whole ones, divided among the GPUs where there are several
    resident_bytes: float = 0.0  # weights and momentum


def jobs() -> list[Job]:
    """The paper's trainings, in its settings (the recipes' own)."""
    search = load_recipe("cifar10-search")
    space, learn, valid = NaoCellSpace(SpaceConfig()), 45_000, 5_000
    published = [space.grammar.parse(PUBLISHED)]
    shared = space.skeleton(search.supernet.network, CIFAR)
    pool = space.grammar.sample(1000, np.random.default_rng(0))
    sizes = SizeTable(space.skeleton(NetworkConfig(output="concat"), CIFAR)).num_params(pool)
    rows = np.random.default_rng(1).choice(len(pool), DRAWN, replace=False, p=sizes / sizes.sum())
    drawn = [pool[k] for k in rows]

    def steps(epochs: float, images: int, batch: int) -> int:
        return round(epochs * (images // batch))

    training, rerank, final = search.supernet.training, search.rerank, search.final
    kept = 2 * 4.0 * sum(p.numel() for p in on_meta(shared.build_supernet).parameters())
    mobile = NetworkConfig(cells_per_stage=4, channels=44, auxiliary=True, stem="imagenet", drop_path_keep=1.0)
    imagenet = space.skeleton(mobile, IMAGENET)
    scored = sum(search.loop.pool + k * search.loop.proposals for k in range(search.loop.rounds))
    count = search.rerank.top
    return [
        Job(
            "CIFAR-10: supernet, 4 rounds",
            shared,
            drawn,
            search.loop.rounds * steps(training.epochs, learn, training.batch_size),
            training.batch_size,
            resident_bytes=kept,
        ),
        Job(
            f"CIFAR-10: scoring, {scored:,} in all",
            shared,
            drawn,
            scored * (valid // search.scoring.batch_size),
            search.scoring.batch_size,
            learns=False,
            trainings=scored,
            resident_bytes=kept,
        ),
        Job(
            f"CIFAR-10: {2 * count} short trainings",
            space.skeleton(rerank.network, CIFAR),
            drawn,
            2 * count * steps(rerank.training.epochs, learn, rerank.training.batch_size),
            rerank.training.batch_size,
            trainings=2 * count,
        ),
        Job(
            "CIFAR-10: final, 600 epochs",
            space.skeleton(final.network, CIFAR),
            published,
            steps(final.training.epochs, learn + valid, final.training.batch_size),
            final.training.batch_size,
        ),
        Job(
            "ImageNet: final, C=44, 250 epochs",
            imagenet,
            published,
            steps(250, 1_281_167, 128),
            128,
            batch_grows=True,
        ),
    ]


def on_meta(build: Any) -> nn.Module:
    """The module of what ``build()`` builds, without memory."""
    with torch.device("meta"):
        module: nn.Module = build().module
    return module.train()


def traced(job: Job, batch: int) -> list[Step]:
    """A step of each architecture with so many images."""
    trace = trace_step if job.learns else trace_scoring
    modules = (on_meta(lambda a=a: job.skeleton.build_standalone(a)) for a in job.architectures)
    return [trace(module, job.skeleton.image_shape, batch) for module in modules]


def row(job: Job, gpus: int) -> dict[str, Any]:
    """Estimates of one training on so many GPUs; None where it cannot be divided so far."""
    whole = job.trainings > 1
    batch = job.batch if job.batch_grows or whole else job.batch // gpus
    found: dict[str, Any] = {"job": job.name, "gpus": gpus, "images_per_gpu": batch}
    if batch < 2:
        return {**found, "impossible": "fewer than 2 images for each GPU's batch norm"}
    made = traced(job, batch)
    share = min(gpus, job.trainings) if whole else gpus if job.batch_grows else 1
    rate, wait = LINKS[1 if whole else gpus]
    for device, rates in DEVICES.items():
        alone_seconds = statistics.mean(step.seconds(**rates) for step in made)
        sent = statistics.mean(step.gradient_bytes for step in made)
        message = 2 * (gpus - 1) / gpus * sent / rate + wait
        found[device] = {
            "step_ms": 1e3 * (alone_seconds + message),
            "message_ms": 1e3 * message,
            "hours": job.steps / share * (alone_seconds + message) / 3600,
        }
    weights = job.resident_bytes or 2 * statistics.mean(step.gradient_bytes for step in made)
    found["gb"] = (weights + max(step.activation_bytes + step.gradient_bytes for step in made)) / 1e9
    found["kernels"] = statistics.mean(len(step.bytes_K) for step in made)
    return found


def table(rows: list[dict[str, Any]]) -> None:
    """One line for each training and number of GPUs."""
    heads = "".join(f"{name + ': ms a step':>18}{'hours':>9}" for name in DEVICES)
    print(f"{'training':38}{'GPUs':>5}{'images each':>13}{'GB each':>9}{'kernels':>9}{heads}")
    for each in rows:
        start = f"{each['job']:38}{each['gpus']:>5}{each['images_per_gpu']:>13}"
        if "impossible" in each:
            print(f"{start}  {each['impossible']}")
            continue
        times = "".join(f"{each[name]['step_ms']:>18.1f}{each[name]['hours']:>9.1f}" for name in DEVICES)
        print(f"{start}{each['gb']:>9.1f}{each['kernels']:>9.0f}{times}")


def rates_here() -> dict[str, float]:
    """This machine's memory bandwidth and arithmetic, as torch reaches them, and the time of a small kernel."""

    def best(work: Any, repeats: int) -> float:
        times = []
        for _ in range(repeats):
            begun = time.perf_counter()
            work()
            times.append(time.perf_counter() - begun)
        return min(times)

    large, small, square = torch.randn(2**26), torch.randn(16), torch.randn(1536, 1536)
    to = torch.empty_like(large)
    return {
        "bandwidth": 2 * 4 * 2**26 / best(lambda: to.copy_(large), 5),
        "flops": 2 * 1536**3 / best(lambda: square @ square, 5),
        "launch": best(lambda: [small + small for _ in range(1000)], 5) / 1000,
    }


def check() -> dict[str, Any]:
    """Real steps of the search's supernet paths on this CPU, and their estimates by the same rule."""
    job, rates = jobs()[0], rates_here()
    ratios = []
    for architecture in job.architectures:
        shape = job.skeleton.image_shape
        step = trace_step(on_meta(lambda a=architecture: job.skeleton.build_standalone(a)), shape, job.batch)
        built = job.skeleton.build_standalone(architecture)
        module = built.module.to(memory_format=torch.channels_last).train()  # type: ignore[call-overload]
        x = torch.randn(job.batch, *shape).contiguous(memory_format=torch.channels_last)
        labels = torch.zeros(job.batch, dtype=torch.int64)
        times = []
        for _ in range(3):
            begun = time.perf_counter()
            nn.functional.cross_entropy(module(x), labels).backward()
            times.append(time.perf_counter() - begun)
        ratios.append(min(times) / step.seconds(**rates))
        print(f"real {min(times):.2f} s, estimated {step.seconds(**rates):.2f} s", flush=True)
    median = statistics.median(ratios)
    print(f"real / estimated: median {median:.2f}, {min(ratios):.2f} to {max(ratios):.2f}; rates {rates}")
    return {
        "ratio": median,
        "low": min(ratios),
        "high": max(ratios),
        "rates": rates,
        "threads": torch.get_num_threads(),
    }


def main() -> None:
    """Print the table or the check; both are kept."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", nargs="?", choices=("table", "check"), default="table")
    what = parser.parse_args().what
    kept = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    if what == "check":
        kept["check"] = check()
    else:
        kept["rows"] = [row(job, gpus) for job in jobs() for gpus in LINKS]
        table(kept["rows"])
    RESULTS.write_text(json.dumps(kept, indent=1) + "\n")


if __name__ == "__main__":
    main()

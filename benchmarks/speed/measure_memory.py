"""What a supernet step needs more than the stand-alone step: only the supernet's weights and optimiser state.

Two ways. Tensors: what autograd keeps for backward (each storage once, weights not counted), gradients, weights, state.
The process (Linux, each network in one of its own, the median of several): resident size as the network was ``built``
(weights, and the Python objects of their modules), and the peak in steps over that. ``unexplained`` is what remains of
the difference of these peaks when optimiser state is taken off.
"""

from __future__ import annotations

import gc
import json
import statistics
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import networks
import torch
from scale import Scale
from torch import Tensor

from bnao.arch import Architecture
from bnao.spaces.placing import network_inputs
from bnao.supernet.trainable import Trainable


def bytes_of(tensors: Iterable[Tensor]) -> int:
    """Bytes of the storages behind tensors, each once."""
    storages = {t.untyped_storage().data_ptr(): t.untyped_storage().nbytes() for t in tensors}
    return sum(storages.values())


def live(trainable: Trainable, case: networks.Case, architecture: Architecture) -> dict[str, int]:
    """Bytes by kind: after two steps (weights, optimiser state), and within a third (saved, gradients)."""
    step = networks.Stepper(trainable, case.images(2 * case.batch), case.batch, steps=1)
    step(architecture)
    path, root = trainable.entry(architecture), trainable.root
    weights = {t.untyped_storage().data_ptr() for t in [*root.parameters(), *root.buffers()]}
    saved: dict[int, int] = {}

    def keep(tensor: Tensor) -> Tensor:
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in weights:
            saved[storage.data_ptr()] = storage.nbytes()
        return tensor

    x, labels = step.images.batch(slice(0, case.batch))
    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        loss = torch.nn.functional.cross_entropy(path.module(network_inputs(x)), labels)
    held = sum(saved.values())
    loss.backward()
    gradients = bytes_of(p.grad for p in root.parameters() if p.grad is not None)
    root.zero_grad()  # as the product does after a step
    state = step.weights.optimizer.state_dict()["state"]
    return {
        "weights": bytes_of([*root.parameters(), *root.buffers()]),
        "optimiser_state": bytes_of(t for each in state.values() for t in each.values() if isinstance(t, Tensor)),
        "saved_for_backward": held,
        "gradients": gradients,
    }


def resident(field: str) -> int:
    """Bytes of this process: ``VmRSS`` now, ``VmHWM`` at most so far. Linux."""
    lines = Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
    return 1024 * next(int(line.split()[1]) for line in lines if line.startswith(field + ":"))


def one_process(name: str, which: str, number: int, quick: bool) -> dict[str, int]:
    """Peak of this process over what it held before the network was built; it trains one architecture."""
    case = (networks.QUICK_CASES if quick else networks.CASES)[name]()
    architecture = case.draw(number + 1)[number]
    images = case.images(4 * case.batch)
    gc.collect()
    Path("/proc/self/clear_refs").write_text("5")  # the peak begins anew
    before = resident("VmRSS")
    shared = which == "supernet"
    trainable: Trainable = networks.supernet(case) if shared else networks.stand_alone(case, architecture)
    gc.collect()
    built = resident("VmRSS") - before
    Path("/proc/self/clear_refs").write_text("5")
    step = networks.Stepper(trainable, images, case.batch)
    step(architecture)
    peak = resident("VmHWM") - before - built
    state = step.weights.optimizer.state_dict()["state"]
    kept = bytes_of(t for each in state.values() for t in each.values() if isinstance(t, Tensor))
    return {"built": built, "peak_over_built": peak, "optimiser_state": kept}


def process(name: str, which: str, number: int, quick: bool) -> dict[str, int]:
    """:func:`one_process` in a process of its own."""
    words = [sys.executable, __file__, name, which, str(number), "quick" if quick else "full"]
    done = subprocess.run(words, stdout=subprocess.PIPE, text=True, check=True)
    found: dict[str, int] = json.loads(done.stdout.splitlines()[-1])
    return found


def measure(scale: Scale) -> Iterator[tuple[str, dict[str, Any]]]:
    """A part for each space; bytes, medians over architectures."""
    quick = scale.quick
    number = scale.number(5, 1)
    for name, make in (networks.QUICK_CASES if quick else networks.CASES).items():
        case = make()
        shared = networks.supernet(case)
        pairs = [
            {"alone": live(networks.stand_alone(case, a), case, a), "supernet": live(shared, case, a)}
            for a in case.draw(number)
        ]
        tensors = {
            arm: {kind: int(statistics.median(pair[arm][kind] for pair in pairs)) for kind in pairs[0][arm]}
            for arm in ("alone", "supernet")
        }
        del shared
        more = [
            pair["supernet"][kind] - pair["alone"][kind]
            for pair in pairs
            for kind in ("saved_for_backward", "gradients")
        ]
        found = [{arm: process(name, arm, k, quick) for arm in ("alone", "supernet")} for k in range(number)]
        unexplained = [
            f["supernet"]["peak_over_built"]
            - f["supernet"]["optimiser_state"]
            - (f["alone"]["peak_over_built"] - f["alone"]["optimiser_state"])
            for f in found
        ]
        yield (
            name,
            {
                "what": case.words,
                "tensors": tensors,
                "largest_difference_of_saved_or_gradients": max(more),
                "process": {
                    arm: {kind: int(statistics.median(f[arm][kind] for f in found)) for kind in found[0][arm]}
                    for arm in ("alone", "supernet")
                },
                "unexplained": int(statistics.median(unexplained)),
                "unexplained_range": [min(unexplained), max(unexplained)],
            },
        )


if __name__ == "__main__":
    print(json.dumps(one_process(sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4] == "quick")))

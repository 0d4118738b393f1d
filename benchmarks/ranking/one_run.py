"""One configuration with one seed: train, score a set of cells, write a row. Killed at any moment it goes on."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from cells import training_pool
from configurations import Configuration

from bnao.arch import Architecture
from bnao.cost.feasible import FeasibleSpace
from bnao.cost.sizes import SizeTable
from bnao.data.config import DataConfig
from bnao.data.held_out import load
from bnao.data.search_data import SearchData
from bnao.evaluation.oneshot import OneShotEvaluator
from bnao.rng import generator, torch_stream
from bnao.sampling import make_policy
from bnao.spaces import load_spaces
from bnao.spaces.base import SearchSpace, make_space
from bnao.spaces.placing import place
from bnao.storage import load_state, save_state
from bnao.supernet import Supernet
from bnao.training.loop import Hooks, Weights, schedule, train

SAVE_SECONDS = 60.0
load_spaces()


class FileSaves:
    """Keeps the running training in one file, with the CPU seconds it has taken so far."""

    def __init__(self, path: Path) -> None:
        self._path, self._saved = path, time.monotonic()
        self.seconds_before, self._begun = 0.0, time.process_time()

    def load(self) -> Mapping[str, Any] | None:
        """What was kept."""
        if not self._path.exists():
            return None
        state = load_state(self._path)
        self.seconds_before = state["cpu_seconds"]
        return dict(state["training"])

    def due(self) -> bool:
        """Once a minute."""
        return time.monotonic() - self._saved > SAVE_SECONDS

    def save(self, state: Mapping[str, Any]) -> None:
        """Replace the file."""
        save_state(self._path, {"training": dict(state), "cpu_seconds": self.cpu_seconds})
        self._saved = time.monotonic()

    @property
    def cpu_seconds(self) -> float:
        """Of the whole training, over all its processes: unlike wall time, little changed by other work beside it."""
        return self.seconds_before + time.process_time() - self._begun


@dataclass(frozen=True)
class Trained:
    """A supernet at the end of its training."""

    supernet: Supernet
    weights: Weights
    data: SearchData
    train_minutes: float
    curve: list[dict[str, float]]


def trained(config: Configuration, seed: int, images: str, folder: Path, on_epoch: Any = None) -> Trained:
    """Train, go on, or read the finished weights in ``folder``. ``images``: where CIFAR-10 is."""
    folder.mkdir(parents=True, exist_ok=True)
    settings = DataConfig(source=images, resolution=config.resolution, valid_fraction=config.valid_fraction)
    data, _ = load(settings, 0)  # the same split for all seeds: seeds differ in training alone
    space = make_space(config.space)
    skeleton = space.skeleton(config.network, data.task)
    training = config.train_settings(len(data.train))
    policy = make_policy(
        config.sampling,
        feasible=FeasibleSpace(space.grammar),
        sizes=SizeTable(space.skeleton(replace(config.network, output="concat"), data.task)),  # the paper's size
        pool=None if config.sampling.over == "space" else pool_of(space),
        seed=seed,
        schedule=schedule(training, len(data.train)),
    )
    with torch_stream(seed, "ranking", "init"):
        supernet = Supernet(skeleton.build_supernet(), cache_size=512)
    place(supernet.root, data.train.device)
    weights = Weights.fresh(supernet, training)
    done = folder / "trained.pt"
    if not done.exists():
        saves = FileSaves(folder / "training.pt")
        hooks = Hooks() if on_epoch is None else Hooks(on_epoch=on_epoch)
        curve = train(weights, policy, data.train, training, seed=seed, stage="ranking", hooks=hooks, saves=saves)
        plain = [vars(epoch) for epoch in curve]
        save_state(done, {"state": weights.state_dict(), "cpu_seconds": saves.cpu_seconds, "curve": plain})
        (folder / "training.pt").unlink(missing_ok=True)
    state = load_state(done)
    weights.load_state_dict(state["state"])
    return Trained(supernet, weights, data, state["cpu_seconds"] / 60, state["curve"])


def pool_of(space: SearchSpace) -> list[Architecture]:
    """What all configurations train on: the connected cells of NAS-Bench-201, 1000 random ones of another space."""
    if space.name == "nasbench201":
        return training_pool()
    return space.grammar.sample_distinct(1000, generator(0, "ranking", "pool"))


def scores(
    config: Configuration, made: Trained, architectures: Sequence[Architecture], folder: Path, name: str
) -> dict[str, Any]:
    """Validation loss and accuracy of each architecture, in their order; each is measured once."""
    grammar = make_space(config.space).grammar
    evaluator = OneShotEvaluator(
        made.supernet, grammar.canonical, made.data, config.scoring, seed=0, average=made.weights.average
    )
    path = folder / f"measured-{name}.pt"
    measured: dict[str, tuple[float, float]] = load_state(path) if path.exists() else {}
    begun, saved = time.process_time(), time.monotonic()

    def keep(done: int) -> None:
        nonlocal saved
        if time.monotonic() - saved > SAVE_SECONDS or done == len(architectures):
            save_state(path, measured)
            saved = time.monotonic()

    evaluator.evaluate(architectures, keep, measured)
    pairs = [measured[a.id] for a in architectures]
    return {
        "loss": [round(loss, 6) for loss, _ in pairs],
        "accuracy": [round(accuracy, 6) for _, accuracy in pairs],
        "score_minutes": (time.process_time() - begun) / 60,
    }

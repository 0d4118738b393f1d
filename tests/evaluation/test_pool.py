"""Scored together is scored one by one, to the bit, in all spaces; with less work, within the bound."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

import bnao
from bnao.arch import Architecture, Grammar
from bnao.data.images import Images
from bnao.data.search_data import SearchData
from bnao.errors import SettingError
from bnao.evaluation.config import ScoringConfig
from bnao.evaluation.oneshot import OneShotEvaluator
from bnao.evaluation.pool import PoolMeasure, cut
from bnao.evaluation.walk import common
from bnao.objective import CLASSIFICATION, METRICS, Objective
from bnao.rng import generator
from bnao.spaces import load_spaces
from bnao.spaces.base import SPACES, make_space
from bnao.spaces.config import NetworkConfig, SpaceConfig
from bnao.spaces.own import OwnSpace
from bnao.spaces.placing import place
from bnao.supernet import Supernet
from bnao.task import Task
from bnao.training.averaging import LazyAverage

load_spaces()
TASK = Task(in_channels=3, image_size=(8, 8), num_classes=4)
TINY = {
    "mobile": ({"depths": "2,2", "widths": "1,2", "strides": "1,2", "kernels": "3,5", "expansions": "2"}, {}),
    "nao_cell": ({"nodes": 2}, {"cells_per_stage": 1}),
    "nasbench201": ({}, {"cells_per_stage": 1}),
}
"""Small spaces and networks; a space that is registered later stands with its defaults."""


class Net(nn.Module):
    """A user's model as users write them: parts in a row, a function between, a module that writes to its input."""

    def __init__(self) -> None:
        super().__init__()
        options = {"k3": lambda: _block(3), "k5": lambda: _block(5), "skip": nn.Identity}
        self.stem = nn.Conv2d(3, 4, 3, padding=1)
        self.blocks = nn.Sequential(*[bnao.OneOf(options) for _ in range(3)])
        self.deep = bnao.Repeat(lambda: _block(1), times=(0, 1, 2))
        self.head = nn.Linear(4, 4)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.deep(self.blocks(2 * self.stem(x))).mean(dim=(2, 3)))


def _block(kernel: int) -> nn.Module:
    convolution = nn.Conv2d(4, 4, kernel, padding=kernel // 2)
    return nn.Sequential(nn.ReLU(inplace=True), convolution, nn.BatchNorm2d(4))


def _images(num: int, seed: int) -> Images:
    source = torch.Generator().manual_seed(seed)
    return Images(
        images_NCHW=torch.randint(0, 256, (num, 3, 8, 8), generator=source, dtype=torch.uint8),
        labels_N=torch.arange(num) % 4,
        mean_C=torch.full((3,), 0.5),
        std_C=torch.full((3,), 0.25),
    )


def _data(objective: Objective = CLASSIFICATION) -> SearchData:
    return SearchData(train=_images(30, 0), valid=_images(31, 1), task=TASK, objective=objective)


def _network(name: str) -> tuple[Grammar, Supernet]:
    torch.manual_seed(0)
    if name == "own":
        space, network = OwnSpace(Net, torch.zeros(1, 3, 8, 8)), NetworkConfig()
    else:
        of_space, of_network = TINY.get(name, ({}, {}))
        space = make_space(SpaceConfig(name=name, **of_space))
        network = NetworkConfig(channels=4, output="project", **of_network)
    built = space.skeleton(network, TASK).build_supernet()
    place(built.module, torch.device("cpu"))
    return space.grammar, Supernet(built)


def _evaluator(grammar: Grammar, supernet: Supernet, cache_mb: int, **given: Any) -> OneShotEvaluator:
    average, objective = given.pop("average", None), given.pop("objective", CLASSIFICATION)
    config = ScoringConfig(**{"batch_size": 8, "cache_mb": cache_mb, "recalibration_batches": 2} | given)
    return OneShotEvaluator(supernet, grammar.canonical, _data(objective), config, seed=0, average=average)


def _pool(grammar: Grammar, num: int) -> list[Architecture]:
    """Random ones, mutants of them, symmetric forms: as a controller's, but in any order, with repetitions."""
    rng = generator(0, "pool")
    drawn = grammar.sample(num, rng)
    return drawn + [grammar.mutate(a, rng) for a in drawn] + [grammar.shuffle(a, rng) for a in drawn[:3]]


def _same(grammar: Grammar, supernet: Supernet, pool: list[Architecture], **given: Any) -> None:
    one, together = (_evaluator(grammar, supernet, cache_mb, **given).evaluate(pool) for cache_mb in (0, 512))
    assert np.array_equal(one.values_P, together.values_P)
    assert np.array_equal(one.metrics_P, together.metrics_P)
    assert np.isfinite(one.values_P).all() and len(set(one.values_P.tolist())) > 1


def _measure(supernet: Supernet, pool: list[Architecture], most_bytes: int = 10**9) -> tuple[PoolMeasure, list[float]]:
    data = _data().valid
    measure = PoolMeasure(supernet, [data.batch(torch.arange(31))], CLASSIFICATION, most_bytes=most_bytes)
    found: dict[str, float] = {}
    if measure.shares(pool):
        measure.measure(pool, lambda group: found.update({a.id: loss for a, loss, _ in group}))
    return measure, [found.get(a.id, float("nan")) for a in pool]


@pytest.mark.parametrize("statistics", ["batch", "recalibrated"])
@pytest.mark.parametrize("name", [*SPACES.names(), "own"])
def test_together_equals_one_by_one(name: str, statistics: str) -> None:
    grammar, supernet = _network(name)
    pool = _pool(grammar, 6)
    assert _measure(supernet, [grammar.canonical(a) for a in pool])[0].num_runs, "something is shared"
    _same(grammar, supernet, pool, statistics=statistics)


@pytest.mark.parametrize(
    "given",
    [
        {"score": "metric"},
        {"score": "both", "adapt_steps": 1},
        {"score": "loss", "adapt_steps": 1},
        {"score": "learning", "adapt_steps": 1},
        {"batch_size": 2, "images": 5},
        {"batch_size": 500},
        {"objective": Objective(metric=METRICS.get("auroc")), "score": "metric"},
    ],
    ids=lambda given: " ".join(given),
)
@pytest.mark.parametrize("name", ["mobile", "own"])
def test_all_scores_odd_batches_and_metrics_of_the_whole_set(name: str, given: dict[str, Any]) -> None:
    grammar, supernet = _network(name)
    _same(grammar, supernet, _pool(grammar, 4), **given)


def test_averaged_weights() -> None:
    grammar, supernet = _network("mobile")
    pool = _pool(grammar, 4)
    average = LazyAverage(supernet.root, 0.5)
    for architecture in pool[:3]:
        path = supernet.entry(architecture)
        average.before_step(path.parameters)
        with torch.no_grad():
            for p in path.parameters:
                p.add_(0.1)
        average.after_step(path.parameters)
    _same(grammar, supernet, pool, average=average)
    plain, averaged = (_evaluator(grammar, supernet, 512, average=a).evaluate(pool) for a in (None, average))
    assert not np.array_equal(plain.values_P, averaged.values_P)


CHAIN = _network("mobile")
ALONE = _evaluator(*CHAIN, 0)
LOSSES: dict[str, float] = {}


def _loss_alone(architecture: Architecture) -> float:
    if architecture.id not in LOSSES:
        LOSSES[architecture.id] = float(ALONE.evaluate([architecture]).values_P[0])
    return LOSSES[architecture.id]


@given(st.lists(st.integers(0, CHAIN[0].count() - 1), min_size=2, max_size=24), st.integers(0, 60_000))
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_any_pool_within_any_bound(ranks: list[int], most_bytes: int) -> None:
    """The bound holds for what is kept and changes no score; each order of asking gives the same."""
    grammar, supernet = CHAIN
    pool = [grammar.nth(rank) for rank in ranks]  # type: ignore[attr-defined]
    measure = PoolMeasure(supernet, ALONE._batches, CLASSIFICATION, most_bytes=most_bytes)
    found: dict[str, float] = {}
    distinct = list({a.id: a for a in pool}.values())
    measure.measure(distinct, lambda group: found.update({a.id: -loss for a, loss, _ in group}))
    assert measure.peak_bytes <= most_bytes
    assert found == {a.id: _loss_alone(a) for a in pool}


class Pretrained(Net):
    """Begins with frozen parts: a stage of its own has no weights, and statistics that stay."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(3, 4, 3, padding=1), nn.BatchNorm2d(4, affine=False)).requires_grad_(False)
        self.stem[1].running_mean.fill_(3.0)  # type: ignore[operator, union-attr]


@pytest.mark.parametrize("statistics", ["batch", "recalibrated"])
def test_frozen_parts_are_so_in_stages_too(statistics: str) -> None:
    torch.manual_seed(0)
    space = OwnSpace(Pretrained, torch.zeros(1, 3, 8, 8))
    supernet = Supernet(space.skeleton(NetworkConfig(), TASK).build_supernet())
    place(supernet.root, torch.device("cpu"))
    assert len(supernet.stages(space.grammar.nth(0))) > 3
    _same(space.grammar, supernet, _pool(space.grammar, 4), statistics=statistics)


def test_a_chain_space_runs_each_beginning_once() -> None:
    """But for the group's first: stages that are run are the distinct beginnings."""
    grammar, supernet = _network("mobile")
    pool = list({a.id: a for a in grammar.sample(30, generator(0, "pool"))}.values())
    measure, _ = _measure(supernet, pool)
    chains = [tuple(stage.key for stage in supernet.stages(a)) for a in pool]
    beginnings = {chain[: k + 1] for chain in chains for k in range(len(chain))}
    groups = 1 + -(-(len(pool) - 1) // 8)
    assert len(beginnings) <= measure.num_runs <= len(beginnings) + groups * max(map(len, chains))
    assert measure.num_runs < 0.75 * sum(map(len, chains))


@pytest.mark.parametrize("score", ["loss", "both"])
def test_kill_and_resume_in_the_middle_gives_the_same(monkeypatch: pytest.MonkeyPatch, score: str) -> None:
    class Killed(Exception):
        pass

    for bound in ("FEWEST", "MOST"):
        monkeypatch.setattr(f"bnao.evaluation.pool.{bound}", 4)
    settings = {"score": score, "adapt_steps": int(score == "both"), "batch_size": 31}
    grammar, supernet = _network("mobile")
    pool = _pool(grammar, 9)
    told: list[int] = []
    whole = _evaluator(grammar, supernet, 512, **settings).evaluate(pool, told.append)
    assert told == list(range(1, len(pool) + 1)), "each architecture is told once, repetitions too"
    for at in (1, 2, 10):
        measured: dict[str, tuple[float, float]] = {}

        def kill(done: int, at: int = at) -> None:
            if done >= at:
                raise Killed

        with pytest.raises(Killed):
            _evaluator(grammar, supernet, 512, **settings).evaluate(pool, kill, measured)
        assert at <= sum(a.id in measured for a in pool) < len(pool), "what was told is kept, and its group"
        told.clear()
        again = _evaluator(grammar, supernet, 512, **settings).evaluate(pool, told.append, measured)
        assert told == list(range(1, len(pool) + 1))
        assert np.array_equal(again.values_P, whole.values_P) and np.array_equal(again.metrics_P, whole.metrics_P)


@pytest.mark.parametrize("of", ["root", "part", "all"])
def test_hooks_see_every_call(of: str) -> None:
    grammar, supernet = _network("mobile")
    pool = grammar.sample(5, generator(0, "pool"))
    calls: list[str] = []

    def heard(module: nn.Module, inputs: Any, outputs: Any) -> None:
        if type(module).__name__ in ("MobileNetwork", "MobileHead"):
            calls.append(type(module).__name__)

    handle = {
        "root": supernet.root.register_forward_hook,
        "part": supernet.root.head.register_forward_hook,  # type: ignore[union-attr]
        "all": torch.nn.modules.module.register_module_forward_hook,
    }[of](heard)
    try:
        _evaluator(grammar, supernet, 512, batch_size=31).evaluate(pool)
    finally:
        handle.remove()
    assert len(calls) == (10 if of == "all" else 5)


def test_scoring_together_changes_nothing() -> None:
    grammar, supernet = _network("own")
    pool = _pool(grammar, 5)
    before = {name: tensor.clone() for name, tensor in supernet.root.state_dict().items()}
    modes, state = [m.training for m in supernet.root.modules()], torch.get_rng_state()
    for statistics in ("batch", "recalibrated"):
        _evaluator(grammar, supernet, 512, statistics=statistics).evaluate(pool)
    assert all(torch.equal(tensor, before[name]) for name, tensor in supernet.root.state_dict().items())
    assert modes == [m.training for m in supernet.root.modules()]
    assert torch.equal(state, torch.get_rng_state())


def test_groups_end_where_least_is_shared() -> None:
    chains = sorted(map(tuple, generator(0, "chains").integers(3, size=(200, 5)).tolist()))
    start = 0
    while start < len(chains):
        stop = cut(chains, start, 10)
        assert start < stop <= start + 10
        if stop < len(chains):
            inner = [common(chains[k - 1], chains[k]) for k in range(start + 5, start + 11)]
            assert common(chains[stop - 1], chains[stop]) == min(inner)
        start = stop


def test_a_negative_cache_is_refused() -> None:
    with pytest.raises(SettingError, match="cache_mb is not negative; received -1"):
        ScoringConfig(cache_mb=-1)

"""How cost grows with what a user can turn: channels, cells, batch, candidates per choice, pool, tokens.

Steps are whole supernet steps of the product. Settings of one row are measured by turns. ``exponent`` is the slope of
log time against log setting, by least squares: 1 is in proportion, 0 is flat.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterator
from typing import Any

import networks
import numpy as np
import torch
from measure_controller import made_up_scores
from scale import Scale
from timing import by_turns
from torch import Tensor, nn

import bnao
from bnao.arch import Architecture
from bnao.controller import ControllerConfig, make_proposer
from bnao.cost.feasible import FeasibleSpace
from bnao.cost.sizes import SizeTable
from bnao.data.search_data import SearchData
from bnao.evaluation.config import ScoringConfig
from bnao.evaluation.oneshot import OneShotEvaluator
from bnao.rng import generator
from bnao.spaces.config import NetworkConfig, SpaceConfig
from bnao.spaces.nao_cell import NaoCellSpace
from bnao.spaces.own import OwnSpace

Arm = Callable[[], Any]


def grown(what: str, unit: str, arms: dict[int, Arm], rounds: int) -> dict[str, Any]:
    """One row: the median time of each setting, in ms, and how it grows."""
    times = by_turns({str(setting): arm for setting, arm in arms.items()}, rounds)
    medians = {setting: 1e3 * statistics.median(times[str(setting)]) for setting in arms}
    slope = np.polyfit(np.log(list(medians)), np.log(list(medians.values())), 1)[0]
    return {
        "what": what,
        "unit": unit,
        "ms": {str(setting): float(f"{value:.4g}") for setting, value in medians.items()},
        "exponent": round(float(slope), 3),
    }


def step_of(case: networks.Case, architectures: list[Architecture]) -> Arm:
    """A step of each of a few architectures; their times."""
    step = networks.Stepper(networks.supernet(case), case.images(2 * case.batch), case.batch, steps=1)
    return lambda: [statistics.fmean(step(architecture)[0] for architecture in architectures)]


class ManyOptions(nn.Module):
    """Six choices, each of so many options; every option is a convolution of the same cost."""

    def __init__(self, options: int, width: int = 24) -> None:
        super().__init__()
        blocks = {f"o{k}": lambda: networks.Block(width, 3) for k in range(options)}
        self.stem = nn.Conv2d(3, width, 3, padding=1)
        self.blocks = nn.Sequential(*[bnao.OneOf(blocks) for _ in range(6)])
        self.head = nn.Linear(width, networks.CLASSES)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.blocks(self.stem(x)).mean(dim=(2, 3)))


def options_case(options: int, size: int, batch: int) -> networks.Case:
    """A space of :class:`ManyOptions`."""
    space = OwnSpace(lambda: ManyOptions(options), torch.zeros(1, 3, size, size))
    return networks.Case(space, space.skeleton(NetworkConfig(), networks.task(size)), batch, f"{options} options")


def steps(quick: bool) -> Iterator[tuple[str, dict[str, Any]]]:
    """Channels, cells, batch, candidates."""
    size, rounds = (16, 1) if quick else (32, 3)
    n, c, b = (1, 8, 16) if quick else (2, 12, 32)
    few = networks.nao_cell(n, c, size, b).draw(1 if quick else 3, seed=3)
    rows: dict[str, tuple[str, list[int], Callable[[int], networks.Case]]] = {
        "channels": (
            f"N={n}, batch {b}",
            [8, 16] if quick else [8, 16, 32],
            lambda v: networks.nao_cell(n, v, size, b),
        ),
        "cells_per_stage": (
            f"C={c}, batch {b}",
            [1, 2] if quick else [1, 2, 4],
            lambda v: networks.nao_cell(v, c, size, b),
        ),
        "batch": (f"N={n}, C={c}", [8, 16] if quick else [16, 32, 64, 128], lambda v: networks.nao_cell(n, c, size, v)),
    }
    for name, (words, settings, make) in rows.items():
        arms = {value: step_of(make(value), few) for value in settings}
        yield name, grown(f"supernet step in NAO cells, {words}", "ms a step", arms, rounds)
    settings = [2, 4] if quick else [2, 4, 8, 16]
    arms = {}
    for value in settings:
        case = options_case(value, size, b)
        arms[value] = step_of(case, [case.space.grammar.parse("0 1 0 1 0 1")])
    yield "candidates_per_choice", grown(f"supernet step of a user's model, batch {b}", "ms a step", arms, rounds)


def pool_rows(quick: bool) -> Iterator[tuple[str, dict[str, Any]]]:
    """Pool size: scoring, counting."""
    rounds, sizes = (1, [4, 8]) if quick else (3, [25, 50, 100, 200])
    case = networks.mobile("2,2,2", 8, 16, 16)
    data = SearchData(train=case.images(32), valid=case.images(64), task=networks.task(16))
    evaluator = OneShotEvaluator(
        networks.supernet(case), case.space.grammar.canonical, data, ScoringConfig(batch_size=64), seed=0
    )
    pool = case.draw(sizes[-1])
    scoring = {n: lambda n=n: (evaluator.evaluate(pool[:n]), None)[1] for n in sizes}
    yield "pool_scored", grown("random chains of the mobile space, 64 images", "ms a pool", scoring, rounds)
    cells = networks.nao_cell(1, 8, 16, 16)
    table, sizes = SizeTable(cells.skeleton), [100, 1000] if quick else [100, 1000, 10000]
    many = cells.space.grammar.sample(sizes[-1], generator(0, "speed", "many"))
    counting = {n: lambda n=n: (table.num_params(many[:n]), None)[1] for n in sizes}
    yield "pool_counted", grown("parameters of NAO architectures", "ms a pool", counting, rounds)


def tokens(quick: bool) -> Iterator[tuple[str, dict[str, Any]]]:
    """Tokens: an epoch of the controller's fit, and 20 proposals."""
    number, epochs = (20, 1) if quick else (100, 3)
    fits: dict[int, Arm] = {}
    asks: dict[int, Arm] = {}
    for nodes in (2, 3) if quick else (2, 4, 8):
        grammar = NaoCellSpace(SpaceConfig(nodes=nodes)).grammar
        pool = grammar.sample_distinct(number, generator(0, "speed", "tokens"))
        scores_P = made_up_scores(grammar, pool, 0)
        config = ControllerConfig(epochs=epochs, early_stop=False, judge="none")

        def fit(grammar: Any = grammar, pool: Any = pool, scores_P: Any = scores_P, config: Any = config) -> Any:
            proposer = make_proposer(config, grammar, 0)
            proposer.fit(pool, scores_P, 0)
            return proposer

        fitted = fit()

        def ask(proposer: Any = fitted, grammar: Any = grammar, seen: Any = frozenset(a.id for a in pool)) -> None:
            proposer.propose(20, generator(0, "speed", "ask"), FeasibleSpace(grammar), seen)

        fits[grammar.length] = lambda fit=fit: (fit(), None)[1]
        asks[grammar.length] = ask
    rounds = 1 if quick else 3
    words = f"pool of {number}, ten forms of each"
    yield "tokens_fitted", grown(f"{epochs} epochs of the controller, {words}", "ms a fit", fits, rounds)
    yield "tokens_proposed", grown("20 proposals of the NAO controller", "ms a call", asks, rounds)


def measure(scale: Scale) -> Iterator[tuple[str, dict[str, Any]]]:
    """A part for each row of the table."""
    quick = scale.quick
    yield from steps(quick)
    yield from pool_rows(quick)
    yield from tokens(quick)

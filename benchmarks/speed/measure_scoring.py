"""Scoring a pool of 1000 of the chain space `mobile`: in one call, against one by one with the same code (goal: 3).

Three pools. ``random``: uniform draws, a search's first pool. ``proposed``: what the product's NAO proposer proposes in
one go after it was fitted to 1000 random architectures with scores; this is the controller's typical pool, the one of
the key. ``search``: a search's pool after four rounds, in the paper's proportions (1000 random to three times 300
proposed), 1000 in all; the proposer is fitted before each of the three.

Scores that the proposer learns are made up: each layer's block has a worth drawn from a normal distribution, plus 0.15
for each kernel step and expansion step, 0 for identity; noise of a third of the sum's deviation is added.

One by one: ``evaluate`` is called with each architecture alone. In one call: once with the whole list. Each evaluator
has a supernet with the same weights; scores must be equal to the bit.
"""

from __future__ import annotations

import statistics
from collections.abc import Iterator
from typing import Any

import networks
import numpy as np
import torch
from numpy.typing import NDArray
from scale import Scale
from timing import seconds

from bnao.arch import Architecture
from bnao.controller import ControllerConfig, make_proposer
from bnao.cost.feasible import FeasibleSpace
from bnao.data.search_data import SearchData
from bnao.evaluation.config import ScoringConfig
from bnao.evaluation.oneshot import OneShotEvaluator
from bnao.rng import generator


class MadeUp:
    """Scores of chains (see above)."""

    def __init__(self, layers: int, blocks: int, seed: int) -> None:
        rng = generator(seed, "speed", "worth")
        self.worth_LB = rng.normal(size=(layers, blocks + 1)) * 0.3 + 0.15 * np.arange(blocks + 1)
        self.worth_LB[:, 0] = 0.0
        self.rng = generator(seed, "speed", "noise")

    def __call__(self, architectures: list[Architecture]) -> NDArray[np.float64]:
        tokens_PL = np.array([a.canonical for a in architectures])
        clean_P = self.worth_LB[np.arange(tokens_PL.shape[1]), tokens_PL].sum(1)
        return np.asarray(clean_P + self.rng.normal(size=len(clean_P)) * clean_P.std() / 3)


def pools(case: networks.Case, size: int, seed: int = 0) -> dict[str, list[Architecture]]:
    """The three pools, each of ``size`` distinct architectures."""
    grammar = case.space.grammar
    feasible = FeasibleSpace(grammar)
    random = case.draw(size)
    score = MadeUp(len(random[0].tokens), 1 + max(t for a in random for t in a.tokens), seed)
    config = ControllerConfig(epochs=20 if size < 500 else 1000)

    def proposed(known: list[Architecture], n: int, proposer: Any) -> list[Architecture]:
        proposer.fit(known, score(known), seed)
        found = proposer.propose(n, generator(seed, "speed", "propose", len(known)), feasible, {a.id for a in known})
        return found.architectures

    first = random[: round(size * 1000 / 1900)]
    search, proposer = list(first), make_proposer(config, grammar, seed)
    while len(search) < size:
        search += proposed(search, min(round(size * 300 / 1900), size - len(search)), proposer)
    typical = proposed(random, size, make_proposer(config, grammar, seed))
    return {"proposed": typical, "search": search, "random": random}


def shared_layers(pool: list[Architecture]) -> float:
    """Layers run one by one, over distinct prefixes: what a trie could save if all layers cost the same."""
    chains = [tuple(t for t in a.canonical) for a in pool]
    prefixes = {chain[: k + 1] for chain in chains for k in range(len(chain)) if chain[k]}
    return sum(sum(t > 0 for t in chain) for chain in chains) / len(prefixes)


def measure(scale: Scale) -> Iterator[tuple[str, dict[str, Any]]]:
    """A part for each pool. A round: half of the pool one by one, all in one call, the other half one by one."""
    quick = scale.quick
    case = networks.mobile("2,2,2", 8, 16, 16) if quick else networks.mobile()
    size, images, rounds = (24, 32, 1) if quick else (1000, 256, 2)
    shown = networks.task(case.skeleton.image_shape[1])
    data = SearchData(train=case.images(64), valid=case.images(images), task=shown)
    settings = ScoringConfig(batch_size=images)
    shared = networks.supernet(case)
    evaluator = OneShotEvaluator(shared, case.space.grammar.canonical, data, settings, seed=0)
    evaluator.evaluate(case.draw(3, seed=1))  # warm
    for name, pool in pools(case, size).items():
        alone: dict[str, float] = {}
        at_once: dict[str, float] = {}

        def one_by_one(part: list[Architecture], alone: dict[str, float] = alone) -> None:
            for architecture in part:
                alone[architecture.id] = float(evaluator.evaluate([architecture]).values_P[0])

        def together(pool: list[Architecture] = pool, at_once: dict[str, float] = at_once) -> None:
            at_once.update(zip([a.id for a in pool], evaluator.evaluate(pool).values_P.tolist(), strict=True))

        singly, whole = [], []
        for _ in range(rounds):
            before = seconds(lambda pool=pool: one_by_one(pool[::2]))
            whole.append(seconds(together))
            singly.append(before + seconds(lambda pool=pool: one_by_one(pool[1::2])))
        yield (
            name,
            {
                "what": f"{len(pool)} architectures, {images} images in one batch, {case.words}",
                "one_by_one_s": [round(s, 3) for s in singly],
                "in_one_call_s": [round(s, 3) for s in whole],
                "ratio": round(statistics.median(singly) / statistics.median(whole), 3),
                "scores_equal_to_the_bit": alone == at_once,
                "largest_difference": max(abs(alone[key] - at_once[key]) for key in at_once),
                "layers_over_distinct_prefixes": round(shared_layers(pool), 3),
                "threads": torch.get_num_threads(),
            },
        )

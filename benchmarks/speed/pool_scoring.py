"""How much faster is a pool of 1000 scored together than one by one, in the chain space `mobile`?

    python benchmarks/speed/pool_scoring.py [--setting recipe|default] [--pool random nao evolution]

One thread, in seconds of CPU time. Both ways are `OneShotEvaluator.evaluate` on the same weights and the same batch of
random images; one by one is `scoring.cache_mb = 0`, timed on a sample of the pool (its mean time, with its standard
error). The scores of the sample must be equal to the bit, or this raises. `ceiling` is what sharing equal beginnings
gives: the time of all stages of all architectures over that of the distinct beginnings, each stage at its time measured
apart. Nothing that gives the same bits saves more stages, since candidates behind different beginnings have different
inputs; what is saved besides (cloning paths) can lift the ratio above it.

Pools of 1000: `random`, a first pool; `nao`, a search's last one in the paper's proportions, 526 random ones and three
times 158 proposals of the NAO proposer; `proposals`, these 474 alone; `evolution`, 100 random ones and nine generations
of children. Proposers learn a made-up score (a sum of random effects of layers and of pairs of neighbours), since what
counts here is only how they vary what is good.

Settings: `recipe`, space and network of recipe mobile-demo (3, 3 and 3 layers, 4 blocks, 8 channels, 16x16);
`default`, the space's and network's defaults (4, 4 and 4 layers, 6 blocks, 20 channels, 32x32).
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from bnao.arch import Architecture, Grammar
from bnao.call import call_network
from bnao.controller import ControllerConfig, Proposer, make_proposer
from bnao.cost.feasible import FeasibleSpace
from bnao.data.images import Images
from bnao.data.search_data import SearchData
from bnao.evaluation.config import ScoringConfig
from bnao.evaluation.oneshot import OneShotEvaluator
from bnao.evaluation.views import batch_statistics_view
from bnao.recipes import load_recipe
from bnao.rng import generator
from bnao.spaces import load_spaces
from bnao.spaces.base import make_space
from bnao.spaces.config import NetworkConfig, SpaceConfig
from bnao.spaces.placing import network_inputs, place
from bnao.supernet import Supernet
from bnao.supernet.clone import clone_path
from bnao.task import Task
from bnao.training.device import threads

FIRST, PROPOSALS, ROUNDS = 526, 158, 3  # the paper's 1000 + 3 * 300, scaled to 1000
POOLS = ("random", "nao", "proposals", "evolution")
SETTINGS = ("recipe", "default")


def ratio(
    pool: str = "nao", setting: str = "recipe", *, num: int = 1000, images: int = 250, sample: int = 100, seed: int = 0
) -> dict[str, Any]:
    """Time one by one over time together; see the head of this file. Raises AssertionError where a score differs."""
    with threads(1):
        grammar, supernet, size = _network(setting, seed)
        architectures = _pool(pool, grammar, num, seed)
        data = _images(images, size, seed)
        together, alone = (
            OneShotEvaluator(
                supernet, grammar.canonical, data, ScoringConfig(batch_size=images, cache_mb=megabytes), seed=seed
            )
            for megabytes in (ScoringConfig().cache_mb, 0)
        )
        rows = generator(seed, "sample").permutation(len(architectures))[:sample].tolist()
        alone.evaluate([architectures[rows[0]]])  # warm-up
        seconds: list[float] = []
        scores: list[float] = []
        for row in rows:
            begin = time.process_time()
            scores.append(float(alone.evaluate([architectures[row]]).values_P[0]))
            seconds.append(time.process_time() - begin)
        begin = time.process_time()
        found_P = together.evaluate(architectures).values_P
        spent = time.process_time() - begin
        assert found_P[rows].tolist() == scores, "scores are the same to the bit"
        costs = _stage_seconds(supernet, architectures, data)
        mean = float(np.mean(seconds))
        return {
            "pool": pool,
            "setting": setting,
            "architectures": len(architectures),
            "images": images,
            "one_by_one_s_each": mean,
            "one_by_one_standard_error_s": float(np.std(seconds) / np.sqrt(len(seconds))),
            "together_s_each": spent / len(architectures),
            "ratio": mean * len(architectures) / spent,
            "ceiling": _ceiling(supernet, architectures, costs),
        }


def _network(setting: str, seed: int) -> tuple[Grammar, Supernet, int]:
    load_spaces()
    recipe = load_recipe("mobile-demo")
    space = make_space(recipe.space if setting == "recipe" else SpaceConfig(name="mobile"))
    network = recipe.supernet.network if setting == "recipe" else NetworkConfig(output="project")
    size = 16 if setting == "recipe" else 32
    torch.manual_seed(seed)
    built = space.skeleton(network, Task(in_channels=3, image_size=(size, size), num_classes=10)).build_supernet()
    place(built.module, torch.device("cpu"))
    return space.grammar, Supernet(built), size


def _images(num: int, size: int, seed: int) -> SearchData:
    source = torch.Generator().manual_seed(seed)
    images = Images(
        images_NCHW=torch.randint(0, 256, (num, 3, size, size), generator=source, dtype=torch.uint8),
        labels_N=torch.arange(num) % 10,
        mean_C=torch.full((3,), 0.5),
        std_C=torch.full((3,), 0.25),
    )
    return SearchData(train=images, valid=images, task=Task(in_channels=3, image_size=(size, size), num_classes=10))


def _pool(name: str, grammar: Grammar, num: int, seed: int) -> list[Architecture]:
    """``num`` architectures in all; of ``proposals`` those of the rounds after the first."""
    space, score = FeasibleSpace(grammar), _made_up_score(grammar, seed)
    first = {"random": num, "evolution": num // 10}.get(name, num * FIRST // 1000)
    each = num // 10 if name == "evolution" else max(1, num * PROPOSALS // 1000)
    pool = space.sample_distinct(first, generator(seed, "first"))
    kind = "evolution" if name == "evolution" else "nao"
    proposer: Proposer = make_proposer(ControllerConfig(proposer=kind), grammar, seed)
    number = 0
    while len(pool) < num:
        number += 1
        proposer.fit(pool, score(pool), number)
        wanted, rng = min(each, num - len(pool)), generator(seed, "propose", number)
        new = proposer.propose(wanted, rng, space, {a.id for a in pool}).architectures
        pool = pool + [grammar.canonical(a) for a in new]
    return pool[first:] if name == "proposals" else pool


def _made_up_score(grammar: Grammar, seed: int) -> Callable[[Sequence[Architecture]], NDArray[np.float64]]:
    rng = generator(seed, "score")
    single_TV = rng.normal(size=(grammar.length, grammar.num_words))
    pair_TVV = 0.5 * rng.normal(size=(grammar.length - 1, grammar.num_words, grammar.num_words))

    def score(architectures: Sequence[Architecture]) -> NDArray[np.float64]:
        words_PT = np.array([grammar.encode(a) for a in architectures])
        places = np.arange(grammar.length)
        singles = single_TV[places, words_PT].sum(1)
        return np.asarray(singles + pair_TVV[places[:-1], words_PT[:, :-1], words_PT[:, 1:]].sum(1))

    return score


def _stage_seconds(supernet: Supernet, architectures: Sequence[Architecture], data: SearchData) -> dict[Any, float]:
    """Seconds of each stage on the batch, the better of two runs."""
    seconds: dict[Any, float] = {}
    images, _ = data.valid.batch(torch.arange(len(data.valid)))
    with torch.no_grad():
        for architecture in architectures:
            stages, value = supernet.stages(architecture), network_inputs(images)
            if all(stage.key in seconds for stage in stages):
                continue
            for stage in stages:
                view, times = batch_statistics_view(clone_path(stage.part, architecture)), []
                for _ in range(2):
                    begin = time.process_time()
                    result = call_network(view, value)
                    times.append(time.process_time() - begin)
                seconds[stage.key] = min(*times, seconds.get(stage.key, float("inf")))
                value = result
    return seconds


def _ceiling(supernet: Supernet, architectures: Sequence[Architecture], seconds: dict[Any, float]) -> float:
    """Seconds of all stages over seconds of the distinct beginnings' last stages."""
    total, distinct = 0.0, {}
    for architecture in architectures:
        beginning: tuple[Any, ...] = ()
        for stage in supernet.stages(architecture):
            beginning = (*beginning, stage.key)
            total += seconds[stage.key]
            distinct[beginning] = seconds[stage.key]
    return total / sum(distinct.values())


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--setting", choices=SETTINGS, default="recipe")
    parser.add_argument("--pool", choices=POOLS, nargs="+", default=list(POOLS))
    parser.add_argument("--num", type=int, default=1000, help="architectures")
    parser.add_argument("--images", type=int, default=250, help="images of the one batch")
    parser.add_argument("--sample", type=int, default=100, help="architectures that are timed one by one")
    parser.add_argument("--json", action="store_true", help="print the figures as JSON lines")
    given = parser.parse_args()
    if not given.json:
        print(f"{'pool':>10} {'number':>6} {'one by one, ms':>20} {'together, ms':>12} {'ratio':>6} {'ceiling':>7}")
    for pool in given.pool:
        row = ratio(pool, given.setting, num=given.num, images=given.images, sample=given.sample)
        if given.json:
            print(json.dumps(row))
            continue
        one, error = 1e3 * row["one_by_one_s_each"], 1e3 * row["one_by_one_standard_error_s"]
        print(
            f"{pool:>10} {row['architectures']:>6} {f'{one:.1f} ± {error:.1f}':>20} "
            f"{1e3 * row['together_s_each']:>12.1f} {row['ratio']:>6.2f} {row['ceiling']:>7.2f}"
        )


if __name__ == "__main__":
    main()

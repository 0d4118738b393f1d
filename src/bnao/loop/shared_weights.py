"""The shared weights of a search with their momentum and average, and what scores with them."""

from __future__ import annotations

from dataclasses import dataclass

from bnao.evaluation.oneshot import OneShotEvaluator
from bnao.loop.workbench import Workbench
from bnao.rng import torch_stream
from bnao.spaces.placing import place
from bnao.supernet import Supernet
from bnao.training.loop import Weights


@dataclass(frozen=True)
class Shared:
    """A supernet and what its training carries from round to round."""

    supernet: Supernet
    weights: Weights

    def evaluator(self, bench: Workbench) -> OneShotEvaluator:
        """Scores with these weights, as they are whenever it is asked."""
        config = bench.config
        return OneShotEvaluator(
            self.supernet,
            bench.space.grammar.canonical,
            bench.data,
            config.scoring,
            seed=config.seed,
            average=self.weights.average,
        )


def make_shared(bench: Workbench) -> Shared:
    """Weights as the seed draws them, on the search's device."""
    config = bench.config
    with torch_stream(config.seed, "supernet", "init"):
        built = bench.supernet.skeleton.build_supernet(share_sides=config.supernet.share_sides)
    place(built.module, bench.device)
    supernet = Supernet(built)
    return Shared(supernet, Weights.fresh(supernet, config.supernet.training, bench.optimizer))

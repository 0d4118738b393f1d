"""How long does the controller's fit take to a held-out pairwise accuracy? The paper's schedule: 8 times longer (goal).

A pool of 1000 NAO architectures (40 tokens) with made-up scores: the sum over nodes and sides of a worth of (cell,
operation, input), worths normal, plus half the deviation of that times the standardised depth of the normal cell, plus
noise of a third of the deviation. Both fit the same sequences from the same initial weights, hold out the same tenth,
and use one thread. ``accuracy`` is that of the weights that the product keeps. ``*_reach_s``: seconds till the held-out
accuracy is first that high (the paper's fit has no held-out part; its weights are judged between epochs, outside the
time). ``fit_s`` is the product's whole fit, waiting for the early stop included, ``whole_schedule_s`` all 1000 epochs
of the paper, from the mean time of those that ran: neither knows beforehand when it is good enough.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import paper_schedule
import torch
from numpy.typing import NDArray
from timing import clock

from bnao.arch import Architecture, Grammar
from bnao.controller import ControllerConfig
from bnao.controller.nao.dataset import HoldOut, Sequences, sequences
from bnao.controller.nao.model import NaoModel
from bnao.controller.nao.proposer import NaoProposer
from bnao.controller.nao.training import held_out_accuracy
from bnao.controller.scores import scaled
from bnao.rng import generator, torch_seed, torch_stream
from bnao.spaces.config import SpaceConfig
from bnao.spaces.nao_cell import NaoCellSpace
from bnao.training.device import threads

MOST_EPOCHS = 200  # of the paper's, till it is said not to reach the accuracy


def depth(nodes: list[Any]) -> int:
    """Nodes on the longest way from an input to the last state."""
    depths = [0, 0]
    for pairs in nodes:
        depths.append(1 + max(depths[source] for source, _ in pairs))
    return max(depths)


def made_up_scores(grammar: Any, architectures: list[Architecture], seed: int) -> NDArray[np.float64]:
    """(P,) scores, as the head of this file says."""
    rng = generator(seed, "speed", "scores")
    worth = rng.normal(size=(2, 5, grammar.nodes + 1))  # cell, operation, input
    cells = [grammar.nodes_of(a.tokens) for a in architectures]
    clean_P = np.array(
        [sum(worth[k, op, i] for k, cell in enumerate(both) for node in cell for i, op in node) for both in cells]
    )
    deep_P = np.array([depth(list(normal)) for normal, _ in cells], dtype=np.float64)
    clean_P += 0.5 * clean_P.std() * (deep_P - deep_P.mean()) / max(float(deep_P.std()), 1e-9)
    return np.asarray(clean_P + rng.normal(size=len(clean_P)) * clean_P.std() / 3)


def parts(
    grammar: Grammar, pool: list[Architecture], scores_P: NDArray[np.float64], config: ControllerConfig, seed: int
) -> tuple[Sequences, Sequences]:
    """What the product trains on and what it holds out, made as its proposer makes it."""
    targets_P = scaled(scores_P, config.clip_quantile)
    held_P = HoldOut().split([a.id for a in pool], config.held_out_fraction, seed)
    rng, cpu = generator(seed, "controller", "augment"), torch.device("cpu")
    training = [pool[k] for k in np.flatnonzero(~held_P).tolist()]
    held = [grammar.canonical(pool[k]) for k in np.flatnonzero(held_P).tolist()]
    return (
        sequences(grammar, training, targets_P[~held_P], copies=config.augment, rng=rng, device=cpu),
        sequences(grammar, held, targets_P[held_P], copies=1, rng=rng, device=cpu),
    )


def product(
    grammar: Grammar, pool: list[Architecture], scores_P: NDArray[np.float64], config: ControllerConfig, seed: int
) -> dict[str, float]:
    """The product's fit."""
    proposer = NaoProposer(grammar, config, seed=seed)
    curve: list[tuple[float, float]] = []
    start = clock()

    def on_epoch(epoch: int, figures: Mapping[str, float]) -> None:
        curve.append((clock() - start, figures["held_out_pairwise_accuracy"]))

    report = proposer.fit(pool, scores_P, seed, on_epoch=on_epoch)
    whole = clock() - start
    accuracy = report.figures["held_out_pairwise_accuracy"]
    return {
        "accuracy": accuracy,
        "fit_s": whole,
        "product_reach_s": next(seconds for seconds, reached in curve if reached >= accuracy),
        "product_epochs": report.figures["epochs"],
        "product_best_epoch": report.figures["best_epoch"],
        "reconstruct_accuracy": report.figures["reconstruct_accuracy"],
    }


def paper(
    grammar: Grammar,
    training: Sequences,
    held_out: Sequences,
    config: ControllerConfig,
    seed: int,
    accuracy: float,
    most: int,
) -> dict[str, Any]:
    """The paper's fit, till it is as good."""
    with torch_stream(seed, "controller", "init"):
        model = NaoModel(
            num_words=grammar.num_words,
            words_per_step=grammar.words_per_step,
            embedding=config.embedding,
            hidden=config.hidden,
        )
    spent, best, epoch = 0.0, 0.0, 0
    for epoch, seconds in enumerate(
        paper_schedule.epochs(model, training, torch_seed(seed, "controller", "batches")), start=1
    ):
        spent += seconds
        best = max(best, held_out_accuracy(model, held_out))
        if best >= accuracy or epoch == most:
            break
    return {
        "paper_reached": best >= accuracy,
        "paper_reach_s": spent,
        "paper_epochs": epoch,
        "paper_best_accuracy": best,
        "paper_epoch_s": spent / epoch,
        "whole_schedule_s": spent / epoch * paper_schedule.EPOCHS,
    }


def measure(quick: bool) -> Iterator[tuple[str, dict[str, Any]]]:
    """A part for each of three seeds."""
    grammar = NaoCellSpace(SpaceConfig(nodes=2 if quick else 5)).grammar
    size, most = (40, 3) if quick else (1000, MOST_EPOCHS)
    config = ControllerConfig(epochs=3) if quick else ControllerConfig()
    for seed in range(1 if quick else 3):
        pool = grammar.sample_distinct(size, generator(seed, "speed", "controller"))
        scores_P = made_up_scores(grammar, pool, seed)
        ours = product(grammar, pool, scores_P, config, seed)
        with threads(1):
            training, held_out = parts(grammar, pool, scores_P, config, seed)
            theirs = paper(grammar, training, held_out, config, seed, ours["accuracy"], most)
        figures = {**ours, **theirs}
        yield (
            f"seed_{seed}",
            {
                "what": f"pool of {size}, {len(training)} sequences of {grammar.length} tokens",
                **{key: round(value, 4) if isinstance(value, float) else value for key, value in figures.items()},
                "to_the_accuracy": round(figures["paper_reach_s"] / figures["product_reach_s"], 2),
                "schedule_over_fit": round(figures["whole_schedule_s"] / figures["fit_s"], 2),
            },
        )

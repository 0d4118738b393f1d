"""How long does the controller's fit take, against the paper's schedule? (goal: 8 times less, and no worse a ranking)

A pool of 1000 NAO architectures (40 tokens) with made-up scores: the sum over nodes and sides of a worth of (cell,
operation, input), worths normal, plus half the deviation of that times the standardised depth of the normal cell, plus
noise of a third of the deviation. Both fit the same architectures from the same initial weights, hold out the same
tenth, and use one thread; the paper's schedule sees ten symmetric forms of each, the product as many as it does by
default.

``schedule_over_fit``: the paper's 1000 epochs, at the time of an epoch that is decoded token by token, over the
product's whole fit, waiting for the early stop included. Neither knows beforehand when it is good enough. That the
product's weights are no worse is seen from the paper's held-out accuracies (``paper_accuracy``, by epoch); their curve
is trained by the same loss in whole sequences, which a test holds equal, and not to its end.

``to_the_accuracy`` is stricter on us: how long each takes until its held-out accuracy is first that of the weights that
the product keeps, as if the paper's schedule knew when to stop; at least so much where ``paper_reached`` is false.
"""

from __future__ import annotations

import itertools
import statistics
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import paper_schedule
import torch
from numpy.typing import NDArray
from scale import Scale
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

BETWEEN = 5  # epochs of the product's fit between two of the paper's that are timed, token by token
FOLLOWED = 40  # epochs of the paper's whose accuracy is followed


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
    """What the paper's schedule trains on, and what the product's proposer holds out."""
    targets_P = scaled(scores_P, config.clip_quantile)
    held_P = HoldOut().split([a.id for a in pool], config.held_out_fraction, seed)
    rng, cpu = generator(seed, "controller", "augment"), torch.device("cpu")
    training = [pool[k] for k in np.flatnonzero(~held_P).tolist()]
    held = [grammar.canonical(pool[k]) for k in np.flatnonzero(held_P).tolist()]
    return (
        sequences(grammar, training, targets_P[~held_P], copies=paper_schedule.FORMS, rng=rng, device=cpu),
        sequences(grammar, held, targets_P[held_P], copies=1, rng=rng, device=cpu),
    )


def timed_fits(
    grammar: Grammar,
    pool: list[Architecture],
    scores_P: NDArray[np.float64],
    config: ControllerConfig,
    seed: int,
    training: Sequences,
) -> dict[str, float]:
    """The product's fit, its clock standing still while an epoch of the paper's is timed between its own by turns:
    both meet the same state of the machine."""
    proposer = NaoProposer(grammar, config, seed=seed)
    theirs = paper_schedule.epochs(
        fresh_model(grammar, config, seed), training, torch_seed(seed, "controller", "batches")
    )
    curve: list[tuple[float, float]] = []
    paper_s: list[float] = []
    start = clock()

    def on_epoch(epoch: int, figures: Mapping[str, float]) -> None:
        nonlocal start
        stopped = clock()
        curve.append((stopped - start, figures["held_out_pairwise_accuracy"]))
        if len(curve) % BETWEEN == 1:
            with threads(1):
                paper_s.append(next(theirs))
        start += clock() - stopped

    report = proposer.fit(pool, scores_P, seed, on_epoch=on_epoch)
    whole = clock() - start
    accuracy, epoch_s = report.figures["held_out_pairwise_accuracy"], statistics.median(paper_s)
    return {
        "accuracy": accuracy,
        "fit_s": whole,
        "product_reach_s": next(seconds for seconds, reached in curve if reached >= accuracy),
        "product_epochs": report.figures["epochs"],
        "product_best_epoch": report.figures["best_epoch"],
        "reconstruct_accuracy": report.figures["reconstruct_accuracy"],
        "paper_epoch_s": epoch_s,
        "paper_epochs_timed": len(paper_s),
        "whole_schedule_s": epoch_s * paper_schedule.EPOCHS,
    }


def fresh_model(grammar: Grammar, config: ControllerConfig, seed: int) -> NaoModel:
    """The product's initial weights."""
    with torch_stream(seed, "controller", "init"):
        return NaoModel(
            num_words=grammar.num_words,
            words_per_step=grammar.words_per_step,
            embedding=config.embedding,
            hidden=config.hidden,
        )


def paper(
    grammar: Grammar,
    training: Sequences,
    held_out: Sequences,
    config: ControllerConfig,
    seed: int,
    accuracy: float,
    followed: int,
) -> dict[str, Any]:
    """The paper's fit, all words at once and not timed: the accuracy by epoch."""
    order = torch_seed(seed, "controller", "batches")
    model, curve = fresh_model(grammar, config, seed), []
    for _ in itertools.islice(paper_schedule.epochs(model, training, order, by_token=False), followed):
        curve.append(held_out_accuracy(model, held_out))
    reached = next((epoch for epoch, each in enumerate(curve, start=1) if each >= accuracy), None)
    shown = [epoch for epoch in (1, 2, 5, 10, 20, 50, 100, 200) if epoch <= followed]
    return {
        "paper_reached": reached is not None,
        "paper_epochs": reached or followed,
        "paper_best_accuracy": max(curve),
        "paper_accuracy": {epoch: round(curve[epoch - 1], 4) for epoch in shown},
    }


def measure(scale: Scale) -> Iterator[tuple[str, dict[str, Any]]]:
    """A part for each of three seeds."""
    quick = scale.quick
    grammar = NaoCellSpace(SpaceConfig(nodes=2 if quick else 5)).grammar
    size, followed = (40, 3) if quick else (1000, FOLLOWED)
    config = ControllerConfig(epochs=3) if quick else ControllerConfig()
    for seed in range(1 if quick else 3):
        pool = grammar.sample_distinct(size, generator(seed, "speed", "controller"))
        scores_P = made_up_scores(grammar, pool, seed)
        training, held_out = parts(grammar, pool, scores_P, config, seed)
        figures = timed_fits(grammar, pool, scores_P, config, seed, training)
        with threads(1):
            followed_to = paper(grammar, training, held_out, config, seed, figures["accuracy"], followed)
        figures |= followed_to
        figures["paper_reach_s"] = figures["paper_epochs"] * figures["paper_epoch_s"]
        yield (
            f"seed_{seed}",
            {
                "what": f"pool of {size}, {len(training)} sequences of {grammar.length} tokens",
                **{key: round(value, 4) if isinstance(value, float) else value for key, value in figures.items()},
                "schedule_over_fit": round(figures["whole_schedule_s"] / figures["fit_s"], 2),
                "to_the_accuracy": round(figures["paper_reach_s"] / figures["product_reach_s"], 2),
            },
        )

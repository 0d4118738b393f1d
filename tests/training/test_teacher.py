"""A step with a teacher, against the same step written by hand; and steps without one, which stay as they were."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from tests.training.test_loop import CONFIG, SMALL, SPACE, TASK, _learnable
from torch import nn
from torch.nn import functional as F

from bnao.objective import CLASSIFICATION
from bnao.sampling.base import Policy, StepPlan
from bnao.spaces.config import NetworkConfig
from bnao.supernet import Supernet
from bnao.training.config import TrainingConfig
from bnao.training.loop import Weights, _step, train

QUIET = replace(SMALL, drop_path_keep=1.0, dropout_keep=1.0)
LARGE, SMALL_ONE, OTHER = SPACE.grammar.sample(3, np.random.default_rng(11))


def supernet_of(network: NetworkConfig = QUIET) -> Supernet:
    torch.manual_seed(0)
    supernet = Supernet(SPACE.skeleton(network, replace(TASK, image_size=(32, 32))).build_supernet())
    supernet.start_training()
    return supernet


def batch() -> tuple[torch.Tensor, torch.Tensor]:
    drawn = torch.Generator().manual_seed(5)
    return torch.randn(8, 3, 32, 32, generator=drawn), torch.arange(8) % 4


def by_hand(supernet: Supernet, config: TrainingConfig, weights: tuple[float, ...]) -> list[float]:
    """The teacher by the labels, then each other by the teacher's detached probabilities; gradients add up."""
    x, labels = batch()
    losses = []
    for path, weight in zip((LARGE, SMALL_ONE, OTHER), weights, strict=True):
        out = supernet.path(path)(x)
        heads = out if isinstance(out, tuple) else (out,)
        if path is LARGE:
            terms = [F.cross_entropy(head, labels, label_smoothing=config.label_smoothing) for head in heads]
            soft = torch.softmax(heads[0], 1).detach()
        else:
            terms = [-(soft * head.log_softmax(1)).sum(1).mean() for head in heads]
        loss = terms[0] + sum(config.auxiliary_weight * term for term in terms[1:])
        (weight * loss).backward()
        losses.append(float(loss.detach()))
    parameters = [p for p in supernet.root.parameters() if p.grad is not None]
    nn.utils.clip_grad_norm_(parameters, config.clip_norm)
    torch.optim.SGD(parameters, lr=0.1, momentum=config.momentum, weight_decay=config.weight_decay).step()
    return losses


@pytest.mark.parametrize("auxiliary", [False, True])
@pytest.mark.parametrize("teacher_first", [False, True])
def test_a_step_is_the_one_written_by_hand(auxiliary: bool, teacher_first: bool) -> None:
    network = replace(QUIET, auxiliary=auxiliary)
    config = replace(CONFIG, label_smoothing=0.1)
    planned, weights = ((LARGE, SMALL_ONE, OTHER), (1.0, 1.0, 0.5))
    if not teacher_first:
        planned, weights = (SMALL_ONE, OTHER, LARGE), (1.0, 0.5, 1.0)
    ours, theirs = supernet_of(network), supernet_of(network)
    losses, accuracy = _step(
        Weights.fresh(ours, config), StepPlan(planned, weights, teacher=LARGE), *batch(), config, 0.1, CLASSIFICATION
    )
    expected = by_hand(theirs, config, (1.0, 1.0, 0.5))
    in_order = expected if teacher_first else [*expected[1:], expected[0]]
    np.testing.assert_allclose(losses, in_order, rtol=1e-5)
    assert 0.0 <= accuracy <= 1.0
    state = theirs.root.state_dict()
    for name, tensor in ours.root.state_dict().items():
        torch.testing.assert_close(tensor, state[name], rtol=1e-4, atol=1e-6, msg=name)
    assert all(p.grad is None for p in ours.root.parameters())


def test_students_do_not_move_what_only_the_teacher_has() -> None:
    """Weights of the teacher that no student uses get the gradient of the labels alone: targets are detached."""
    moved = []
    for planned in ((LARGE,), (LARGE, SMALL_ONE)):
        supernet = supernet_of()
        only = {id(p) for p in supernet.path(LARGE).parameters()} - {
            id(p) for p in supernet.path(SMALL_ONE).parameters()
        }
        config = replace(CONFIG, clip_norm=1e9)
        plan = StepPlan(planned, (1.0,) * len(planned), teacher=LARGE)
        _step(Weights.fresh(supernet, config), plan, *batch(), config, 0.1, CLASSIFICATION)
        moved.append([p.detach().clone() for p in supernet.root.parameters() if id(p) in only])
    assert len(moved[0]) > 5
    assert all(torch.equal(alone, taught) for alone, taught in zip(*moved, strict=True))


def test_a_teacher_alone_is_a_path_alone() -> None:
    class Alone(Policy):
        def __init__(self, teaches: bool) -> None:
            self.teaches = teaches

        def plan(self, step, rng):  # type: ignore[no-untyped-def]
            return StepPlan((LARGE,), (1.0,), teacher=LARGE if self.teaches else None)

    states = []
    for teaches in (False, True):
        supernet = supernet_of(SMALL)
        train(Weights.fresh(supernet, CONFIG), Alone(teaches), _learnable(), CONFIG, seed=0, stage="s")
        states.append(supernet.root.state_dict())
    assert all(torch.equal(states[0][name], states[1][name]) for name in states[0])


def test_students_approach_their_teacher() -> None:
    """Labels that say nothing of the image: a student can only learn what the teacher says."""
    config = replace(CONFIG, learning_rate=0.05)
    supernet = supernet_of()
    weights = Weights.fresh(supernet, config)
    plan = StepPlan((LARGE, SMALL_ONE), (1.0, 1.0), teacher=LARGE)
    gaps = []
    for _ in range(30):
        losses, _ = _step(weights, plan, *batch(), config, 0.05, CLASSIFICATION)
        with torch.no_grad():
            soft = supernet.path(LARGE)(batch()[0]).softmax(1)
        entropy = float(-(soft * soft.log()).sum(1).mean())
        gaps.append(losses[1] - entropy)
    assert np.mean(gaps[-5:]) < np.mean(gaps[:5]) / 2

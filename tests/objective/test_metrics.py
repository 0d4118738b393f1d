"""Metrics against their definitions, and against scipy and numpy."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from bnao.errors import SettingError
from bnao.objective import METRICS, make_objective
from bnao.objective.config import ObjectiveConfig

scores = st.lists(st.integers(-3, 3), min_size=2, max_size=12)


@given(scores, st.randoms(use_true_random=False))
def test_auroc_is_the_share_of_ordered_pairs(values, rng):
    truth = [rng.random() < 0.5 for _ in values]
    found = METRICS.get("auroc").of(torch.tensor(values)[:, None].double(), torch.tensor(truth)[:, None].double())
    pairs = [(a > b) + 0.5 * (a == b) for a, t in zip(values, truth, strict=True) if t
             for b, u in zip(values, truth, strict=True) if not u]  # fmt: skip
    assert math.isnan(found) if not pairs else found == pytest.approx(np.mean(pairs))


def test_two_classes_have_one_area():
    logits = torch.tensor([[0.0, 1.0], [0.0, -1.0], [0.0, 0.5], [0.0, 2.0]])
    assert METRICS.get("auroc").of(logits, torch.tensor([1, 0, 0, 1])) == 1.0
    assert METRICS.get("auroc").of(logits, torch.tensor([0, 1, 1, 0])) == 0.0


@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2)), min_size=1, max_size=20))
def test_f1_is_the_mean_over_classes_of_twice_hits_over_both(pairs):
    said, truth = (torch.tensor(column) for column in zip(*pairs, strict=True))
    found = METRICS.get("f1").of(torch.nn.functional.one_hot(said, 3).float(), truth)
    values = []
    for k in range(3):
        hits, either = int(((said == k) & (truth == k)).sum()), int((said == k).sum() + (truth == k).sum())
        values += [2 * hits / either] if either else []
    assert found == pytest.approx(np.mean(values))


def test_accuracy_of_classes_pixels_and_labels():
    accuracy = METRICS.get("accuracy")
    logits = torch.tensor([[1.0, 0.0], [0.0, 1.0], [1.0, 0.0]])
    assert accuracy.of(logits, torch.tensor([0, 1, 1])) == pytest.approx(2 / 3)
    pixels = torch.stack([torch.zeros(1, 2, 2), torch.tensor([[[1.0, -1.0], [1.0, -1.0]]])], dim=1)
    assert accuracy.of(pixels, torch.tensor([[[1, 0], [1, 1]]])) == 0.75
    assert accuracy.of(torch.tensor([[2.0, -1.0]]), torch.tensor([[1.0, 1.0]])) == 0.5
    assert METRICS.get("error").of(logits, torch.tensor([0, 1, 1])) == pytest.approx(1 / 3)


def test_numbers():
    y, t = torch.tensor([[1.0], [2.0], [4.0]]), torch.tensor([1.0, 3.0, 5.0])
    assert METRICS.get("mse").of(y, t) == pytest.approx(2 / 3)
    assert METRICS.get("mae").of(y, t) == pytest.approx(2 / 3)
    assert METRICS.get("r2").of(y, t) == pytest.approx(1 - 2 / 8)
    assert METRICS.get("mse").utility(0.5) == -0.5 and METRICS.get("r2").utility(0.5) == 0.5


def test_losses_are_torchs_own():
    f = torch.nn.functional
    logits, labels, weights = torch.randn(5, 3), torch.tensor([0, 1, 2, 1, 0]), (1.0, 2.0, 0.5)
    weighted = make_objective(ObjectiveConfig(class_weights=weights))
    expected = f.cross_entropy(logits, labels, weight=torch.tensor(weights))
    assert float(weighted.training_loss(logits, labels)) == pytest.approx(float(expected))
    many = make_objective(ObjectiveConfig(loss="binary_cross_entropy", metric="auroc"))
    truth = (torch.rand(5, 3) > 0.5).float()
    assert float(many.training_loss(logits, truth)) == pytest.approx(
        float(f.binary_cross_entropy_with_logits(logits, truth))
    )
    assert float(make_objective(ObjectiveConfig(loss="l1", metric="mae")).training_loss(logits[:, :1], truth[:, 0])) > 0


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"loss": "cross_entropi"}, "did you mean 'cross_entropy'"),
        ({"metric": "acuracy"}, "did you mean 'accuracy'"),
        ({"class_weights": (1.0, -1.0)}, "not negative"),
        ({"class_weights": (0.0, 0.0)}, "not all of them 0"),
        ({"loss": "mse", "metric": "mse", "class_weights": (1.0, 1.0)}, "class_weights need the loss"),
    ],
)
def test_settings_that_do_not_fit_are_refused(values, message):
    with pytest.raises(SettingError, match=message):
        ObjectiveConfig(**values)


def test_shapes_that_do_not_fit_and_missing_functions_are_refused():
    with pytest.raises(SettingError, match="one shape; received"):
        make_objective(ObjectiveConfig(loss="mse", metric="mse")).training_loss(torch.zeros(4, 2), torch.zeros(4))
    for name in ("mse", "mae", "r2", "accuracy", "f1", "auroc"):  # the same number of elements is not enough
        with pytest.raises(SettingError, match="one shape; received"):
            METRICS.get(name).of(torch.zeros(2, 2, 3, 4), torch.zeros(2, 3, 4, 2))
    with pytest.raises(SettingError, match="give loss= again"):
        make_objective(ObjectiveConfig(loss="own"))


NAN, INF = float("nan"), float("inf")


def test_what_is_no_decision_is_wrong_and_never_a_hit():
    logits = torch.tensor([[2.0, 1.0], [NAN, NAN], [NAN, 0.0], [INF, INF], [-INF, -INF], [1.0, -INF]])
    labels = torch.zeros(6, dtype=torch.long)
    assert METRICS.get("accuracy").of(logits, labels) == 2 / 6
    assert METRICS.get("error").of(logits, labels) == 4 / 6
    assert METRICS.get("accuracy").of(torch.tensor([[NAN], [-1.0]]), torch.zeros(2, 1)) == 0.5
    assert METRICS.get("f1").of(torch.full((3, 2), NAN), torch.zeros(3, dtype=torch.long)) == 0.0
    half = torch.tensor([[NAN, 0.0], [1.0, 1.0]])
    assert math.isnan(METRICS.get("auroc").of(half, torch.tensor([[0.0, 1.0], [1.0, 0.0]])))


@pytest.mark.parametrize("weights", [None, (10.0, 10.0, 10.0), (1.0, 2.0, 0.5)])
def test_probabilities_that_are_certain_cost_as_much_as_labels(weights):
    """So a teacher's students weigh as much as the teacher, whatever the scale of the weights."""
    objective = make_objective(ObjectiveConfig(class_weights=weights))
    outputs, labels = torch.randn(8, 3, generator=torch.Generator().manual_seed(0)), torch.arange(8) % 3
    certain = torch.nn.functional.one_hot(labels, 3).float()
    torch.testing.assert_close(objective.training_loss(outputs, certain), objective.training_loss(outputs, labels))
    if weights is None:
        soft = torch.randn(8, 3, generator=torch.Generator().manual_seed(1)).softmax(1)
        torch.testing.assert_close(
            objective.training_loss(outputs, soft), torch.nn.functional.cross_entropy(outputs, soft)
        )


def test_a_class_that_is_ruled_out_costs_nothing_and_has_no_gradient():
    outputs = torch.tensor([[1.0, 2.0, -math.inf]], requires_grad=True)
    loss = make_objective(ObjectiveConfig()).training_loss(outputs, torch.tensor([[0.5, 0.5, 0.0]]))
    loss.backward()
    assert math.isfinite(float(loss.detach())) and torch.isfinite(outputs.grad).all()


@pytest.mark.parametrize("dtype", [torch.float32, torch.int64, torch.uint8, torch.bool])
@pytest.mark.parametrize("outputs_shape", [(4,), (4, 1), (4, 1, 1)])
@pytest.mark.parametrize("targets_shape", [(4,), (4, 1)])
def test_labels_of_every_type_and_shape_are_judged_alike(dtype, outputs_shape, targets_shape):
    targets = torch.tensor([1, 1, 0, 1])
    perfect = torch.tensor([2.0, 1.0, -3.0, 4.0]).reshape(outputs_shape)
    wrong = torch.tensor([2.0, -1.0, -3.0, 4.0]).reshape(outputs_shape)
    given = targets.to(dtype).reshape(targets_shape)
    for name in ("accuracy", "f1", "auroc"):
        assert METRICS.get(name).of(perfect, given) == 1.0
    assert METRICS.get("accuracy").of(wrong, given) == 0.75
    assert METRICS.get("f1").of(wrong, given) == pytest.approx(4 / 5)
    assert METRICS.get("error").of(wrong, given) == 0.25


@pytest.mark.parametrize("dtype", [torch.float32, torch.int64, torch.bool])
def test_several_labels_of_every_type(dtype):
    targets = torch.tensor([[1, 0, 1], [0, 1, 1]])
    outputs = torch.where(targets > 0, 1.5, -1.5)
    assert (
        METRICS.get("f1").of(outputs, targets.to(dtype)) == METRICS.get("accuracy").of(outputs, targets.to(dtype)) == 1
    )


def test_a_batch_of_classes_that_count_nothing_costs_nothing():
    objective = make_objective(ObjectiveConfig(class_weights=(0.0, 1.0)))
    outputs = torch.tensor([[1.0, 2.0], [0.5, 0.0]], requires_grad=True)
    for targets in (torch.tensor([0, 0]), torch.tensor([[1.0, 0.0], [1.0, 0.0]])):
        loss = objective.training_loss(outputs, targets)
        (gradient,) = torch.autograd.grad(loss, outputs)
        assert float(loss.detach()) == 0 and not gradient.any()
    assert float(objective.training_loss(outputs, torch.tensor([1, 0])).detach()) > 0

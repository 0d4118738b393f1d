"""The fit on counts, and that no architecture is predicted by a fit that saw it."""

from __future__ import annotations

import numpy as np
import pytest
from tests.ranking.conftest import sample

from bnao.errors import SettingError
from bnao.ranking import fit_counts, kendall, report
from bnao.ranking.counts_fit import cross_fitted


def test_it_finds_the_slopes_of_the_ranks() -> None:
    counts = np.array([[a, b] for a in range(5) for b in range(5)], dtype=float)
    fit = fit_counts(counts, np.argsort(np.argsort(counts @ [1.0, 5.0])) / 100)
    assert fit.slopes == pytest.approx((1 / 24, 5 / 24)) and fit(counts) == pytest.approx(np.arange(25) / 24, abs=1)
    assert kendall(fit(counts), counts @ [1.0, 5.0]) == 1.0


def test_columns_that_depend_on_each_other_or_are_constant() -> None:
    rng = np.random.default_rng(0)
    counts = rng.multinomial(6, [0.25] * 4, size=50).astype(float)  # sums to 6
    truth = 0.5 + 0.01 * counts @ [3.0, 2.0, 1.0, 0.0]
    fit = fit_counts(np.column_stack([counts, np.full(50, 7.0)]), truth)
    assert fit.slopes[-1] == 0.0 and max(map(abs, fit.slopes)) < 1
    predicted = fit(np.column_stack([counts, np.full(50, 9.0)]))
    assert (kendall(predicted.round(9), truth) or 0) > 0.9


def test_a_fit_on_one_part_ranks_another() -> None:
    s = sample(200, 5, size_noise=0.3)
    fit = fit_counts(s.counts[:100], s.truth[:100])
    assert (kendall(fit(s.counts[100:]), s.truth[100:]) or 0) > 0.6


def test_own_truth_does_not_enter() -> None:
    # A column for each architecture alone: a fit that saw it would rank it perfectly, one that did not knows nothing.
    truth = np.random.default_rng(0).random(40)
    assert abs(kendall(cross_fitted(np.eye(40), truth, 0), truth) or 0.0) < 0.3
    assert kendall(fit_counts(np.eye(40), truth)(np.eye(40)).round(9), truth) == 1.0


def test_counts_that_say_nothing_rank_nothing() -> None:
    taus = []
    for seed in range(25):
        rng = np.random.default_rng(seed)
        counts, truth = rng.integers(0, 5, (40, 2)).astype(float), rng.random(40)
        taus.append(kendall(cross_fitted(counts, truth, 0), truth) or 0.0)
        assert (cross_fitted(np.full((40, 2), 3.0), truth, 0) == 0).all()  # and not the folds' means: tau would be < 0
    assert -0.12 < np.mean(taus) < 0.05  # what is left of the folds' opposite errors is small, and against the counts


def tabulated(seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """40 architectures of six places and three operations: counts, sizes that follow from them, and a truth that does
    so by half; on average each has two twins in counts."""
    rng = np.random.default_rng(seed)
    counts = rng.multinomial(6, [1 / 3] * 3, size=40).astype(float)
    known = counts @ [2.0, 1.0, 0.0]
    return counts, 100 + counts @ [40.0, 10.0, 0.0], 0.5 + 0.01 * (known + known.std() * rng.standard_normal(40))


@pytest.mark.parametrize("seed", range(5))
def test_what_counts_cannot_tell_apart_is_tied(seed: int) -> None:
    counts, _, truth = tabulated(seed)
    fused = cross_fitted(np.column_stack([counts, truth]), truth, 0, counts)
    ranking = cross_fitted(counts, truth, 0)
    for row in np.unique(counts, axis=0):
        alike = (counts == row).all(1)
        assert len(set(ranking[alike])) == 1
        assert np.array_equal(np.argsort(fused[alike]), np.argsort(truth[alike]))  # what is added tells them apart


def test_a_score_that_counts_does_not_beat_counting() -> None:
    """The score is a fit on other architectures; a trivial ranking that were worse than chance among equals lost."""
    leads = []
    for seed in range(40):
        counts, sizes, truth = tabulated(seed)
        others = [tabulated(1000 + 10 * seed + k) for k in range(5)]
        known = fit_counts(*(np.concatenate([other[k] for other in others]) for k in (0, 2)))
        found = report(known(counts).round(9), truth, sizes, op_counts=counts, resamples=100)
        rival = found.trivial["op_counts_fit"]
        leads.append((rival.lead.above_zero, rival.lead_within_size.above_zero))
    assert np.sum(leads, axis=0).max() <= 3  # 1 in 40 by chance


def test_too_few_kinds_of_counts_for_a_fit() -> None:
    assert (cross_fitted(np.array([[1.0], [2.0], [2.0]]), np.array([0.1, 0.2, 0.3]), 0)[1:] == 0).all()


def test_fused_with_a_score_that_knows_more() -> None:
    s = sample(150, 7)
    found = report(s.scores, s.truth, s.sizes, op_counts=s.counts, resamples=200)
    assert found.fused is not None and found.fused.lead.above_zero and found.fused.lead_within_size.above_zero
    noise = np.random.default_rng(0).random(150)
    empty = report(noise, s.truth, s.sizes, op_counts=s.counts, resamples=200)
    assert empty.fused is not None and not empty.fused.lead.above_zero


def test_bad_counts() -> None:
    with pytest.raises(SettingError, match="a row for each of the 3"):
        fit_counts([[1, 2], [3, 4]], [0.1, 0.2, 0.3])
    with pytest.raises(SettingError, match="knows 2 counts"):
        fit_counts([[1, 2], [3, 4], [5, 7]], [0.1, 0.2, 0.3])([[1, 2, 3]])

"""What the noise of the truth leaves to a perfect ranking."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import kendalltau, spearmanr

from bnao.ranking import report


def two_seeds(num: int, noise: float = 0.6) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(11)
    quality = rng.standard_normal(num)
    one, two = (0.5 + 0.05 * np.clip(quality + noise * rng.standard_normal(num), -9, 9) for _ in range(2))
    return quality, one, two


def test_the_model_holds_where_it_is_true() -> None:
    quality, one, two = two_seeds(600)
    found = report(one, one, np.full(600, 5.0), second_truth=two, resamples=100).ceiling
    assert found is not None and found.num_architectures == 600
    assert found.seeds.kendall.value == pytest.approx(kendalltau(one, two).statistic)
    assert found.ideal_kendall.value == pytest.approx(kendalltau(quality, one).statistic, abs=0.04)
    assert found.ideal_spearman.value == pytest.approx(spearmanr(quality, one).statistic, abs=0.04)
    assert (found.ideal_kendall.low or 0) > (found.seeds.kendall.value or 1)  # an ideal ranking has no noise of its own


def test_only_architectures_with_two_seeds_count() -> None:
    _, one, two = two_seeds(40)
    two[10:] = np.nan
    found = report(one, one, np.arange(40), second_truth=two, resamples=100).ceiling
    assert found is not None and found.num_architectures == 10 and found.seeds.kendall.num == 45
    assert found.seeds.kendall.value == pytest.approx(kendalltau(one[:10], two[:10]).statistic)
    assert found.seeds_within_size.kendall.value is None  # sizes are far apart
    two[2:] = np.nan
    few = report(one, one, np.arange(40), second_truth=two, resamples=100).ceiling
    assert few is not None and few.seeds.kendall.value is few.ideal_kendall.value is None
    two[:] = np.nan
    assert report(one, one, np.arange(40), second_truth=two, resamples=100).ceiling is None

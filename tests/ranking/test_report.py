"""The whole report: what is in it, that it is plain, and what it refuses."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import numpy as np
import pytest
from tests.ranking.conftest import sample

from bnao.errors import SettingError
from bnao.ranking import RankingReport, kendall, report
from bnao.storage.plain import from_dict, to_plain


def whole(num: int, **changes: Any) -> RankingReport:
    s = sample(num, 4)
    given = {"live_sizes": s.sizes - 50, "op_counts": s.counts, "second_truth": s.truth[::-1], "rounds": [s.scores] * 2}
    return report(s.scores, s.truth, s.sizes, **{"resamples": 100, **given, **changes})


def test_plain_values_there_and_back() -> None:
    found = whole(40)
    text = json.dumps(to_plain(found), allow_nan=False)
    assert from_dict(RankingReport, json.loads(text)) == found
    assert set(found.trivial) == {"size", "live_size", "op_counts_fit"} and list(found.rounds) == ["round 1", "round 2"]
    assert found.rounds["round 1"] == found.score


def test_same_arguments_same_report() -> None:
    assert whole(25) == whole(25) != whole(25, seed=1)


def test_what_is_not_given_is_left_out() -> None:
    s = sample(20)
    found = report(s.scores.tolist(), s.truth.tolist(), s.sizes.tolist(), resamples=60)
    assert set(found.trivial) == {"size"} and not found.rounds and found.fused is found.ceiling is None


def test_an_interval_has_a_confidence() -> None:
    narrow, wide = (whole(40, confidence=c).score.overall.kendall for c in (0.5, 0.99))
    assert narrow.value == wide.value
    assert (wide.low or 0) < (narrow.low or 0) < (narrow.high or 0) < (wide.high or 0)


def test_rounds_before_an_architecture_was_found() -> None:
    s = sample(60, 5)
    early = np.where(np.arange(60) < 40, s.scores, np.nan)
    found = report(s.scores, s.truth, s.sizes, rounds={"first": early}, resamples=60).rounds["first"]
    assert found.num_architectures == 40 and found.overall.kendall.num == 40 * 39 // 2
    assert found.overall.kendall.value == pytest.approx(kendall(s.scores[:40], s.truth[:40]))
    alike = [np.sum(s.sizes[:40] == size) > 1 for size in s.sizes[:40]]
    assert found.within_size.spearman.num == sum(alike) < 40


@pytest.mark.parametrize("num", [3, 4, 5, 10])
def test_few_architectures(num: int) -> None:
    found = whole(num)
    given = found.score.overall.kendall.value is not None
    assert given == (num >= 5) and found.score.top_tenth.kendall.value is None
    assert given or found.verdict.kind == "undecided"


def test_everything_tied() -> None:
    found = report([1.0] * 12, np.linspace(0, 1, 12), [5] * 12, resamples=60)
    assert found.score.overall.kendall.value is None and found.score.overall.pairwise.value == 0.5
    assert found.verdict.kind == "undecided" and "tied" in found.verdict.text
    assert report(range(12), [0.5] * 12, [5] * 12, resamples=60).score.overall.kendall.num == 0


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"scores": [1, 2]}, "needs 3 architectures; received 2"),
        ({"scores": [1, 2, np.nan, 4]}, "scores are finite; received nan at position 2"),
        ({"scores": ["a", "b", "c"]}, "scores are numbers"),
        ({"scores": [[1, 2], [3, 4], [5, 6]]}, "scores is a list of numbers"),
        ({"truth": [0.1, 0.2, 0.3]}, "truth has one number for each of the 4"),
        ({"truth": [10, 20, 30, 40]}, "divide percentages by 100"),
        ({"sizes": [1, 2, 3, -4]}, "sizes are numbers of parameters"),
        ({"live_sizes": [1, 2, 3, np.inf]}, "live_sizes are finite"),
        ({"op_counts": [1, 2, 3, 4]}, "a row for each of the 4"),
        ({"op_counts": [[1], [2], [3], [np.nan]]}, "op_counts are finite"),
        ({"rounds": [[1, 2, 3]]}, "scores of round 1 has one number"),
        ({"rounds": {"a": [np.nan] * 4}}, "a has scored"),
        ({"second_truth": [0.1, np.nan, 3.0, 0.2]}, "second_truth holds accuracies"),
        ({"confidence": 1.0}, "the confidence is in"),
        ({"resamples": 10}, "50 resamples or more"),
    ],
)
def test_bad_input(changes: dict[str, Any], message: str) -> None:
    given: dict[str, Any] = {"scores": [1, 2, 3, 4], "truth": [0.1, 0.2, 0.3, 0.4], "sizes": [1, 2, 3, 4]}
    given |= changes
    with pytest.raises(SettingError, match=message):
        report(given.pop("scores"), given.pop("truth"), given.pop("sizes"), **given)


def test_needs_no_torch() -> None:
    code = "import bnao.ranking, sys; sys.exit(str({'torch', 'scipy', 'matplotlib'} & set(sys.modules) or '') or 0)"
    assert subprocess.run([sys.executable, "-c", code], timeout=60).returncode == 0

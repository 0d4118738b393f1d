"""The two arms on held-out data: best-of-k searched against best-of-k random."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from bnao.data.search_data import TestData
from bnao.evaluation.measure import measure, paired_standard_error
from bnao.loop.arms import Candidate
from bnao.loop.result import RANDOM, SEARCHED, Trained
from bnao.loop.workbench import Workbench


@dataclass(frozen=True, kw_only=True)
class Arms:
    """All networks trained alone, and best-of-k searched minus best-of-k random on held-out data."""

    trained: list[Trained]
    gain: float | None = None
    gain_standard_error: float | None = None


def compare(bench: Workbench, arms: Mapping[str, list[Candidate]], test: TestData) -> Arms:
    """Measure the best of each arm on held-out data; the gain and its standard error (examples, not seeds)."""
    measured = {name: measure(arm[0].module, test.images, bench.objective) for name, arm in arms.items() if arm}
    trained = [
        Trained(
            architecture=str(candidate.architecture),
            id=candidate.architecture.id,
            arm=name,
            stage=candidate.stage,
            score=candidate.score,
            valid_metric=candidate.valid_metric,
            test_metric=measured[name].metric if k == 0 else None,
            num_params=int(bench.rerank.sizes.num_params([candidate.architecture])[0]),
            macs=int(bench.rerank.sizes.macs([candidate.architecture])[0]),
            seconds=candidate.seconds,
        )
        for name, arm in arms.items()
        for k, candidate in enumerate(arm)
    ]
    if len(arms[SEARCHED]) != len(arms[RANDOM]):  # best-of-k is compared with best-of-k, or not at all
        return Arms(trained=trained)
    ours, theirs = measured[SEARCHED], measured[RANDOM]
    return Arms(
        trained=trained,
        gain=bench.objective.metric.utility(ours.metric - theirs.metric),
        gain_standard_error=paired_standard_error(ours, theirs),
    )

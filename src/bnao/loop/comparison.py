"""The two arms on held-out data: best-of-k searched against best-of-k random."""

from __future__ import annotations

from dataclasses import dataclass

from bnao.data.search_data import TestData
from bnao.evaluation.measure import measure, paired_standard_error
from bnao.loop.arms import Candidate
from bnao.loop.result import Trained
from bnao.loop.workbench import Workbench


@dataclass(frozen=True, kw_only=True)
class Arms:
    """All networks trained alone, and best-of-k searched minus best-of-k random on held-out data."""

    trained: list[Trained]
    gain: float | None = None
    gain_standard_error: float | None = None


def compare(bench: Workbench, searched: list[Candidate], control: list[Candidate], test: TestData) -> Arms:
    """Measure the best of each arm on held-out data; the gain and its standard error (examples, not seeds)."""
    measured = {id(arm[0]): measure(arm[0].module, test.images, bench.objective) for arm in (searched, control) if arm}
    trained = []
    for name, arm in (("searched", searched), ("random", control)):
        for candidate in arm:
            architecture, result = candidate.architecture, measured.get(id(candidate))
            trained.append(
                Trained(
                    architecture=str(architecture),
                    id=architecture.id,
                    arm=name,
                    score=candidate.score,
                    valid_metric=candidate.valid_metric,
                    test_metric=None if result is None else result.metric,
                    num_params=int(bench.rerank.sizes.num_params([architecture])[0]),
                    macs=int(bench.rerank.sizes.macs([architecture])[0]),
                    seconds=candidate.seconds,
                )
            )
    if len(control) != len(searched):  # best-of-k is compared with best-of-k, or not at all
        return Arms(trained=trained)
    ours, theirs = measured[id(searched[0])], measured[id(control[0])]
    return Arms(
        trained=trained,
        gain=bench.objective.metric.utility(ours.metric - theirs.metric),
        gain_standard_error=paired_standard_error(ours, theirs),
    )

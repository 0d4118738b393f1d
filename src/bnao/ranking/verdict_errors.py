"""How often is a verdict from few architectures wrong? Measured by drawing samples from a table of known accuracies.

Each sample is judged by itself, as a user's would be, and its verdict compared with that of the whole table under the
same rules. How far down a good architecture is depends on how many there are, so for the whole table this one question
is asked of samples of the same number. Shapes: P architectures, O operations, Q in a sample.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bnao.errors import require
from bnao.ranking import inputs
from bnao.ranking.bootstrap import multiplicities, quarters
from bnao.ranking.evidence import Taus, reach
from bnao.ranking.scopes import Scope
from bnao.ranking.trivial import trivial_rankings
from bnao.ranking.verdict import KINDS, Verdict, decide
from bnao.rng import generator

Floats = NDArray[np.float64]
WHOLE_RESAMPLES = 200
"""Resamples of the whole table, whose intervals are narrow: at 15,625 architectures they take minutes as it is."""


@dataclass(frozen=True)
class VerdictErrors:
    """Verdicts of samples beside that of the whole table, for one ranking."""

    whole: Verdict
    sample: int  # architectures in each
    draws: int
    counts: dict[str, int]  # how many samples got each kind of verdict
    median_top: float | None  # of the samples whose verdict was to re-rank

    @property
    def right(self) -> float:
        """Share of the samples with the verdict of the whole table."""
        return self.counts[self.whole.kind] / self.draws

    @property
    def wrong(self) -> float:
        """Share of the samples that were decided, and otherwise than the whole table."""
        others = set(KINDS) - {self.whole.kind, "undecided"}
        return sum(self.counts[kind] for kind in others) / self.draws

    @property
    def undecided(self) -> float:
        """Share of the samples that were too small to say."""
        return self.counts["undecided"] / self.draws


def verdict_error_rates(
    scores: ArrayLike | Mapping[str, ArrayLike],
    truth: ArrayLike,
    sizes: ArrayLike,
    *,
    sample: int = 40,
    draws: int = 200,
    seed: int = 0,
    live_sizes: ArrayLike | None = None,
    op_counts: ArrayLike | None = None,
    confidence: float = 0.95,
    resamples: int = 1000,
) -> dict[str, VerdictErrors]:
    """The confusion table: by ranking, the whole table's verdict and how often samples of ``sample`` got each kind.

    ``scores`` is one ranking of the table (named ``score`` in the result) or several by name; the samples are the same
    for all. Other arguments as for :func:`bnao.ranking.report`; samples are drawn without replacement. Raises
    SettingError for bad input, and unless the table is larger than the sample.
    """
    inputs.settings(confidence, resamples)
    named = scores if isinstance(scores, Mapping) else {"score": scores}
    require(bool(named), "there is a ranking to judge", "none", "give scores")
    first_P = inputs.numbers("scores", next(iter(named.values())))
    num = len(first_P)
    rankings = {name: inputs.numbers(f"scores of {name}", values, num) for name, values in named.items()}
    truth_P, sizes_P = inputs.truths("truth", truth, num), inputs.sizes("sizes", sizes, num)
    live_P = None if live_sizes is None else inputs.sizes("live_sizes", live_sizes, num)
    counts_PO = None if op_counts is None else inputs.table("op_counts", op_counts, num)
    require(inputs.FEWEST <= sample < num, f"a sample has 3 to {num - 1} architectures", sample, "draw fewer")
    require(draws >= 1, "there is at least one sample", draws, "draw more")

    def verdicts(who_Q: NDArray[np.intp], count: int, size: int | None) -> dict[str, Verdict]:
        trivial = trivial_rankings(
            sizes_P[who_Q],
            None if live_P is None else live_P[who_Q],
            None if counts_PO is None else counts_PO[who_Q],
            truth_P[who_Q],
            seed,
        )
        weights = multiplicities(len(who_Q), count, seed)
        drawn = None if size is None else multiplicities(len(who_Q), count, seed, size)
        judged = {name: scores_P[who_Q] for name, scores_P in rankings.items()}
        # Rankings under judgement are keyed apart from trivial ones: they may bear the same names.
        both = {f"judged {name}": scores_Q for name, scores_Q in judged.items()} | trivial
        taus = Taus(both, truth_P[who_Q], Scope(np.arange(len(who_Q))), weights, confidence)
        return {
            name: decide(
                taus.estimate(f"judged {name}"),
                {other: taus.rival(other, f"judged {name}") for other in trivial},
                reach(scores_Q, truth_P[who_Q], weights, quarters(len(who_Q), count, seed))
                if drawn is None
                else reach(scores_Q, truth_P[who_Q], drawn, drawn, of_a_sample=False),
            )
            for name, scores_Q in judged.items()
        }

    whole = verdicts(np.arange(num), WHOLE_RESAMPLES, sample)
    found: dict[str, list[Verdict]] = {name: [] for name in rankings}
    for draw in range(draws):
        who = np.sort(generator(seed, "ranking", "sample", draw).choice(num, sample, replace=False))
        for name, verdict in verdicts(who, resamples, None).items():
            found[name].append(verdict)
    return {name: _counted(whole[name], sample, verdicts_of) for name, verdicts_of in found.items()}


def _counted(whole: Verdict, sample: int, found: list[Verdict]) -> VerdictErrors:
    kinds = [verdict.kind for verdict in found]
    tops = [verdict.top for verdict in found if verdict.kind == "rerank" and verdict.top is not None]
    return VerdictErrors(
        whole=whole,
        sample=sample,
        draws=len(found),
        counts={kind: kinds.count(kind) for kind in KINDS},
        median_top=float(np.median(tops)) if tops else None,
    )

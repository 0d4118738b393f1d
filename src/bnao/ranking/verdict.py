"""From intervals to advice, in words. The rules, in this order, and the constants they use:

1. **worthless**: tau's interval holds 0 or lies below, and does not reach :data:`USEFUL_TAU`. Where it holds 0 *and*
   reaches that, the sample is too small to say: **undecided**.
2. **size_does_as_well**: the interval of the score's lead over the best trivial ranking does not lie above 0. The
   supernet has to show that it is better: a count is free. Only where the score is ahead and its lead may well be
   :data:`LARGE_LEAD` or more is it **undecided**.
3. **trust**: the first by score is good in the sample and in :data:`SURE` of its random quarters: near their best
   truth (``good.py``: half a percentage point of a share, else a quarter of the sample's interquartile range).
   Quarters, for resamples of the whole have nearly always the same few at the top: they overrate the first by score
   (from 40 architectures, where it is truly good in 83 %, quarters gave this verdict in 8 % of samples, resamples in
   28 % on a table of the same kind: ``scripts/verdict_errors.py``). That subsamples are right where a bootstrap of
   extremes is not: Politis and Romano 1994, "Large sample confidence regions based on subsamples under minimal
   assumptions".
4. **rerank**: the top k by score hold such an architecture in :data:`CERTAIN` of the resamples, and the smallest such
   k is at most :data:`MOST` of all; else **undecided**: good on the whole, and no help at the top.

Before 3 and 4: where a blind pick is as good in :data:`SURE` of the sample, it is **undecided**: any choice does.

k belongs to a sample of this size; of a larger pool the same share is to be trained alone (``share``).
How often a verdict from few architectures is wrong: ``verdict_errors.py`` measures it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from bnao.ranking.bootstrap import Estimate
from bnao.ranking.good import SHARES
from bnao.ranking.trivial import COUNTS_FIT, TITLES

Kind = Literal["trust", "rerank", "size_does_as_well", "worthless", "undecided"]
KINDS: tuple[Kind, ...] = ("trust", "rerank", "size_does_as_well", "worthless", "undecided")

USEFUL_TAU = 0.5
"""Tau from which on a ranking is of use: in common spaces a count of parameters reaches as much."""
LARGE_LEAD = 0.2
"""A lead over trivial rankings, in tau, that is worth more stand-alone trainings to find out about."""
CERTAIN = 0.9
"""Share of the resamples in which the top by score has to hold a good architecture."""
SURE = 0.95
"""Share of the quarters in which the first has to be good: stricter, for nothing mends a wrong pick."""
MOST = 0.5
"""Re-ranking more than this share of all is no help."""
MORE = "Train more architectures alone."
MORE_POOL = "All of the pool was trained alone: only a search with a larger pool can say more."


@dataclass(frozen=True)
class Reach:
    """How far down the ranking one has to go for a good architecture."""

    count: int  # k: the top k hold one in CERTAIN of the resamples
    num: int  # architectures in all
    first: float  # share of random quarters where the first by score is good; 0 if it is not in all, or they are small
    good: str = SHARES.text  # what that means
    blind: float = 0.0  # share of the architectures that are good: a random first is so, as often


@dataclass(frozen=True)
class Rival:
    """A trivial ranking: its tau, and how much larger the score's is."""

    kendall: Estimate
    lead: Estimate


@dataclass(frozen=True)
class Verdict:
    """The advice. ``top`` and ``share`` are those to train alone: 1 to trust, k to re-rank, None otherwise."""

    kind: Kind
    headline: str  # a few words
    text: str  # one or two sentences with the figures
    rival: str | None = None  # name of the best trivial ranking
    top: int | None = None
    share: float | None = None


def decide(
    tau: Estimate,
    rivals: Mapping[str, Rival],
    reach: Reach,
    fused: Rival | None = None,
    *,
    metric: str = "accuracy",
    seeds: Estimate | None = None,
    whole: bool = False,
) -> Verdict:
    """The verdict from tau overall, the trivial rankings by name, and the reach. See the rules above.

    ``fused``: the fit on operation counts and score together, and its lead over the one on counts alone. It changes
    no verdict, but where a count does as well by itself it says whether the score still adds to it. ``metric``
    names the truth; ``seeds`` is the tau of two seeds of it: where these are not shown to agree, what calls for more
    architectures, or for none, says so. ``whole``: the sample is all there is, and more architectures cannot be had.

    >>> figure = Estimate(0.7, 0.6, 0.8, 780)
    >>> decide(figure, {}, Reach(count=5, num=40, first=0.3)).headline
    're-rank the top 5 of 40'
    """
    said = f"Kendall's tau with the stand-alone {metric} is {tau}"
    noise, more = _noise(seeds), MORE_POOL if whole else MORE
    if tau.low is None or tau.high is None:
        text = f"Nothing can be said: {tau.reason}. {more} Where their truth is the same, train them longer."
        return Verdict("undecided", "undecided", text)
    if tau.low <= 0:
        if tau.high < USEFUL_TAU:
            words = "not shown to be better than chance, and at best of little use"
            words = words if tau.high >= 0 else "worse than chance"
            return Verdict("worthless", "worthless", f"{said}: {words}. Do not choose by this score.{noise}")
        return Verdict("undecided", "undecided", f"{said}: anything from worthless to useful. {more}{noise}")
    name = best_rival(rivals)
    beaten = "No trivial ranking could be compared."
    if name is not None:
        lead, title = rivals[name].lead, TITLES.get(name, name)
        ahead = f"its lead over {title} (tau {rivals[name].kendall}) is {lead}"
        if not lead.above_zero:
            assert lead.value is not None and lead.high is not None
            if lead.value > 0 and lead.high >= LARGE_LEAD:
                text = f"{said}, and {ahead}: not shown to be better. {more}{noise}"
                return Verdict("undecided", "undecided", text, name)
            text = f"{said}, and {ahead}: {title} does as well, and needs no supernet."
            if fused is not None and fused.lead.above_zero:
                text += (
                    f" Together with operation counts the score still helps: tau {fused.kendall}, lead {fused.lead}."
                )
            kind = "a fit on operation counts" if name == COUNTS_FIT else "a size count"
            return Verdict("size_does_as_well", f"{kind} does as well", text, name)
        beaten = f"{ahead[0].upper()}{ahead[1:]}."
    return _top(said, beaten, name, reach)


def _noise(seeds: Estimate | None) -> str:
    """What two seeds of the truth say against it; empty where they agree, or were not measured."""
    if seeds is None or seeds.low is None or seeds.low > 0:
        return ""
    return (
        f" Two seeds of the same networks are not shown to agree either (tau {seeds}): before anything is concluded, "
        "train them longer alone, or measure them on more examples."
    )


def _top(said: str, beaten: str, name: str | None, reach: Reach) -> Verdict:
    good = reach.good
    if reach.blind >= SURE:
        text = f"{said}, but {100 * reach.blind:.0f} % of the sample are {good}: which one is taken hardly matters."
        return Verdict("undecided", "undecided", f"{text} {beaten}", name)
    count = max(reach.count, 2)  # one network cannot be re-ranked
    share = count / reach.num
    if reach.first >= SURE:
        often = f"in {100 * reach.first:.0f} % of random quarters of the sample"
        text = f"{said}, and the first by score is {good} {often}. {beaten}"
        return Verdict("trust", "trust it", text, name, 1, 1 / reach.num)
    held = f"the top {count} of {reach.num} by score ({100 * share:.0f} %)"
    if share <= MOST:
        text = f"{said}, and {held} hold an architecture {good} in {100 * CERTAIN:g} % of the resamples. {beaten}"
        return Verdict("rerank", f"re-rank the top {count} of {reach.num}", text, name, count, share)
    text = (
        f"{said}, but it takes {held} to hold an architecture {good}: no help at the top. Choose by trainings alone, "
        f"or train the supernet longer. {beaten}"
    )
    return Verdict("undecided", "undecided", text, name)


def best_rival(rivals: Mapping[str, Rival]) -> str | None:
    """Name of the comparable trivial ranking with the largest tau."""
    taus = {
        name: rival.kendall.value
        for name, rival in rivals.items()
        if rival.kendall.value is not None and rival.lead.value is not None
    }
    return max(taus, key=taus.__getitem__) if taus else None

"""What a page concludes from the facts, in plain words: rank correlations, weak spots, warnings."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from bnao.controller.scores import pairwise_accuracy
from bnao.loop.coverage import ChoiceCount, Coverage, RoundCoverage
from bnao.ranking import spearman
from bnao.report.comparison import comparison_sentence
from bnao.report.metric_words import gain_text, unit_text
from bnao.report.ranking_words import interval
from bnao.report.web.facts import Facts

FOLLOWS_SIZE = 0.8  # |rank correlation| of score and size from which on the score says little more than the size
FALLS_WITH_SIZE = -0.4  # rank correlation from which on large networks seem to be ranked too low
WEAK_PREDICTOR = 0.6  # pairwise accuracy below which the predictor is hardly better than chance (0.5)
FEW_PAIRS = 100
UNDER_TRAINED = 0.25  # share of the mean steps of a place's options


@dataclass(frozen=True)
class Prediction:
    """A score that the controller predicted without having learned it. ``group`` says why it had not."""

    predicted: float
    score: float
    round: int
    group: str


def predictions(facts: Facts) -> list[Prediction]:
    """All of them. From round 2 on an architecture is predicted before its first score; any other was held out."""
    found = []
    for entry, records in zip(facts.entries, facts.scores, strict=True):
        for record in records:
            if record.predicted is not None:
                why = "proposals" if 1 < entry.round == record.round else "held out"
                found.append(Prediction(record.predicted, record.score, record.round, f"{why}, round {record.round}"))
    return found


def groups(found: list[Prediction]) -> dict[str, list[Prediction]]:
    """By group: only predictions and scores of one group are comparable."""
    by_group: dict[str, list[Prediction]] = {}
    for prediction in found:
        by_group.setdefault(prediction.group, []).append(prediction)
    return dict(sorted(by_group.items()))


def pairwise(found: list[Prediction]) -> tuple[float | None, int]:
    """Share of pairs that are in the right order (a tie of predictions counts half), and the number of pairs."""
    scores = np.array([p.score for p in found])
    _, ties = np.unique(scores, return_counts=True)
    pairs = (len(scores) ** 2 - int((ties**2).sum())) // 2
    return pairwise_accuracy(np.array([p.predicted for p in found]), scores) if pairs else None, pairs


def size_correlation(facts: Facts) -> float | None:
    """Rank correlation of the latest scores with the number of parameters."""
    scored = facts.scored
    return spearman([score for _, score in scored], [float(e.num_params) for e, _ in scored])


def total(coverage: Coverage | None) -> RoundCoverage | None:
    """All rounds together, for the weights live through all of them; None before the first is finished."""
    if coverage is None or not coverage.rounds:
        return None
    first, *rest = coverage.rounds
    choices = {(c.kind, c.place, c.option): c.steps for c in first.choices}
    sizes = [c.steps for c in first.sizes]
    for later in rest:
        for c in later.choices:
            choices[c.kind, c.place, c.option] = choices.get((c.kind, c.place, c.option), 0) + c.steps
        sizes = [n + c.steps for n, c in zip(sizes, later.sizes, strict=True)]
    return RoundCoverage(
        round=coverage.rounds[-1].round,
        steps=sum(r.steps for r in coverage.rounds),
        choices=[
            ChoiceCount(kind=kind, place=place, option=option, steps=steps)
            for (kind, place, option), steps in choices.items()
        ],
        sizes=[replace(c, steps=n) for c, n in zip(first.sizes, sizes, strict=True)],
    )


def under_trained(coverage: RoundCoverage) -> list[ChoiceCount]:
    """Choices with less than a quarter of the mean steps of their place's options."""
    places: dict[tuple[str, str], list[int]] = {}
    for choice in coverage.choices:
        places.setdefault((choice.kind, choice.place), []).append(choice.steps)
    return [
        choice
        for choice in coverage.choices
        if choice.steps < UNDER_TRAINED * float(np.mean(places[choice.kind, choice.place]))
    ]


def own_warnings(facts: Facts) -> list[str]:
    """What the figures warn of."""
    return _ranking(facts) + _gain(facts) + _size(facts) + _predictor(facts) + _coverage(facts)


def _ranking(facts: Facts) -> list[str]:
    """A verdict other than that the score can be used."""
    if facts.ranking is None or facts.ranking.report.verdict.kind in ("trust", "rerank"):
        return []
    report = facts.ranking.report
    tau = report.score.overall.kendall
    told = tau.reason if tau.value is None else f"Kendall's tau is {interval(tau)}"
    return [f"The measured ranking: {report.verdict.headline} ({told}; see Can the ranking be trusted?)."]


def _gain(facts: Facts) -> list[str]:
    result = facts.result
    if result is None or result.gain is None or result.gain_standard_error is None:
        return []
    if result.gain >= 2 * result.gain_standard_error and result.gain > 0:
        return []
    first = comparison_sentence(result).split(": ")[0]
    gain = f"{gain_text(result.gain, result.metric)} {unit_text(result.metric)}"
    return [f"The gain over random choice is {gain}. {first}."]


def _size(facts: Facts) -> list[str]:
    correlation = size_correlation(facts)
    if correlation is not None and -FOLLOWS_SIZE < correlation <= FALLS_WITH_SIZE:
        return [
            f"The score falls with the size (rank correlation {correlation:+.2f}): large networks are ranked low, as "
            "they are when the supernet has trained them too little. Train the supernet longer before "
            "trusting the ranking."
        ]
    if correlation is None or abs(correlation) < FOLLOWS_SIZE:
        return []
    return [
        f"The score mostly follows the size (rank correlation {correlation:+.2f}): a count of parameters would rank "
        "nearly alike, so read the ranking with care."
    ]


def _predictor(facts: Facts) -> list[str]:
    texts = []
    for name, found in groups(predictions(facts)).items():
        accuracy, pairs = pairwise(found)
        if accuracy is not None and pairs >= FEW_PAIRS and accuracy < WEAK_PREDICTOR:
            texts.append(
                f"The controller orders only {100 * accuracy:.0f} % of the pairs of architectures it had not learned "
                f"rightly ({name}; chance is 50 %): its proposals are little more than random ones."
            )
    return texts


def _coverage(facts: Facts) -> list[str]:
    trained = total(facts.coverage)
    weak = [] if trained is None else under_trained(trained)
    if trained is None or not weak:
        return []
    return [
        f"{len(weak)} of {len(trained.choices)} choices had less than a quarter of their place's mean training: scores "
        "of architectures with them are less certain (see Coverage)."
    ]

"""After round 1: is the ranking worth the money? A few architectures of the pool trained alone, before more is spent.

Truth is the metric on *validation* examples, for a search must not see held-out data. So score and truth share their
examples, which flatters the score a little; and of ten networks the interval is wide: the check finds a ranking that is
broken, and says nothing of a good one. `bnao rank` measures properly. The check has random streams of its own: the
search takes the same course with it and without.
"""

from __future__ import annotations

import math

from bnao.arch import Architecture
from bnao.errors import NumericalError
from bnao.evaluation.config import ScoringConfig
from bnao.loop.arms import drop_arm, train_arm
from bnao.loop.check_result import CHECK, Checked, CheckResult
from bnao.loop.policy import search_policy
from bnao.loop.saving import StageSaves
from bnao.loop.stages import StageLog
from bnao.loop.workbench import Network, Workbench
from bnao.objective.info import ACCURACY, MetricInfo, metric_info
from bnao.ranking import RankingReport, report
from bnao.ranking.inputs import FEWEST
from bnao.rng import generator
from bnao.storage import Pool, RunFolder
from bnao.training.config import TrainingConfig

STAGE = "check"
SHARE = 0.1
"""With ``check.when = auto`` it takes place where it costs at most this share of all the rest."""
DRAWS = 32  # random architectures whose mean multiply-adds stand for a network's
BACKWARD = 3  # a training pass costs about three times a forward pass


def is_planned(bench: Workbench) -> bool:
    """Whether a search checks its ranking after round 1; the same whenever it is asked."""
    check, loop = bench.config.check, bench.config.loop
    if check.when == "never" or check.architectures > loop.pool:
        return False
    return check.when == "always" or cost_share(bench) <= SHARE


def cost_share(bench: Workbench) -> float:
    """Planned multiply-adds of the check by those of all the rest: image passes times the mean network's count.

    A step of the supernet counts as often as the policy's first plan has paths, and an architecture that is scored with
    the images that adapt or recalibrate it, too.
    """
    config, train, valid = bench.config, len(bench.data.train), len(bench.data.valid)
    few = bench.feasible.sample_distinct(DRAWS, generator(config.seed, STAGE, "cost"))

    def mean(network: Network) -> float:
        return float(network.sizes.macs(few).mean())

    def training(settings: TrainingConfig, images: int, network: Network) -> float:
        return BACKWARD * settings.epochs * images * mean(network)

    alone = training(config.rerank.training, train, bench.rerank)
    scored = sum(config.loop.pool + k * config.loop.proposals for k in range(config.loop.rounds))
    rest = scored * _scoring_passes(config.scoring, train, valid) * mean(bench.supernet)
    if config.supernet.source is None:
        rest += config.loop.rounds * _num_paths(bench, few) * training(config.supernet.training, train, bench.supernet)
    rest += (config.rerank.num_trained + config.rerank.finalists * config.rerank.finalist_factor) * alone
    if config.final.trains:
        rest += training(config.final.training, train + valid, bench.delivered)
    return config.check.architectures * alone / rest


def _scoring_passes(scoring: ScoringConfig, train: int, valid: int) -> float:
    """Forward passes of one image that score one architecture, from ``train`` and ``valid`` images."""
    passes = 0 if scoring.score == "learning" else min(scoring.images or valid, valid)
    passes += BACKWARD * scoring.adapt_steps * min(scoring.adapt_batch_size, train)
    if scoring.statistics == "recalibrated":
        passes += min(scoring.recalibration_batches * scoring.batch_size, train)
    return passes


def _num_paths(bench: Workbench, few: list[Architecture]) -> int:
    """Paths that one step of the supernet trains, as the policy's first plan over a pool of ``few`` says."""
    seed = bench.config.seed
    return len(search_policy(bench, few, seed).plan(0, generator(seed, STAGE, "plan")).paths)


def check_ranking(bench: Workbench, run: RunFolder, pool: Pool, log: StageLog) -> None:
    """Train the sample, compare, keep what was found, and warn of a worthless ranking. Goes on where it was killed."""
    scores = pool.scores_of(1)
    texts = {entry.id: entry.text for entry in pool.entries()}
    order = generator(bench.config.seed, STAGE, "sample").permutation(len(scores))
    ids = [list(scores)[k] for k in order[: bench.config.check.architectures]]
    sample = [bench.space.grammar.parse(texts[id]) for id in ids]
    title = f"early check: {len(sample)} of the pool trained alone"
    try:
        if len(sample) < FEWEST:  # a space, or limits, with next to nothing to choose from
            result = _given_up(f"the pool has {len(sample)} architectures, and a ranking needs {FEWEST}")
        else:
            found = train_arm(
                bench, run, log, stage_name=STAGE, title=title, architectures=sample, scores=[scores[id] for id in ids]
            )
            truth = {candidate.architecture.id: candidate.valid_metric for candidate in found}
            result = _result(bench, sample, [scores[id] for id in ids], [truth[id] for id in ids])
    except NumericalError as error:
        result = _given_up(f"a training diverged ({error})")
    warned = result.report is None or result.report.verdict.kind == "worthless"
    if warned:
        log.warn(result.text)
    log.listener.event("check", text=result.text, warned=warned)
    with log.commit() as commit:
        commit.write_json(CHECK, result)
        drop_arm(commit, STAGE, sample)
        StageSaves.drop(commit)


def _result(bench: Workbench, sample: list[Architecture], scores: list[float], truth: list[float]) -> CheckResult:
    metric = metric_info(bench.objective.metric)
    if not all(map(math.isfinite, truth)):
        return _given_up(
            f"{metric.name} is not defined on the validation examples for every network: no ranking can be judged"
        )
    sizes = bench.rerank.sizes.num_params(sample)
    found = report(scores, truth, sizes, metric=metric, seed=bench.config.seed)
    rows = [
        Checked(id=a.id, architecture=str(a), score=score, metric=value, num_params=int(size))
        for a, score, value, size in zip(sample, scores, truth, sizes, strict=True)
    ]
    return CheckResult(text=_words(found, metric), report=found, rows=rows)


def _given_up(why: str) -> CheckResult:
    return CheckResult(text=f"early check: given up, for {why}; the search goes on")


def _words(found: RankingReport, metric: MetricInfo = ACCURACY) -> str:
    """What the interval allows to say, and what to do about it."""
    tau, num = found.score.overall.kendall, found.num_architectures
    name = metric.name + ("" if metric.higher_is_better else " (lower is better; agreement is above 0)")
    said = f"early check after round 1, {num} networks trained alone: Kendall's tau of score and {name} is {tau}"
    if found.verdict.kind == "worthless":
        return (
            f"{said}, no sign that the score ranks better than chance. Before more is spent: Ctrl-C, and search with a "
            "longer supernet training (supernet.training.epochs) or another score (scoring.score, "
            "scoring.statistics); `bnao rank` measures with more networks. The search goes on"
        )
    if tau.low is None:
        return f"{said}: it says nothing"
    if tau.low <= 0:
        return f"{said}: so few networks do not tell whether the score is of use"
    if found.verdict.kind == "size_does_as_well":
        return f"{said}: the score is better than chance, but among these {found.verdict.headline}"
    return f"{said}: the score is better than chance; how much, so few networks do not tell"

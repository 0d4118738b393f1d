"""The re-ranking (METHOD, step 7) in rounds, and the finalists. The paper has one round and no finalists.

What a round brings is in the run before it is trained, so a resumed run trains the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bnao.arch import Architecture
from bnao.controller.next_to_train import next_to_train
from bnao.loop.arms import Candidate, best_first, top_of_pool, train_arm
from bnao.loop.by_size import raised_scores
from bnao.loop.rounds import Rounds
from bnao.loop.stage_names import FINALISTS, rerank_stage
from bnao.loop.stages import StageLog
from bnao.loop.workbench import Workbench
from bnao.rng import generator
from bnao.storage import Commit, Pool, RunFolder, from_dict

Pairs = list[tuple[Architecture, float | None]]
"""Architectures and their one-shot scores."""


def rerank(bench: Workbench, run: RunFolder, log: StageLog, pool: Pool, rounds: Rounds) -> list[Candidate]:
    """Train the top of the pool alone, then, round by round, what is promising after that. Best first."""
    config, found = bench.config.rerank, list[Candidate]()
    for number in range(1, config.rounds + 1):
        if number == 1:
            pairs = list(zip(*top_of_pool(bench, pool, config.top), strict=True))
        else:
            pairs = _chosen(bench, run, log, pool, rounds, found, number)
        if not pairs:
            log.warn("no architecture is left to train alone; the re-ranking ends here")
            break
        more = f", round {number} of {config.rounds}" if config.rounds > 1 else ""
        title = f"stand-alone training of {'the top ' if number == 1 else ''}{len(pairs)}{more}"
        found += _train(bench, run, log, rerank_stage(number), title, pairs)
    return best_first(bench, found)


def train_finalists(bench: Workbench, run: RunFolder, log: StageLog, searched: Sequence[Candidate]) -> list[Candidate]:
    """The first of the searched networks trained anew, longer; best first. Empty where there are to be none."""
    pairs: Pairs = [(c.architecture, c.score) for c in searched[: bench.config.rerank.finalists]]
    if not pairs:
        return []
    return _train(bench, run, log, FINALISTS, f"longer training of {len(pairs)} finalists", pairs)


def chosen_scores(run: RunFolder) -> dict[str, float]:
    """By text of the architecture the scores of what the rounds after the first chose."""
    found, number = dict[str, float](), 2
    while run.has(choice_file(number)):
        found.update(read_choice(run, number))
        number += 1
    return found


@dataclass(frozen=True)
class _Choice:
    scores: dict[str, float]


def read_choice(run: RunFolder, number: int) -> dict[str, float]:
    """By text of the architecture the scores of what round ``number`` chose. Raises RunError if it is damaged."""
    source = f"{run.path}/{choice_file(number)}"
    return from_dict(_Choice, {"scores": run.read_json(choice_file(number))}, source=source).scores


def choice_file(number: int) -> str:
    """The state's file of what round ``number`` of the re-ranking trains, from the second on: texts and scores."""
    return f"choose-{number}.json"


def _train(bench: Workbench, run: RunFolder, log: StageLog, stage: str, title: str, pairs: Pairs) -> list[Candidate]:
    architectures, scores = [a for a, _ in pairs], [score for _, score in pairs]
    return train_arm(bench, run, log, stage_name=stage, title=title, architectures=architectures, scores=scores)


def _chosen(
    bench: Workbench,
    run: RunFolder,
    log: StageLog,
    pool: Pool,
    rounds: Rounds,
    trained: Sequence[Candidate],
    number: int,
) -> Pairs:
    """What round ``number`` trains: chosen and kept, or read."""
    name, file = f"choose-{number}", choice_file(number)
    parse = bench.space.grammar.parse
    if not log.done(name):
        with log.stage(name, f"what to train in round {number}", None, "architectures") as stage:
            entries = [e for e in pool.entries() if e.score is not None]
            scored = {e.id: (parse(e.text), e.score) for e in entries}
            found = next_to_train(
                [a for a, _ in scored.values()],
                raised_scores(entries, bench.config.rerank.size_weight),
                [c.architecture for c in trained],
                np.array([bench.objective.metric.utility(c.valid_metric) for c in trained]),
                bench.config.rerank.top,
                bench.space.grammar,
                bench.feasible,
                generator(bench.config.seed, name),
            )
            fresh = [bench.space.grammar.canonical(a) for a in found.architectures]
            new = [a for a in fresh if a.id not in scored]
            scores = dict(zip([a.id for a in new], rounds.scores(new).values_P.tolist(), strict=True)) if new else {}
            rows = {str(a): scores[a.id] if a.id in scores else scored[a.id][1] for a in fresh}
            stage.figures.update({f"from_{origin}": float(n) for origin, n in found.counts().items()})

            def keep(commit: Commit) -> None:
                commit.write_json(file, rows)

            stage.keep(keep)
    return [(parse(text), score) for text, score in read_choice(run, number).items()]

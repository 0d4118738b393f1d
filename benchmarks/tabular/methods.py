"""The methods compared: product defaults, other judges (ablations), and Optuna's TPE on the same seam of asking."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from bnao.arch import Architecture
from bnao.controller import ControllerConfig, ask_tell, optimise
from bnao.evaluation.tabular import TabularEvaluator


@dataclass(frozen=True, kw_only=True)
class Method:
    """``config`` on ``optimise``; its defaults for ``first`` and ``batch`` unless ``sizes`` says otherwise."""

    summary: str
    config: ControllerConfig = field(default_factory=ControllerConfig)
    sizes: dict[str, int] = field(default_factory=dict)
    queries: int = 500  # budget


METHODS = {
    "nao": Method(summary="NAO, all defaults of the product", queries=100),
    "random": Method(summary="uniform draws without repeats", config=ControllerConfig(proposer="random")),
    "evolution": Method(
        summary="regularised evolution, defaults of the product; one child a query, as in its paper",
        config=ControllerConfig(proposer="evolution"),
        sizes={"batch": 1},
    ),
    "tpe": Method(summary="Optuna's TPE, its defaults; one query a trial"),
    "nao_predictor": Method(
        summary="ablation: NAO's own predictor is the judge", config=ControllerConfig(judge="predictor"), queries=200
    ),
    "nao_no_judge": Method(
        summary="ablation: the paper's order of proposals", config=ControllerConfig(judge="none"), queries=200
    ),
    "nao_before": Method(
        summary="NAO before this benchmark: no judge, first pool 100, batches of 20",
        config=ControllerConfig(judge="none"),
        sizes={"first": 100, "batch": 20},
        queries=400,
    ),
    "process": Method(summary="ablation: the judge on mutations alone, no encoder, predictor or decoder", queries=100),
}


def run(name: str, evaluator: TabularEvaluator, seed: int, queries: int) -> None:
    """Ask ``evaluator`` for ``queries`` distinct architectures by the method; it remembers them in order."""
    if name == "tpe":
        _tpe(evaluator, seed, queries)
        return
    if name == "process":
        import process_alone  # registers a proposer

        config = ControllerConfig(proposer=process_alone.NAME)
    else:
        config = METHODS[name].config
    optimise(ask_tell(evaluator.table.grammar, config, seed=seed), evaluator, queries, **METHODS[name].sizes)


def _tpe(evaluator: TabularEvaluator, seed: int, queries: int) -> None:
    """A trial that meets a known class (a twin, or a repeat) is told its score and is no query."""
    import optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    grammar = evaluator.table.grammar
    study = optuna.create_study(direction="maximize", sampler=optuna.samplers.TPESampler(seed=seed))
    for trial in _trials(study, limit=20 * queries):
        words = [trial.suggest_categorical(f"word_{k}", list(range(grammar.num_words))) for k in range(grammar.length)]
        architecture: Architecture = grammar.decode(words)
        study.tell(trial, float(evaluator.evaluate([architecture]).values_P[0]))
        if evaluator.num_queries == queries:
            return


def _trials(study: Any, limit: int) -> Iterator[Any]:
    """At most ``limit``: TPE may end in repeating itself."""
    for _ in range(limit):
        yield study.ask()

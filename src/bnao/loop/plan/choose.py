"""Settings that fit a limit of minutes: all trainings longer or shorter by one factor, then fewer rounds, then less.

The planned total's middle comes to :data:`SHARE` of the limit, and its upper end does not pass it. One factor keeps the
proportions of the settings. Where it would leave less than :data:`FEWEST_EPOCHS`, rounds are taken away, one by one;
then the pool (with the proposals) is halved, as far as :data:`FEWEST_POOL`; then the arms of the re-ranking get fewer
networks; at last each training has its own least. Where time is left over, trainings grow to :data:`MOST_FACTOR` times
the settings' length, and no further: what more of a recipe would bring, nobody has measured.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from math import ceil, floor, log10

from bnao.errors import SettingError
from bnao.loop.config import RerankConfig, SearchConfig
from bnao.loop.plan.costs import Costs
from bnao.loop.plan.interval import Interval
from bnao.loop.plan.total import planned_total
from bnao.loop.workbench import Workbench

SHARE = 0.85
MOST_FACTOR = 4.0
FEWEST_EPOCHS = {"supernet": 1.0, "rerank": 1.0, "final": 3.0}
"""Of a round, of a re-ranking's training, of the winner's; where the settings ask for fewer, these few."""
FEWEST_POOL = 16
HALVINGS = 16  # of the interval in which the factor lies


def choose(bench: Workbench, costs: Costs, spent: Mapping[str, float]) -> SearchConfig:
    """``bench.config`` changed so that it fits ``max_minutes``. Raises SettingError where the smallest does not."""
    config = bench.config
    assert config.max_minutes is not None
    limit = 60 * config.max_minutes

    def fits(candidate: SearchConfig) -> bool:
        return needed(planned_total(bench, candidate, costs, spent)) <= limit

    smallest = config
    for smaller in _smaller(config, max(len(bench.known), FEWEST_POOL)):
        least = max((FEWEST_EPOCHS[name] / epochs for name, epochs in _epochs(smaller).items()), default=1.0)
        low = min(1.0, least)
        if not fits(scaled(smaller, low)):
            smallest = smaller
            continue
        return scaled(smaller, _largest(partial(_fits_scaled, fits, smaller), low))
    shortest = _shortest(smallest)
    if fits(shortest):
        return shortest
    least_minutes = ceil(10 * needed(planned_total(bench, shortest, costs, spent)) / 60) / 10
    raise SettingError(
        f"max_minutes holds at least the smallest search that is worth its name ({_words(shortest)}), about "
        f"{least_minutes:g} min on this machine; received {config.max_minutes:g}: raise it, or choose smaller networks "
        "or fewer images (data.max_train_images)"
    )


def _fits_scaled(fits: Callable[[SearchConfig], bool], config: SearchConfig, factor: float) -> bool:
    return fits(scaled(config, factor))


def needed(total: Interval) -> float:
    """Seconds of the least limit that holds a search of this total."""
    return max(total.middle / SHARE, total.high)


def scaled(config: SearchConfig, factor: float) -> SearchConfig:
    """All trainings ``factor`` times as long, in three digits, rounded down."""
    return _with_epochs(config, {name: _three_digits(factor * epochs) for name, epochs in _epochs(config).items()})


def _three_digits(value: float) -> float:
    digits = 2 - floor(log10(value))
    return float(f"{floor(value * 10**digits + 1e-9) / 10**digits:.3g}")


def _epochs(config: SearchConfig) -> dict[str, float]:
    """Of the trainings that take place."""
    found = {"supernet": config.supernet.training.epochs} if config.supernet.source is None else {}
    found["rerank"] = config.rerank.training.epochs
    return {**found, "final": config.final.training.epochs} if config.final.trains else found


def _with_epochs(config: SearchConfig, epochs: Mapping[str, float]) -> SearchConfig:
    for name, value in epochs.items():
        section = getattr(config, name)
        config = replace(config, **{name: replace(section, training=replace(section.training, epochs=value))})
    return config


def _shortest(config: SearchConfig) -> SearchConfig:
    """Each training at its own least."""
    epochs = _epochs(config)
    return _with_epochs(config, {name: min(FEWEST_EPOCHS[name], value) for name, value in epochs.items()})


def _smaller(config: SearchConfig, fewest_pool: int) -> Iterator[SearchConfig]:
    """The settings themselves, then ever smaller ones, in the order in which they are given up."""
    yield config
    while config.loop.rounds > 1:
        config = replace(config, loop=replace(config.loop, rounds=config.loop.rounds - 1))
        yield config
    fewest_pool = max(fewest_pool, config.check.architectures if config.check.when == "always" else 0)
    while config.loop.pool > max(fewest_pool, config.rerank.top):
        pool = max(config.loop.pool // 2, fewest_pool, config.rerank.top)
        proposals = max(1, round(config.loop.proposals * pool / config.loop.pool))
        config = replace(config, loop=replace(config.loop, pool=pool, proposals=proposals))
        yield config
    while config.rerank.rounds > 1:
        config = replace(config, rerank=_fewer(config.rerank, config.rerank.top, config.rerank.rounds - 1))
        yield config
    while config.rerank.top > 1:
        config = replace(config, rerank=_fewer(config.rerank, config.rerank.top - 1, config.rerank.rounds))
        yield config


def _fewer(config: RerankConfig, top: int, rounds: int) -> RerankConfig:
    """With no more random networks and finalists than are searched."""
    num = top * rounds
    random = None if config.random is None else min(config.random, num)
    return replace(config, top=top, rounds=rounds, random=random, finalists=min(config.finalists, num))


def _largest(fits: Callable[[float], bool], low: float) -> float:
    """The largest factor from ``low``, which fits, to :data:`MOST_FACTOR`, by halving the logarithm's interval."""
    if fits(MOST_FACTOR):
        return MOST_FACTOR
    high = MOST_FACTOR
    for _ in range(HALVINGS):
        middle = (low * high) ** 0.5
        low, high = (middle, high) if fits(middle) else (low, middle)
    return low


def _words(config: SearchConfig) -> str:
    epochs = ", ".join(f"{name} {value:g}" for name, value in _epochs(config).items())
    return (
        f"{config.loop.rounds} round, a pool of {config.loop.pool}, {config.rerank.num_searched} + "
        f"{config.rerank.num_random} networks trained alone, epochs: {epochs}"
    )

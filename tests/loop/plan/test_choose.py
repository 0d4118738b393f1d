"""What a limit of minutes makes of the settings, with made-up costs."""

from dataclasses import replace

import pytest
from tests.loop.plan.conftest import COSTS, LONG

from bnao.errors import SettingError
from bnao.loop.config import SearchConfig
from bnao.loop.plan.choose import FEWEST_EPOCHS, MOST_FACTOR, choose, needed
from bnao.loop.plan.total import planned_total

SPENT = {"data": 1.0, "plan": 2.0}


def chosen(long, minutes: float) -> SearchConfig:
    return choose(replace(long, config=replace(LONG, max_minutes=minutes)), COSTS, SPENT)


def total(long, config):
    return planned_total(long, config, COSTS, SPENT)


@pytest.mark.parametrize("minutes", [0.5, 0.7, 1.0, 1.5, 2.0, 3.0])
def test_the_plan_fills_the_limit_and_does_not_pass_it(long, minutes):
    found = total(long, chosen(long, minutes))
    assert needed(found) <= 60 * minutes
    assert found.high <= 60 * minutes and found.middle >= 0.6 * 60 * minutes


def test_proportions_are_kept(long):
    config = chosen(long, 1.5)
    factor = config.supernet.training.epochs / 8
    assert factor != 1
    assert config.rerank.training.epochs / 4 == pytest.approx(factor, rel=0.01)
    assert config.final.training.epochs / 12 == pytest.approx(factor, rel=0.01)
    assert (config.loop, config.rerank.top) == (LONG.loop, LONG.rerank.top)


def test_time_that_is_left_over_makes_trainings_longer_up_to_a_factor(long):
    assert 8 < chosen(long, 3.0).supernet.training.epochs <= 8 * MOST_FACTOR
    assert chosen(long, 1000.0).final.training.epochs == 12 * MOST_FACTOR


def test_a_longer_limit_never_gives_less(long):
    lengths = [chosen(long, m) for m in (0.4, 0.5, 0.7, 1.0, 2.0)]
    rounds = [c.loop.rounds for c in lengths]
    assert rounds == sorted(rounds)


def test_rounds_go_before_the_pool_and_the_pool_before_the_arms(long):
    def smallest_at(predicate):
        return next(m / 100 for m in range(20, 300) if fits(long, m / 100) and predicate(chosen(long, m / 100)))

    whole = smallest_at(lambda c: c.loop.rounds == 3)
    below = chosen(long, whole - 0.01)
    assert below.loop.rounds == 2 and below.loop.pool == 64
    pool = smallest_at(lambda c: c.loop.pool == 64)
    below = chosen(long, pool - 0.01)
    assert (below.loop.rounds, below.loop.pool, below.rerank.top) == (1, 32, 4)
    for config in (below, chosen(long, whole)):
        assert config.supernet.training.epochs >= FEWEST_EPOCHS["supernet"]
        assert config.final.training.epochs >= FEWEST_EPOCHS["final"]


def fits(long, minutes):
    try:
        chosen(long, minutes)
    except SettingError:
        return False
    return True


def test_a_limit_that_holds_nothing_is_refused_with_the_least_that_does(long):
    with pytest.raises(SettingError, match=r"at least the smallest search .* about ([\d.]+) min") as refused:
        chosen(long, 0.05)
    assert "received 0.05: raise it" in str(refused.value)
    least = float(str(refused.value).split("about ")[1].split(" min")[0])
    assert fits(long, least) and not fits(long, least - 0.11)


@pytest.mark.parametrize("minutes", [0.0, -1.0, float("inf"), float("nan")])
def test_limits_are_positive(minutes):
    with pytest.raises(SettingError, match="max_minutes is positive"):
        SearchConfig(max_minutes=minutes)


def test_where_the_winner_is_not_trained_its_epochs_do_not_matter(long):
    config = replace(LONG, final=replace(LONG.final, mode="rerank"), max_minutes=1.0)
    found = choose(replace(long, config=config), COSTS, SPENT)
    assert found.final == config.final and found.rerank.training.epochs != 4

"""What every sampling policy must satisfy; run it on your own.

    from bnao.testing.policies import check_policy
    check_policy(lambda: MyPolicy(setup), feasible)

Each check raises AssertionError with a sentence saying what is wrong.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterable, Mapping

import numpy as np
import torch
from scipy import stats

from bnao.arch import Architecture
from bnao.cost.feasible import FeasibleSpace
from bnao.rng import generator
from bnao.sampling import Policy, StepPlan

MIN_P_VALUE = 1e-4
"""A right implementation fails a check of frequencies at one seed in ten thousand; seeds are fixed."""


def check_policy(
    make: Callable[[], Policy],
    feasible: FeasibleSpace,
    *,
    expected: Mapping[str, float] | None = None,
    steps: int = 40,
    draws: int = 5000,
    seed: int = 0,
) -> None:
    """All checks below. ``make()`` gives a fresh policy, each time the same.

    ``expected`` are relative frequencies of the ids of a plan's paths; with it ``draws`` steps are compared.
    """
    check_plans(make(), feasible, steps, seed)
    check_repeatable(make, steps, seed)
    check_state(make, steps, seed)
    if expected is not None:
        policy = make()
        plans = (policy.plan(step, generator(seed, "frequencies", step)) for step in range(draws))
        check_frequencies((path for plan in plans for path in plan.paths), expected)


def check_plans(policy: Policy, feasible: FeasibleSpace, steps: int, seed: int) -> None:
    """Plans have feasible paths that the grammar reads back; the description is one line."""
    assert policy.describe() and "\n" not in policy.describe(), "describe must give one line"
    for step in range(steps):
        plan = policy.plan(step, generator(seed, "plan", step))
        assert isinstance(plan, StepPlan), f"plan must return a StepPlan; it returned {type(plan).__name__}"
        StepPlan(plan.paths, plan.loss_weights, plan.teacher, plan.lr_scale)  # asserts the plan's form
        for path in plan.paths:
            again = feasible.grammar.architecture(path.tokens)
            assert again == path and again.id == path.id, f"paths must be architectures of the grammar; {path} is not"
            assert feasible.contains(path), f"paths must be feasible; {path} is not"
        _observe(policy, plan, step)


def check_repeatable(make: Callable[[], Policy], steps: int, seed: int) -> None:
    """Plans depend on step and generator alone, and global generators are neither read nor moved."""

    def state() -> tuple[object, ...]:
        return random.getstate(), str(np.random.get_state()), torch.get_rng_state().tolist()

    first, second = make(), make()
    for step in range(steps):
        before = state()
        one = first.plan(step, generator(seed, "plan", step))
        assert state() == before, "a policy must not move a global generator"
        np.random.random()
        two = second.plan(step, generator(seed, "plan", step))
        assert one == two, f"a plan must be the same for the same step and generator; at step {step} it was not"
        repeat = first.plan(step, generator(seed, "plan", step))
        assert one == repeat, "asking for a plan must change nothing; asked again, the plan was another"
        _observe(first, one, step)
        _observe(second, two, step)


def check_state(make: Callable[[], Policy], steps: int, seed: int) -> None:
    """A policy that was killed half-way and restored goes on as the one that was not."""
    whole = make()
    for step in range(steps // 2):
        _observe(whole, whole.plan(step, generator(seed, "plan", step)), step)
    restored = make()
    restored.load_state_dict(whole.state_dict())
    for step in range(steps // 2, steps):
        one = whole.plan(step, generator(seed, "plan", step))
        two = restored.plan(step, generator(seed, "plan", step))
        assert one == two, f"a restored policy must go on as before; at step {step} it did not"
        _observe(whole, one, step)
        _observe(restored, two, step)


def check_frequencies(
    drawn: Iterable[Architecture], expected: Mapping[str, float], key: Callable[[Architecture], str] = lambda a: a.id
) -> None:
    """Chi-square test of draws against ``expected``: relative frequencies of ``key(architecture)``.

    Keys expected fewer than five times are counted together. Raises AssertionError for a key of frequency zero, or
    where the p-value is below :data:`MIN_P_VALUE`.
    """
    counts = Counter(key(a) for a in drawn)
    total, mass = sum(counts.values()), sum(expected.values())
    strange = [name for name in counts if expected.get(name, 0.0) <= 0]
    assert not strange, f"{strange[0]} was drawn though its frequency is zero"
    wanted = {name: total * weight / mass for name, weight in expected.items()}
    rare = [name for name, number in wanted.items() if number < 5]
    bins = [(counts[name], number) for name, number in wanted.items() if number >= 5]
    if rare:
        bins.append((sum(counts[name] for name in rare), max(sum(wanted[name] for name in rare), 1e-12)))
    assert len(bins) > 1, f"{total} draws are too few for {len(expected)} architectures"
    observed_B, wanted_B = np.array(bins).T
    p_value = float(stats.chi2.sf(((observed_B - wanted_B) ** 2 / wanted_B).sum(), len(bins) - 1))
    assert p_value >= MIN_P_VALUE, f"frequencies must be as defined; chi-square, {len(bins)} bins: p = {p_value:.2g}"


def _observe(policy: Policy, plan: StepPlan, step: int) -> None:
    policy.observe(plan, [1.0 / (1 + step + i) for i in range(len(plan.paths))])

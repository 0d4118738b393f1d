"""Chains that begin alike are run once where they do, within the bound, and give what each gives alone."""

from __future__ import annotations

import weakref

import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from bnao.evaluation.walk import Walk, partings

Chains = list[tuple[int, ...]]
SIZE = 10
"""Elements, of 4 bytes, of every value."""

CHAINS = st.lists(st.lists(st.integers(0, 3), min_size=1, max_size=5).map(tuple), min_size=1, max_size=14)


def _alone(chain: tuple[int, ...], x: Tensor) -> Tensor:
    for stage in chain:
        x = x * 3 + stage
    return x


def _prefixes(chains: Chains) -> set[tuple[int, ...]]:
    return {chain[: k + 1] for chain in chains for k in range(len(chain))}


@given(CHAINS, st.integers(0, 6), st.sets(st.integers(0, 3)))
@settings(max_examples=150, deadline=None)
def test_every_chain_gives_its_own_value_within_the_bound(chains: Chains, values: int, writers: set[int]) -> None:
    """Also where stages write to their input; what is kept is counted by the tensors that are alive."""
    chains = sorted(chains)
    walk, bound = Walk(chains, 4 * SIZE * values), 4 * SIZE * values
    made: list[weakref.ref[Tensor]] = []
    runs: list[tuple[int, ...]] = []

    def step(k: int, depth: int, value: Tensor, again: bool) -> Tensor:
        beginning = chains[k][: depth + 1]
        assert again == (beginning in runs), "a beginning that was run before is named so"
        runs.append(beginning)
        kept = {id(tensor) for tensor in (ref() for ref in made) if tensor is not None} - {id(value)}
        assert 4 * SIZE * len(kept) <= bound, "no more is alive than the bound says, and the value in hand"
        stage = chains[k][depth]
        result = value.mul_(3).add_(stage) if stage in writers else value * 3 + stage
        made.append(weakref.ref(result))
        return result

    for x in (torch.ones(SIZE), torch.full((SIZE,), 2.0)):
        made.clear()
        runs.clear()
        source = x.clone()
        found = []
        # The first stage of a network gets the batch itself, which nothing may write to.
        for k, value in walk.run(source, lambda k, d, v, again: step(k, d, v.clone() if d == 0 else v, again)):
            found.append((k, value.clone()))
            del value
        assert [k for k, _ in found] == list(range(len(chains)))
        for (_, value), chain in zip(found, chains, strict=True):
            assert torch.equal(value, _alone(chain, x))
        assert walk.kept_bytes == 0 and walk.peak_bytes <= bound
        assert torch.equal(source, x)


@given(CHAINS)
@settings(max_examples=50, deadline=None)
def test_with_enough_memory_each_beginning_runs_once(chains: Chains) -> None:
    chains = sorted(chains)
    walk = Walk(chains, 10**9)
    for _ in walk.run(torch.ones(SIZE), lambda k, depth, value, again: value + 1):
        pass
    assert walk.num_runs == len(_prefixes(chains))


def test_without_memory_every_chain_runs_whole() -> None:
    chains = [(0, 1), (0, 2), (0, 3)]
    walk = Walk(chains, 0)
    assert [k for k, _ in walk.run(torch.ones(SIZE), lambda k, d, v, again: v + 1)] == [0, 1, 2]
    assert (walk.num_runs, walk.peak_bytes) == (6, 0)


def test_only_partings_are_kept_and_one_storage_counts_once() -> None:
    chains = [(0, 1, 2, 3), (0, 1, 2, 4), (0, 5, 6, 7)]
    assert partings(chains) == [(3, 1), (1,), ()]
    walk = Walk(chains, 10**9)
    for _ in walk.run(torch.ones(SIZE), lambda k, d, v, again: (v, v[:2]) if d < 3 and not k + d else v):
        pass
    assert walk.peak_bytes == 4 * SIZE, "all values are one storage"


def test_values_that_cannot_be_counted_are_not_kept() -> None:
    chains = [(0, 1), (0, 2)]
    walk = Walk(chains, 10**9)
    for _ in walk.run(torch.ones(SIZE), lambda k, d, v, again: {"x": v}):
        pass
    assert (walk.num_runs, walk.peak_bytes) == (4, 0)

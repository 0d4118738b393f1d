"""Conformance suite for proposers: everything the seam promises, to be run on your own.

from bnao.testing.proposers import check_proposer

def test_my_proposer():
    check_proposer(lambda grammar, config, seed: MyProposer(grammar), grammar, ControllerConfig(epochs=3))
"""

from __future__ import annotations

import io
from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from bnao.arch import Architecture, Grammar
from bnao.controller import ControllerConfig, Proposals, Proposer
from bnao.controller.base import ProposerFactory
from bnao.cost.feasible import FeasibleSpace
from bnao.errors import SettingError


def check_proposer(
    make: ProposerFactory,
    grammar: Grammar,
    config: ControllerConfig | None = None,
    *,
    feasible: FeasibleSpace | None = None,
    pool: int = 40,
    wanted: int = 12,
) -> None:
    """Assert that the proposers of ``make(grammar, config, seed)`` keep the contract of the seam.

    Give a ``config`` with few epochs, and a space of more than ``pool + wanted`` architectures. A space of at most 2000
    is also asked for more than it has.
    """
    config = config or ControllerConfig()
    feasible = feasible or FeasibleSpace(grammar)
    architectures = feasible.sample_distinct(pool, np.random.default_rng(0))
    scores_P = np.random.default_rng(1).normal(size=len(architectures))
    seen = {a.id for a in architectures}

    def fitted(seed: int = 0) -> Proposer:
        proposer = make(grammar, config, seed)
        report = proposer.fit(architectures, scores_P, seed)
        assert all(np.isfinite(value) for value in report.figures.values()), f"figures are finite: {report.figures}"
        assert report.predicted.keys() <= seen, "predictions of a fit are of held-out architectures of its pool, by id"
        assert all(np.isfinite(value) for value in report.predicted.values()), "predictions are finite"
        return proposer

    _check_before_fit(make(grammar, config, 0), feasible, wanted)
    proposer = fitted()
    _check_proposals(_propose(proposer, wanted, feasible, seen), wanted, feasible, seen)
    assert not _propose(proposer, 0, feasible, seen).architectures, "none asked, none given"
    _check_repeats(proposer, fitted(), wanted, feasible, seen)
    _check_state(proposer, make(grammar, config, 1), (architectures, scores_P), wanted, feasible, seen)
    _check_arguments(make(grammar, config, 0), architectures, scores_P, feasible, seen)
    _check_ties(make(grammar, config, 0), architectures, feasible, seen)
    _check_refusals(make(grammar, config, 0), architectures)
    if feasible.count() <= 2000:
        _check_exhaustion(proposer, feasible, seen)


def _propose(proposer: Proposer, n: int, feasible: FeasibleSpace, seen: set[str], seed: int = 7) -> Proposals:
    return proposer.propose(n, np.random.default_rng(seed), feasible, seen)


def _check_proposals(proposals: Proposals, wanted: int, feasible: FeasibleSpace, seen: set[str]) -> None:
    ids = [a.id for a in proposals.architectures]
    assert len(ids) == wanted, f"asked for {wanted}, got {len(ids)} from a space that has enough"
    assert len(set(ids)) == len(ids), "an architecture was proposed twice (modulo symmetry)"
    assert not seen & set(ids), "an architecture already seen was proposed"
    assert len(proposals.origins) == len(ids) and all(proposals.origins), "each proposal names its origin"
    assert len(proposals.predicted) in (0, len(ids)), (
        "predictions are of all proposals in their order, or there are none"
    )
    assert all(p is None or np.isfinite(p) for p in proposals.predicted), "predictions are finite, or None"
    for architecture in proposals.architectures:
        assert feasible.grammar.architecture(architecture.tokens) == architecture, "a proposal is legal"
        assert feasible.contains(architecture), f"a proposal breaks the limits: {architecture}"


def _check_before_fit(proposer: Proposer, feasible: FeasibleSpace, wanted: int) -> None:
    proposals = _propose(proposer, wanted, feasible, set())
    _check_proposals(proposals, wanted, feasible, set())
    assert set(proposals.origins) == {"random"}, "before any fit proposals are random, and say so"


def _check_repeats(one: Proposer, other: Proposer, wanted: int, feasible: FeasibleSpace, seen: set[str]) -> None:
    first = _propose(one, wanted, feasible, seen)
    assert _propose(one, wanted, feasible, seen) == first, "propose changes no state of the proposer"
    assert _propose(other, wanted, feasible, seen) == first, "equal seeds give equal proposals"


def _check_state(
    proposer: Proposer,
    empty: Proposer,
    data: tuple[Sequence[Architecture], NDArray[np.float64]],
    wanted: int,
    feasible: FeasibleSpace,
    seen: set[str],
) -> None:
    file = io.BytesIO()
    torch.save(proposer.state_dict(), file)
    file.seek(0)
    empty.load_state_dict(torch.load(file, weights_only=True))
    assert _propose(empty, wanted, feasible, seen) == _propose(proposer, wanted, feasible, seen), "state round trip"
    for each in (proposer, empty):
        each.fit(*data, 5)
    assert _propose(empty, wanted, feasible, seen) == _propose(proposer, wanted, feasible, seen), (
        "a fit after the state round trip equals the fit without it"
    )


def _check_arguments(
    proposer: Proposer,
    architectures: list[Architecture],
    scores_P: NDArray[np.float64],
    feasible: FeasibleSpace,
    seen: set[str],
) -> None:
    given = (list(architectures), scores_P.copy(), set(seen))
    before = (str(np.random.get_state()), torch.get_rng_state(), torch.get_num_threads())
    proposer.fit(architectures, scores_P, 0)
    _propose(proposer, 3, feasible, seen)
    after = (str(np.random.get_state()), torch.get_rng_state(), torch.get_num_threads())
    assert architectures == given[0] and np.array_equal(scores_P, given[1]) and seen == given[2], "arguments are kept"
    assert before[0] == after[0], "numpy's global generator is not moved"
    assert torch.equal(before[1], after[1]), "torch's global generator is not moved"
    assert before[2] == after[2], "the number of torch threads is restored"


def _check_ties(
    proposer: Proposer, architectures: Sequence[Architecture], feasible: FeasibleSpace, seen: set[str]
) -> None:
    proposer.fit(architectures, np.zeros(len(architectures)), 0)
    _check_proposals(_propose(proposer, 3, feasible, seen), 3, feasible, seen)
    proposer.fit(architectures[:1], np.ones(1), 1)
    _check_proposals(_propose(proposer, 3, feasible, seen), 3, feasible, seen)


def _check_refusals(proposer: Proposer, architectures: Sequence[Architecture]) -> None:
    count = len(architectures)
    cases = {"NaN": [float("nan")] * count, "infinite": [float("inf")] * count, "too few": [0.0] * (count - 1)}
    for name, scores in cases.items():
        _check_refused(proposer, architectures, np.array(scores), name)
    _check_refused(proposer, [], np.zeros(0), "no")


def _check_refused(
    proposer: Proposer, architectures: Sequence[Architecture], scores_P: NDArray[np.float64], name: str
) -> None:
    try:
        proposer.fit(architectures, scores_P, 0)
    except SettingError:
        return
    raise AssertionError(f"{name} scores must be refused with SettingError")


def _check_exhaustion(proposer: Proposer, feasible: FeasibleSpace, seen: set[str]) -> None:
    left = feasible.count() - len(seen)
    found = _propose(proposer, left + 10, feasible, seen)
    _check_proposals(found, len(found.architectures), feasible, seen)
    # Draws by rejection may miss the very last ones of a space.
    assert 0.9 * left <= len(found.architectures) <= left, f"{len(found.architectures)} of the {left} left were found"

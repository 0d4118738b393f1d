"""Latencies told from whole networks: exact where time is a sum, honest where it is not."""

from __future__ import annotations

import numpy as np
import pytest

from bnao.cost.latency_fit import FEWEST, MOST, fit_wholes, informative, num_networks

RNG = np.random.default_rng(0)
PARTS = RNG.integers(0, 2, (300, 12))
MS = RNG.random(12)
NO_MACS = np.zeros(12, dtype=np.int64)


def test_what_is_a_sum_is_found() -> None:
    found = fit_wholes(PARTS[:40], NO_MACS, 0.5 + PARTS[:40] @ MS, np.ones(40, dtype=bool))
    assert found.offset_ms + PARTS @ found.part_ms == pytest.approx(0.5 + PARTS @ MS, rel=0.01)
    assert found.error is not None and found.error < 0.01


def test_the_error_is_that_of_networks_that_were_not_fitted() -> None:
    wholes = (0.5 + PARTS @ MS) * np.exp(0.1 * RNG.standard_normal(len(PARTS)))
    found = fit_wholes(PARTS[:40], NO_MACS, wholes[:40], np.ones(40, dtype=bool))
    left = (found.offset_ms + PARTS[40:] @ found.part_ms) / wholes[40:] - 1
    assert found.error == pytest.approx(np.sqrt((left**2).mean()), rel=0.4)


def test_parts_never_seen_are_told_by_their_multiply_adds() -> None:
    macs = np.arange(1, 13) * 1000
    seen = PARTS[PARTS[:, 11] == 0][:40]
    found = fit_wholes(seen, macs, 1.0 + seen @ macs / 1e4, np.ones(40, dtype=bool))
    assert found.part_ms[11] == pytest.approx(1.2, rel=0.05)
    assert (found.part_ms >= 0).all()


def test_rare_parts_are_among_the_chosen_and_half_are_drawn() -> None:
    rare = np.zeros((256, 30), dtype=np.int64)
    rare[:, :10] = RNG.integers(0, 2, (256, 10))
    for part in range(10, 30):
        rare[7 * part, part] = 1
    chosen, drawn = informative(rare, 48)
    assert len(chosen) == len(drawn) == 24 and not set(chosen) & set(drawn)
    assert rare[chosen][:, 10:].sum() >= 18
    assert informative(rare[:20], 48) == ([], list(range(20)))


def test_numbers_of_networks() -> None:
    assert [num_networks(parts) for parts in (1, 15, 100)] == [FEWEST, 30, MOST]

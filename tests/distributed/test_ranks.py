"""What processes say to one another arrives; one that is gone is missed, by name where its reason is known."""

from __future__ import annotations

import os
import signal
import time

import numpy as np
import pytest
import torch
from tests.distributed.processes import together
from torch import nn

from bnao.distributed import ALONE, ProcessLost, ranks
from bnao.distributed.agreement import Agreement
from bnao.distributed.ranks import FIRST
from bnao.errors import RunError


def test_everything_arrives() -> None:
    small, large = {"step": 3}, "x" * (3 * FIRST)
    state = {"weights": {"a": torch.arange(6.0).view(2, 3)}, "step": 4, "curve": [{"loss": 0.5}]}

    def work(group):
        flat = torch.full((5,), float(group.rank + 1))
        group.sum(flat)
        leads = group.rank == 0
        told = [group.broadcast(value if leads else None) for value in (small, large)]
        received = group.broadcast_state(state if leads else None)
        gathered, numbers = group.gather(group.rank * 10), group.all_numbers(-group.rank)
        taken = [group.count("n", 1) for _ in range(3)]
        if not leads:
            group.send(large)
        sent = group.receive(1) if leads else None
        group.post(f"note/{group.rank}")
        group.all_numbers(0)
        notes = [group.posted(f"note/{rank}") for rank in range(3)]
        group.require_alive()
        return flat.tolist(), told, received["weights"]["a"].tolist(), gathered, numbers, sorted(taken), sent, notes

    first, second = together(work)
    assert first[0] == second[0] == [3.0] * 5
    assert first[1] == second[1] == [small, large]
    assert first[2] == second[2] == state["weights"]["a"].tolist()
    assert (first[3], second[3]) == ([0, 10], [])
    assert first[4] == second[4] == [0, -1]
    assert sorted(first[5] + second[5]) == [1, 2, 3, 4, 5, 6]
    assert first[6] == large
    assert first[7] == second[7] == [True, True, False]


def test_one_process_is_a_group_too() -> None:
    flat = torch.ones(2)
    ALONE.sum(flat)
    assert (ALONE.rank, ALONE.size, flat.tolist()) == (0, 1, [1.0, 1.0])
    assert (ALONE.broadcast(3), ALONE.gather(4), ALONE.all_numbers(5)) == (3, [4], [5])
    assert not ALONE.posted("x")


def test_a_killed_process_is_missed() -> None:
    def work(group):
        if group.rank == 1:
            os.kill(os.getpid(), signal.SIGKILL)
        begin = time.monotonic()
        with pytest.raises(ProcessLost, match="the 2 processes of a run live until it ends; one of them is gone"):
            group.sum(torch.ones(3))
        return time.monotonic() - begin < 30

    assert together(work) == [True, None]


def test_a_process_that_leaves_says_why() -> None:
    def work(group):
        if group.rank == 1:
            group.leave("MemoryError: no memory")
            return None
        with pytest.raises(ProcessLost, match="process 1 ended: MemoryError: no memory"):
            group.sum(torch.ones(3))
        with pytest.raises(ProcessLost, match="no memory"):
            group.require_alive()
        return "missed"

    assert together(work) == ["missed", None]


def test_another_path_is_refused_in_all_processes_and_named() -> None:
    def work(group):
        root = nn.ModuleDict({"a": nn.Linear(2, 2), "b": nn.Linear(2, 2)})
        agreement, a, b = Agreement(root, group), list(root["a"].parameters()), list(root["b"].parameters())
        agreement.check(6, "1 0", a)
        said = []
        for path, active in ((f"1 {group.rank}", a), ("1 0", b if group.rank else a)):
            with pytest.raises(RunError, match="step 7 process 1 has another than process 0") as raised:
                agreement.check(6, path, active)
            said.append(str(raised.value))
        return said

    first, second = together(work)
    assert "process 0 has 1 0" in first[0] and "process 1 has 1 1" in second[0]
    assert "process 0 has 1 0" in first[1] and "process 1 has 1 0" in second[1]


def test_parts_are_added_in_the_same_order_on_one_process_and_on_two() -> None:
    from bnao.distributed.message import Layout, PairwiseSum

    parts = torch.from_numpy(np.random.default_rng(0).normal(size=(8, 50)).astype(np.float32))
    layout = Layout([torch.empty(50)], extra=0)

    def added(rows):
        sums = PairwiseSum()
        for row in rows:
            message = layout.empty()
            message.views[0].copy_(row)
            sums.add(message)
        return sums.total()

    def work(group):
        total = added(parts[4 * group.rank : 4 * group.rank + 4])
        total.sum_over(group)
        return total.views[0].tolist()

    first, second = together(work)
    assert first == second == added(parts).views[0].tolist()


def test_a_farewell_does_not_wait_for_who_is_elsewhere() -> None:
    def work(group):
        if group.rank == 0:
            begin = time.monotonic()
            group.farewell(("left", None), 0.5)
            return time.monotonic() - begin < 30
        with pytest.raises(ProcessLost):
            group.sum(torch.ones(3))
        return "missed"

    assert together(work) == [True, "missed"]


def test_a_process_without_a_sign_of_life_is_missed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody started it here, and it left nothing: as when another node is gone."""
    monkeypatch.setattr(ranks, "BEAT_SECONDS", 0.05)
    monkeypatch.setattr(ranks, "SILENCE_SECONDS", 3.0)

    def work(group):
        if group.rank == 1:
            os.kill(os.getpid(), signal.SIGKILL)
        until = time.monotonic() + 60
        with pytest.raises(ProcessLost, match="process 1 has given no sign of life for 3 s"):
            while time.monotonic() < until:
                group.require_alive()
                time.sleep(0.05)
        return "missed"

    assert together(work) == ["missed", None]


def test_a_process_that_gives_signs_of_life_may_be_silent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ranks, "BEAT_SECONDS", 0.05)
    monkeypatch.setattr(ranks, "SILENCE_SECONDS", 1.5)

    def work(group):
        until = time.monotonic() + 4
        while group.rank == 0 and time.monotonic() < until:
            group.require_alive()
            time.sleep(0.05)
        return group.all_numbers(group.rank)

    assert together(work) == [[0, 1], [0, 1]]


class Pending:
    """The work of a GPU that is done after so many questions."""

    def __init__(self, questions: float) -> None:
        self.left, self.waited = questions, False

    def is_completed(self) -> bool:
        self.left -= 1
        return self.left < 0

    def wait(self) -> None:
        self.waited = True


def test_a_gpu_s_work_is_waited_for_while_all_live(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ranks, "LOOK_SECONDS", 0.05)

    def work(group):
        if group.rank == 1:
            group.leave("MemoryError: no memory")
            return None
        done = Pending(3)
        group._await(done)
        with pytest.raises(ProcessLost, match="process 1 ended: MemoryError: no memory"):
            group._await(Pending(float("inf")))
        return done.waited

    assert together(work) == [True, None]


def test_a_gpu_s_work_is_not_waited_for_longer_than_a_step_may_take(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ranks, "LOOK_SECONDS", 0.05)

    def work(group):
        if group.rank == 0:
            group._seconds = 0.3
            with pytest.raises(ProcessLost, match=r"one of them did not come to a step within 0\.005 min"):
                group._await(Pending(float("inf")))
        return group.rank

    assert together(work) == [0, 1]

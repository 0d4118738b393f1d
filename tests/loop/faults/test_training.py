"""What can happen within a training: memory that runs out, values that are not finite, in the data or in the loss."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from tests.loop.conftest import MICRO
from tests.resume.outcome import outcome
from torch import nn
from torch.utils.data import TensorDataset

import bnao
import bnao.api as api
from bnao.cost.limits import Limits
from bnao.errors import NumericalError, RunError
from bnao.evaluation import pool
from bnao.loop import memory, winner
from bnao.loop.arms import best_first
from bnao.loop.memory import memory_error, ran_out
from bnao.loop.stage_names import stage_names
from bnao.loop.train.run import STAGES
from bnao.objective import METRICS
from bnao.storage import RunFolder
from bnao.training import loop

CPU = (
    "[enforce fail at alloc_cpu.cpp:114] data. DefaultCPUAllocator: not enough memory: you tried to allocate "
    "1073741824 bytes. Error code 12 (Cannot allocate memory)"
)
GPU = "CUDA out of memory. Tried to allocate 2.50 GiB. GPU 0 has a total capacity of 10.00 GiB"


def test_memory_is_told_from_other_errors() -> None:
    with pytest.raises(RuntimeError) as caught:
        torch.empty(2**58)
    assert (
        ran_out(caught.value) and ran_out(MemoryError()) and ran_out(RuntimeError(GPU)) and ran_out(RuntimeError(CPU))
    )
    assert not ran_out(RuntimeError("mat1 and mat2 shapes cannot be multiplied")) and not ran_out(OSError(CPU))
    assert "supernet-1 needs more memory than there is (1073741824 bytes at once)" in str(
        memory_error("supernet-1", RuntimeError(CPU))
    )
    assert "(2.50 GiB at once)" in str(memory_error("final", RuntimeError(GPU)))
    assert "fewer processes (--processes 1)" in str(memory_error("rank", MemoryError()))


def test_every_stage_has_a_setting_that_takes_less_memory() -> None:
    limited = replace(MICRO, limits=Limits(max_latency_ms=1.0), max_minutes=1.0)
    stages = [*stage_names(limited, check=True), *STAGES, "steps"]  # of a search, a training and dry runs
    assert all(stage.partition("-")[0] in memory.SETTINGS for stage in stages)
    assert "train anew with a lower training.batch_size" in str(memory_error("train", MemoryError()))


def failing_at(monkeypatch: pytest.MonkeyPatch, module: Any, name: str, count: int) -> None:
    """The ``count``-th call of a function of ``module`` runs out of memory."""
    real, left = getattr(module, name), [count]

    def call(*arguments: Any, **keywords: Any) -> Any:
        left[0] -= 1
        if left[0] == 0:
            raise RuntimeError(CPU)
        return real(*arguments, **keywords)

    monkeypatch.setattr(module, name, call)


@pytest.mark.parametrize(
    ("module", "name", "count", "words"),
    [
        (loop, "_step", 11, r"supernet-2 needs .* lower supernet.training.batch_size"),
        (pool, "_called", 30, r"scoring-1 needs .* lower scoring.batch_size"),
        (loop, "_step", 20, r"rerank needs .* lower rerank.training.batch_size"),
    ],
)
def test_out_of_memory_at_a_batch(
    module: Any, name: str, count: int, words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, undisturbed
) -> None:
    with monkeypatch.context() as patch:
        failing_at(patch, module, name, count)
        with pytest.raises(RunError, match=words) as caught:
            api.search(replace(MICRO, save_seconds=0.0), tmp_path / "run", recipe="micro")
    assert "the last good state is kept" in str(caught.value) and "bnao resume" in str(caught.value)
    api.resume(tmp_path / "run")
    assert outcome(tmp_path / "run") == undisturbed


class Net(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.block = bnao.OneOf({8: lambda: nn.Linear(4, 8), 4: lambda: nn.Linear(4, 8, bias=False)})
        self.head = nn.Linear(8, 2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.head(self.block(x).relu())


def data(num: int, bad: bool, value: float = float("nan")) -> TensorDataset:
    x = torch.randn(num, 4, generator=torch.Generator().manual_seed(num))
    targets = (x[:, 0] > 0).long()
    if bad:
        x[3, 1] = value
    return TensorDataset(x, targets)


SETTINGS = {"loop.pool": 2, "loop.rounds": 1, "rerank.top": 1, "threads": 1, "controller.epochs": 2}


def search(out: Path, *, train: bool = False, valid: bool = False, test: bool = False) -> bnao.Result:
    return bnao.search(
        Net, out, train=data(64, train), valid=data(32, valid), test=data(20, test), seed=0, epochs=1, settings=SETTINGS
    )


def test_a_nan_in_training_data_is_told_from_a_divergence(tmp_path: Path) -> None:
    with pytest.raises(NumericalError, match=r"supernet-1 .*the inputs of this batch hold values that are not finite"):
        search(tmp_path / "run", train=True)
    assert RunFolder.open(tmp_path / "run").has("inputs.json")


def test_a_nan_in_validation_data_ends_the_search_before_it_chooses(tmp_path: Path) -> None:
    with pytest.raises(NumericalError, match=r"scoring-1 \(scoring\): .* none of 2 has: look for values in the data"):
        search(tmp_path / "run", valid=True)


def test_a_nan_in_held_out_data_is_warned_of(tmp_path: Path) -> None:
    assert any("set aside is nan" in text for text in search(tmp_path / "run", test=True).summary.warnings)


def test_a_nan_in_the_loss(tmp_path: Path) -> None:
    calls = [0]

    def loss(outputs: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
        calls[0] += 1
        return nn.functional.cross_entropy(outputs, targets) * (float("nan") if calls[0] == 6 else 1.0)

    with pytest.raises(NumericalError, match=r"must stay finite; received nan: lower the learning rate .* is kept in"):
        bnao.search(
            Net, tmp_path / "run", train=data(64, False), valid=data(32, False), loss=loss, metric="accuracy",
            seed=0, epochs=1, settings=SETTINGS,
        )  # fmt: skip
    RunFolder.resume(tmp_path / "run").close()


def test_a_winner_that_answers_nan_ends_the_search(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its last training took one step too far; the held-out data are finite."""
    real = winner.lead_final

    def spoiled(*arguments: Any) -> Any:
        trained = real(*arguments)
        next(iter(trained.module.parameters())).data.fill_(float("nan"))
        return trained

    with monkeypatch.context() as patch:
        patch.setattr(winner, "lead_final", spoiled)
        with pytest.raises(NumericalError, match=r"measure \(final\): a finished network must .* anew; the last"):
            search(tmp_path / "run")
    assert RunFolder.open(tmp_path / "run").status == "running"


def test_a_network_without_a_metric_is_never_the_best() -> None:
    bench = SimpleNamespace(objective=SimpleNamespace(metric=METRICS.get("r2")))
    found = [SimpleNamespace(valid_metric=value) for value in (0.1, float("nan"), 0.3)]
    assert [c.valid_metric for c in best_first(bench, found)][:2] == [0.3, 0.1]

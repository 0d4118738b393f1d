"""The benchmark of speed: its plain supernet computes the product's function, and the command runs."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from bnao.spaces.config import NetworkConfig, SpaceConfig
from bnao.spaces.nao_cell import NaoCellSpace
from bnao.supernet import Supernet
from bnao.task import Task

FOLDER = Path(__file__).parents[2] / "benchmarks" / "speed"


def load(name: str, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(FOLDER))
    spec = importlib.util.spec_from_file_location(f"speed_{name}", FOLDER / f"{name}.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, spec.name, module)
    spec.loader.exec_module(module)
    return module


def pairs(plain: Any, ours: Any) -> list[tuple[torch.nn.Parameter, torch.nn.Parameter]]:
    """Parameters of the plain supernet with those of the product's that mean the same."""
    parts = [(plain.stem, ours.stem), (plain.classify, ours.head)]
    for mine, theirs in zip(plain.cells, ours.cells, strict=True):
        parts += [(mine.older, theirs.calibrations[0]), (mine.newer, theirs.calibrations[1])]
        for key, module in mine.operations.items():
            node, side, op, source = key.split("_")
            parts.append((module, theirs.candidates[f"node{node}_side{side}_op{op}_input{source}"]))
        if mine.to_size is not None:
            parts += [(mine.to_size[state], theirs.reductions[str(state)]) for state in range(2)]
        parts.append((mine.norm, theirs.projection.norm))
    found = [
        pair
        for left, right in parts
        for pair in zip(left.parameters(), right.parameters(), strict=True)
    ]  # fmt: skip
    for mine, theirs in zip(plain.cells, ours.cells, strict=True):
        found += [(weight, theirs.projection.slices[str(state)]) for state, weight in enumerate(mine.slices)]
    return found


def test_plain_supernet_is_the_same_function(monkeypatch: pytest.MonkeyPatch) -> None:
    baseline = load("baseline", monkeypatch)
    torch.manual_seed(0)
    space = NaoCellSpace(SpaceConfig(nodes=3))
    task = Task(in_channels=3, image_size=(8, 8), num_classes=4)
    skeleton = space.skeleton(NetworkConfig(output="project", cells_per_stage=1, channels=4), task)
    supernet = Supernet(skeleton.build_supernet())
    plain = baseline.PlainSupernet(cells_per_stage=1, channels=4, classes=4, nodes=3, drop_path_keep=0.9).double()
    supernet.root.double()
    matched = pairs(plain, supernet.root)
    assert {id(mine) for mine, _ in matched} == {id(p) for p in plain.parameters()}
    assert {id(theirs) for _, theirs in matched} == {id(p) for p in supernet.root.parameters()}
    with torch.no_grad():
        for mine, theirs in matched:
            mine.copy_(theirs)
    supernet.start_training()
    x, labels = torch.randn(6, 3, 8, 8, dtype=torch.float64), torch.randint(4, (6,))
    for architecture in space.grammar.sample(6, np.random.default_rng(0)):
        normal, reduction = space.grammar.nodes_of(architecture.tokens)
        ours, theirs = supernet.path(architecture)(x), plain(x, normal, reduction)
        torch.testing.assert_close(theirs, ours, rtol=1e-9, atol=1e-9)
        plain.zero_grad(set_to_none=False)
        supernet.root.zero_grad()
        F.cross_entropy(ours, labels).backward()
        F.cross_entropy(theirs, labels).backward()
        for mine, product in matched:
            if product.grad is None:
                assert mine.grad is None or not mine.grad.any()
            else:
                torch.testing.assert_close(mine.grad, product.grad, rtol=1e-7, atol=1e-9)


def test_plain_training_moves_all_weights(monkeypatch: pytest.MonkeyPatch) -> None:
    baseline = load("baseline", monkeypatch)
    plain = baseline.PlainSupernet(cells_per_stage=1, channels=4, classes=4, nodes=2, drop_path_keep=0.9)
    training = baseline.PlainTraining(plain)
    before = [parameter.detach().clone() for parameter in plain.parameters()]
    nodes = [((0, 0), (1, 1)), ((2, 2), (0, 3))]
    training.step(torch.randn(4, 3, 8, 8), torch.randint(4, (4,)), nodes, nodes, 0.5)
    zeros = [bool((parameter == 0).all()) for parameter in before]  # biases, which weight decay leaves where they are
    still = [torch.equal(a, b) for a, b in zip(before, plain.parameters(), strict=True)]
    assert sum(still) <= sum(zeros) < len(zeros)
    assert all(parameter.grad is not None for parameter in plain.parameters())


def test_token_by_token_is_the_same_loss(monkeypatch: pytest.MonkeyPatch) -> None:
    from bnao.controller.nao import NaoModel
    from bnao.controller.nao.training import losses

    schedule = load("paper_schedule", monkeypatch)
    torch.manual_seed(0)
    model = NaoModel(num_words=7, words_per_step=2, embedding=4, hidden=8)
    words, targets = torch.randint(7, (5, 6)), torch.rand(5)
    whole = losses(model, words, targets)
    torch.testing.assert_close(schedule.losses(model, words, targets), whole)


def test_results_are_merged_by_part(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    results = load("results", monkeypatch)
    out = tmp_path / "results.json"
    for number, space in enumerate(results.SPACES):
        results.merge(out, "steps", space, {"ratio": {"median": 1.0 + number / 100}})
        written = json.loads(out.read_text())
        assert ("supernet_over_standalone_step" in written) == (space == results.SPACES[-1])
    assert written["supernet_over_standalone_step"] == 1.03
    results.merge(out, "steps", "own", {"ratio": {"median": 1.5}})
    assert json.loads(out.read_text())["supernet_over_standalone_step"] == 1.5
    assert "MISSED" in results.table(results.read(out))


def run(*words: str) -> str:
    command = [sys.executable, str(FOLDER / "run.py"), *words]
    return subprocess.run(command, capture_output=True, text=True, timeout=300, check=True).stdout


def test_the_command_runs(tmp_path: Path) -> None:
    kept = (FOLDER / "results.json").read_bytes() if (FOLDER / "results.json").exists() else None
    assert "6 sizes of 1000 architectures" in run("--quick", "--only", "sizes")
    now = (FOLDER / "results.json").read_bytes() if (FOLDER / "results.json").exists() else None
    assert now == kept  # figures of the quick scale are not kept

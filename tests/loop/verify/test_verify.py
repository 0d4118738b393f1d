"""`bnao verify`: a whole run agrees to the bit, every changed figure is found, and nothing is written."""

from __future__ import annotations

import json
import shlex
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from tests.loop.conftest import MICRO, Enough, StopAt
from tests.report.web.test_live import digest
from torch import nn
from torch.utils.data import TensorDataset

import bnao
import bnao.api as api
from bnao.cli.main import main
from bnao.errors import RunError, SettingError
from bnao.loop.inputs import run_config
from bnao.loop.result import read_result
from bnao.loop.verify.checks import Checks, Verification
from bnao.loop.verify.network import rebuilt
from bnao.loop.verify.search import claimed
from bnao.storage import RunFolder
from bnao.storage.checkpoints import load_weights


def by_name(found: Verification) -> dict[str, str]:
    return {check.name: check.outcome for check in found.checks}


def differing(found: Verification) -> list[str]:
    return [check.name for check in found.of("differs")]


@pytest.fixture
def copied(micro, tmp_path: Path) -> Path:
    shutil.copytree(micro[0].path, tmp_path / "run")
    return tmp_path / "run"


def changed(path: Path, name: str, change: Callable[[Any], Any]) -> None:
    """Another value of a JSON file of the state, as if the run had written it."""
    with RunFolder.resume(path) as run, run.commit() as commit:
        commit.write_json(name, change(run.read_json(name)))


def test_a_finished_run_agrees_to_the_bit_and_stays_as_it_was(micro) -> None:
    path = micro[0].path
    before = digest(path)
    found = bnao.verify(path)
    assert found.ok and found.exact, [check for check in found.checks if check.outcome != "agrees"]
    assert digest(path) == before
    names = by_name(found)
    assert {"files", "pool", "parameters", "multiply-adds", "held out", "gain", "pool sizes"} <= names.keys()
    assert sum(name.startswith("score ") for name in names) == 4
    assert all("equal to the bit" in c.text for c in found.checks if c.name.startswith(("score ", "held out", "gain")))


def test_what_a_run_folder_holds_is_enough_to_repeat_it(micro, tmp_path: Path) -> None:
    from tests.resume.outcome import outcome

    path = micro[0].path
    again = api.search(run_config(RunFolder.open(path)), tmp_path / "again", recipe="micro")
    assert outcome(again.path) == outcome(path)


def winner(**values: Any) -> Callable[[Any], Any]:
    return lambda result: {**result, "winner": {**result["winner"], **values}}


def first_trained(**values: Any) -> Callable[[Any], Any]:
    return lambda result: {**result, "trained": [{**result["trained"][0], **values}, *result["trained"][1:]]}


CHANGES: dict[str, Callable[[Any], Any]] = {
    "held out": winner(test_metric=0.9),
    "standard error": winner(test_standard_error=0.5),
    "parameters": winner(num_params=7),
    "multiply-adds": winner(macs=7),
    "id": winner(id="0"),
    "searched": first_trained(valid_metric=1.0),
    "scores of the result": first_trained(score=-9.0),
    "searched: sizes": first_trained(num_params=9),
    "gain": lambda result: {**result, "gain": 0.5},
    "pool size": lambda result: {**result, "pool_size": 9},
}


def test_every_changed_figure_is_found(copied: Path) -> None:
    before = RunFolder.open(copied).read_json("result.json")
    for name, change in CHANGES.items():
        assert change(before) != before, name
        changed(copied, "result.json", change)
    (copied / "result.json").unlink()
    RunFolder.open(copied).publish("result.json")
    found = differing(bnao.verify(copied, others=0))
    assert len(found) == len(CHANGES) and all(any(n.startswith(name) for n in found) for name in CHANGES), found


def test_other_weights_and_other_scores_are_found(copied: Path) -> None:
    with RunFolder.resume(copied) as run, run.pool() as pool, run.commit() as commit:
        tensors, metadata = run.read_weights("winner.safetensors")
        name = next(name for name, tensor in tensors.items() if tensor.dim() == 4)
        commit.write_weights("winner.safetensors", {**tensors, name: tensors[name] + 1}, metadata)
        pool._next_generation = lambda: 0
        pool.set_scores(2, {pool.best(1)[0].id: 5.0})
        commit.include(pool)
    found = differing(bnao.verify(copied))
    assert "held out" in found and any(name.startswith("score ") for name in found)
    assert "winner.safetensors" in found  # the copy for people is the old one


def test_damage_is_a_check_and_no_error(copied: Path) -> None:
    run = RunFolder.open(copied)
    for name in ("supernet.pt", "coverage.json"):
        path = run.path / run.manifest.files[name].file
        path.write_bytes(path.read_bytes()[:-9])
    with (copied / "pool.sqlite").open("r+b") as file:
        file.truncate(3000)
    (copied / "events.jsonl").write_bytes(b"{}\n" + (copied / "events.jsonl").read_bytes())
    (copied / "result.json").write_text("{}")
    found = bnao.verify(copied)
    assert {"files", "pool", "events", "result.json"} <= set(differing(found))
    assert by_name(found)["held out"] == "agrees"
    (copied / "manifest.json").write_text("{")
    assert differing(bnao.verify(copied)) == ["manifest"]


def test_data_that_have_moved_or_changed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    draw = np.random.default_rng(0)
    images, labels = draw.integers(0, 256, (240, 8, 8, 3), dtype=np.uint8), np.arange(240) % 3
    old, new = tmp_path / "old.npz", tmp_path / "new.npz"
    np.savez(old, x_train=images, y_train=labels)
    config = replace(MICRO, data=replace(MICRO.data, source=f"npz:{old}", cache=False, max_train_images=None))
    path = api.search(config, tmp_path / "run").path
    old.rename(new)
    found = bnao.verify(path)
    assert not found.ok and differing(found) == [] and by_name(found)["data"] == "not checked"
    [data] = found.of("not checked")
    assert "a run folder holds no images" in data.text and "old.npz" in data.text and "--data" in data.text
    assert by_name(found)["parameters"] == by_name(found)["multiply-adds"] == "agrees"  # these need no data
    assert main(["verify", str(path)]) == 1 and "1 of" in capsys.readouterr().out
    assert main(["verify", str(path), "--data", f"npz:{new}", "--json", "--others", "1"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert {check["outcome"] for check in told["checks"]} == {"agrees"} and told["exact"] is True
    images[0] ^= 1
    np.savez(new, x_train=images, y_train=labels)
    found = bnao.verify(path, data=f"npz:{new}")
    assert differing(found) == ["data"] and "held out" not in by_name(found)


def test_an_unfinished_run(tmp_path: Path) -> None:
    path = tmp_path / "run"
    with pytest.raises(Enough):
        api.search(replace(MICRO, save_seconds=0.0), path, listener=StopAt("epoch", stage="supernet-2"))
    found = bnao.verify(path)
    assert [check.name for check in found.of("not checked")] == ["result"] and differing(found) == []
    assert any(name.startswith("score ") for name in by_name(found))


def test_a_ranking_is_computed_again_from_its_rows(ranked, tmp_path: Path) -> None:
    path = tmp_path / "run"
    shutil.copytree(ranked[0], path)
    found = by_name(bnao.verify(path, others=0))
    assert found["ranking: figures"] == found["ranking: ranking.csv"] == found["ranking: copies"] == "agrees"
    text = (path / "ranking.csv").read_text()
    (path / "ranking.csv").write_text(text.replace("searched", "x").replace(",random,", ",nao,", 1))
    assert differing(bnao.verify(path, others=0)) == ["ranking: ranking.csv"]
    (path / "ranking.csv").write_text(text)
    with RunFolder.resume(path / "ranking", ranking=True) as run, run.commit() as commit:
        result = run.read_json("ranking.json")
        result["report"]["score"]["overall"]["kendall"]["value"] = 0.99
        commit.write_json("ranking.json", result)
    assert "ranking: figures" in differing(bnao.verify(path, others=0))


class Net(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.block = bnao.OneOf({8: lambda: nn.Linear(4, 8), 4: lambda: nn.Linear(4, 8, bias=False)})
        self.head = nn.Linear(8, 2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.head(self.block(x).relu())


def test_a_model_of_your_own_from_python(tmp_path: Path) -> None:
    x = torch.randn(96, 4, generator=torch.Generator().manual_seed(0))
    train, valid = TensorDataset(x[:64], (x[:64, 0] > 0).long()), TensorDataset(x[64:], (x[64:, 0] > 0).long())
    settings = {"loop.pool": 2, "loop.rounds": 1, "rerank.top": 1, "threads": 1, "controller.epochs": 2}
    result = bnao.search(Net, tmp_path / "run", train=train, valid=valid, seed=0, epochs=1, settings=settings)
    assert bnao.verify(result).ok
    assert bnao.verify(result.path, model=Net, train=train, valid=valid).ok
    found = bnao.verify(result.path)
    assert {c.name for c in found.of("not checked")} == {"data", "network"} and not found.ok


PLUGIN = """
import bnao
from torch import nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = nn.Conv2d(3, 4, 3)
        self.block = bnao.OneOf({"k3": lambda: nn.Conv2d(4, 10, 3), "k1": lambda: nn.Conv2d(4, 10, 1)})

    def forward(self, x):
        return self.block(self.stem(x)).mean(dim=(2, 3))
"""


def test_a_model_of_a_plugin_and_its_text(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "net.py").write_text(PLUGIN)
    short = " ".join(f"--{name}.training.epochs 0.5" for name in ("supernet", "rerank", "final"))
    small = "--data.resolution 8 --data.max-train-images 200 --loop.pool 2 --loop.rounds 1 --rerank.top 1"
    words = ["search", "--plugin", f"{tmp_path / 'net.py'}:Net", "--out", str(tmp_path / "run"), "--data", "sample"]
    words += shlex.split(f"{small} {short}")
    assert main([*words, "--threads", "1"]) == 0
    [kept] = RunFolder.open(tmp_path / "run").read_json("plugins.json")
    assert kept["text"] == PLUGIN
    capsys.readouterr()
    assert main(["verify", str(tmp_path / "run")]) == 0, capsys.readouterr().out


def test_bad_arguments(micro, tmp_path: Path) -> None:
    with pytest.raises(RunError, match="is missing: check the path"):
        bnao.verify(tmp_path / "none")
    with pytest.raises(SettingError, match="others is at least 0; received -1"):
        bnao.verify(micro[0].path, others=-1)


def test_numbers_agree_to_the_bit_or_within_the_tolerance() -> None:
    checks = Checks()
    for recorded, found in ((0.5, 0.5), (0.5, 0.504), (100.0, 100.4), (0.5, 0.51), (0.5, float("nan")), (None, 0.1)):
        checks.close("x", recorded, found, "x")
    checks.close("x", float("nan"), float("nan"), "x")
    checks.exact = True
    checks.close("x", 0.5, np.nextafter(0.5, 1.0), "x")
    outcomes = [check.outcome for check in checks.found]
    assert outcomes == ["agrees", "agrees", "agrees", "differs", "differs", "differs", "agrees", "differs"]


def test_weights_of_another_network_are_no_crash(copied: Path) -> None:
    tensors, metadata = load_weights(copied / "winner.safetensors")
    for change in ({"network": "{}"}, {"network": '{"channels": 99998}'}, {"task": "[1"}, {"space": "7"}):
        with RunFolder.resume(copied) as run:
            with run.commit() as commit:
                commit.write_weights("winner.safetensors", tensors, {**metadata, **change})
            checks = Checks()
            said = claimed(run_config(run), read_result(run))
            assert rebuilt(run, "winner.safetensors", said, None, checks) is None
        assert [(check.name, check.outcome) for check in checks.found] == [("network", "differs")]

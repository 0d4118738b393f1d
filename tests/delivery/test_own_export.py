"""A model and data given in Python, exported from the result: named inputs, whole numbers among them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import onnxruntime
import pytest
import torch
from tests.loop.test_own_search import MICRO
from torch import Tensor, nn
from torch.utils.data import Dataset

import bnao
from bnao.delivery.description import read_description
from bnao.errors import RunError, SettingError


class Words(nn.Module):
    """A few word numbers and one number, to two classes."""

    def __init__(self) -> None:
        super().__init__()
        self.embedding = nn.Embedding(10, 4)
        self.body = bnao.OneOf(
            {"wide": lambda: nn.Linear(5, 8), "deep": lambda: nn.Sequential(nn.Linear(5, 8), nn.Tanh())}
        )
        self.more = bnao.Repeat(lambda: nn.Linear(8, 8), times=(0, 1))
        self.head = nn.Linear(8, 2)

    def forward(self, words: Tensor, length: Tensor) -> Tensor:
        told = self.embedding(words).mean(1)
        return self.head(self.more(self.body(torch.cat([told, length[:, None]], 1))))


class Texts(Dataset[Any]):
    def __len__(self) -> int:
        return 64

    def __getitem__(self, k: int) -> Any:
        words = torch.tensor([k % 10, (3 * k) % 10, (7 * k) % 10])
        return {"words": words, "length": torch.tensor(float(k % 5))}, int(words.sum() > 13)


@pytest.fixture(scope="module")
def result(tmp_path_factory: pytest.TempPathFactory) -> bnao.Result:
    settings = MICRO | {"loop.pool": 4, "loop.rounds": 1, "rerank.top": 1}
    out = tmp_path_factory.mktemp("own") / "run"
    return bnao.search(Words, out, train=Texts(), epochs=0.5, seed=0, settings=settings, max_latency_ms=1000.0)


def test_every_file_computes_what_the_module_does(result: bnao.Result, tmp_path: Path) -> None:
    out = tmp_path / "network"
    found = bnao.export(result, out)
    assert (
        found.mean is None and found.task is None and found.source == "model.pt2" and "no model.py" in found.source_note
    )
    assert read_description(out) == found
    assert not (out / "model.py").exists() and (out / "architecture.svg").exists()
    inputs = {"words": torch.randint(0, 10, (5, 3)), "length": torch.rand(5)}
    with torch.no_grad():
        expected = result.module(**inputs)
        program = torch.export.load(str(out / "model.pt2")).module()
        assert torch.allclose(program(**inputs), expected, atol=1e-6)
    session = onnxruntime.InferenceSession(str(out / "model.onnx"), providers=["CPUExecutionProvider"])
    (logits,) = session.run(None, {name: tensor.numpy() for name, tensor in inputs.items()})
    assert torch.allclose(torch.from_numpy(logits), expected, atol=1e-4)


def test_what_only_python_knows_is_not_guessed(result: bnao.Result, tmp_path: Path) -> None:
    with pytest.raises(RunError, match=r"bnao\.resume\("):
        bnao.export(result.path, tmp_path / "network")
    bnao.export(result, tmp_path / "network", onnx=False)
    with pytest.raises(SettingError, match="inputs are prepared by you"):
        bnao.predict(tmp_path / "network", ["a.png"])


def test_a_network_that_torch_cannot_follow_is_delivered_as_weights(
    result: bnao.Result, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unfollowed(self: Words, words: Tensor, length: Tensor) -> Tensor:
        told = self.embedding(words).mean(1) * (2 if float(length.sum()) > 1 else 1)
        return self.head(self.more(self.body(torch.cat([told, length[:, None]], 1))))

    monkeypatch.setattr(Words, "forward", unfollowed)
    found = bnao.export(result, tmp_path / "network", onnx=False)
    assert found.source == "" and "no model.pt2" in found.source_note
    assert sorted(p.name for p in (tmp_path / "network").iterdir()) == [
        "architecture.json", "architecture.svg", "model.safetensors",
    ]  # fmt: skip
    with pytest.raises(SettingError, match="leave the file out"):
        bnao.export(result, tmp_path / "with_onnx")

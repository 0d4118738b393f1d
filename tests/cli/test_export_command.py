from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from bnao.cli.main import main


@pytest.fixture(scope="module")
def run(micro: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return Path(shutil.copytree(micro[0].path, tmp_path_factory.mktemp("runs") / "micro"))


def test_export_and_predict(run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "network"
    assert main(["export", str(run), "--out", str(out), "--no-onnx"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [Path(line.split()[0]).name for line in lines] == [
        "model.safetensors", "architecture.json", "model.py", "architecture.svg",
    ]  # fmt: skip
    Image.fromarray(np.zeros((9, 9, 3), np.uint8)).save(tmp_path / "a.png")
    assert main(["predict", str(out), str(tmp_path / "a.png"), "--top", "2"]) == 0
    shown = capsys.readouterr().out
    assert shown.startswith(f"{tmp_path / 'a.png'}: ") and shown.count("%") == 2
    assert main(["predict", str(out), str(tmp_path / "a.png"), str(tmp_path / "a.png"), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert len(found) == 2 and len(found[0]["top"]) == 3 and set(found[0]["top"][0]) == {"label", "name", "probability"}
    assert main(["export", str(run), "--out", str(out), "--no-onnx"]) == 2
    assert "new or empty folder" in capsys.readouterr().err


def test_default_folder(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["export", str(run), "--no-onnx"]) == 0
    assert (run.parent / "micro-network" / "model.py").exists()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["export", "none"], "bnao train --out"),
        (["predict", "none", "a.png"], "bnao export --out"),
        (["predict", "none"], "at least one picture"),
        (["predict", "none", "a.png", "--top", "0"], "--top is at least 1"),
    ],
)
def test_errors(
    words: list[str], message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(words) == 2
    err = capsys.readouterr().err
    assert err.startswith("bnao: error: ") and message in err and err.count("\n") == 1

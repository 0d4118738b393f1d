from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import onnxruntime
import pytest
import torch
from tests.delivery.conftest import Made
from torch import nn

from bnao.delivery import onnx_file
from bnao.delivery.examples import example_batch
from bnao.delivery.onnx_file import require_onnx, write_onnx
from bnao.errors import NumericalError, SettingError
from bnao.task import Task

IMAGES = example_batch(Task(in_channels=3, image_size=(8, 8), num_classes=2))


@pytest.mark.parametrize("case", ["nasbench201", "mobile"])
def test_equals_torch(case: str, make: Callable[[str, int], Made], tmp_path: Path) -> None:
    module, description = make(case, 4)
    task = description.task
    check = write_onnx(tmp_path / "a.onnx", module, example_batch(task))
    assert check.batch_sizes == (1, 3) and check.largest_difference <= 1e-4 * max(1.0, check.largest_logit)
    session = onnxruntime.InferenceSession(str(tmp_path / "a.onnx"), providers=["CPUExecutionProvider"])
    images = torch.randn(7, task.in_channels, *task.image_size)
    (found,) = session.run(["logits"], {"images": images.numpy()})
    with torch.no_grad():
        assert (torch.from_numpy(found) - module(images)).abs().max() <= 1e-4 * max(1.0, check.largest_logit)
    content = (tmp_path / "a.onnx").read_bytes()
    for trace in (str(Path(onnx_file.__file__).parents[2]), sys.prefix, str(tmp_path), "bnao", ".py"):
        assert trace.encode() not in content


def test_same_bytes_in_another_process(make: Callable[[str, int], Made], tmp_path: Path) -> None:
    write_onnx(tmp_path / "a.onnx", _small(), IMAGES)
    code = "import sys; from pathlib import Path; from tests.delivery.test_onnx_file import *; from " \
        "tests.delivery.test_onnx_file import _small; " \
        "write_onnx(Path(sys.argv[1]), _small(), IMAGES)"  # fmt: skip
    root = Path(__file__).parents[2]
    subprocess.run([sys.executable, "-c", code, str(tmp_path / "b.onnx")], check=True, cwd=root, timeout=300)
    assert (tmp_path / "a.onnx").read_bytes() == (tmp_path / "b.onnx").read_bytes()


def _small() -> nn.Module:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.Flatten(), nn.Linear(144, 2)).eval()


def test_what_differs_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(onnx_file, "TOLERANCE", -1.0)
    with pytest.raises(NumericalError, match="--no-onnx"):
        write_onnx(tmp_path / "a.onnx", _small(), IMAGES)
    assert not list(tmp_path.iterdir())


def test_missing_packages(monkeypatch: pytest.MonkeyPatch) -> None:
    require_onnx()
    monkeypatch.setattr(onnx_file, "find_spec", lambda name: None if name == "onnxscript" else object())
    with pytest.raises(SettingError, match=r"not installed: onnxscript: `pip install 'bnao\[export\]'`"):
        require_onnx()

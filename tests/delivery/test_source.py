"""``model.py``: computes what the network computes, without bnao; reads as a person would have written it."""

from __future__ import annotations

import subprocess
import sys
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
import torch
from tests.delivery.conftest import CASES, SMALL, Made, make_network, operations_added
from torch import Tensor, nn

from bnao.data.images import Images
from bnao.delivery.program import write_program
from bnao.delivery.source import Unwritable, model_source
from bnao.ops import Operation
from bnao.storage.checkpoints import save_weights

BLOCKED = """
import sys
for name in ("bnao", "safetensors", "scipy", "PIL", "onnx", "onnxruntime", "onnxscript"):
    sys.modules[name] = None
"""


def run_blocked(code: str, folder: Path) -> str:
    """What a process prints that has torch alone."""
    done = subprocess.run(
        [sys.executable, "-c", BLOCKED + code], cwd=folder, capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("draw", range(4))
def test_every_architecture_is_written(case: str, draw: int, make: Callable[[str, int], Made]) -> None:
    module, description = make(case, draw)
    source = model_source(module, description)  # compares names, shapes and outputs to the bit
    assert "bnao." not in source and "import bnao" not in source and "drop_path" not in source
    assert source == model_source(module, description)


def test_outputs_without_bnao(make: Callable[[str, int], Made], tmp_path: Path) -> None:
    for case in CASES:
        module, description = make(case, 7)
        folder = tmp_path / case.replace("-", "_")
        folder.mkdir()
        save_weights(folder / "model.safetensors", module.state_dict(), {"a": "b"})
        (folder / "model.py").write_text(model_source(module, description), encoding="utf-8")
        task = description.task
        pixels = torch.randint(0, 256, (3, task.in_channels, *task.image_size), dtype=torch.uint8)
        mean, std = torch.tensor(description.mean), torch.tensor(description.std)
        images = Images(images_NCHW=pixels, labels_N=torch.zeros(3, dtype=torch.int64), mean_C=mean, std_C=std)
        with torch.no_grad():
            logits = module(images.batch(slice(None))[0])
        torch.save((pixels, logits, list(task.classes)), folder / "expected.pt")
    code = """
import importlib, pathlib, torch

for folder in sorted(path for path in pathlib.Path(".").iterdir() if path.is_dir()):
    sys.path.insert(0, str(folder))
    sys.modules.pop("model", None)
    model = importlib.import_module("model")
    sys.path.pop(0)
    pixels, expected, classes = torch.load(folder / "expected.pt")
    with torch.no_grad():
        network = model.build()
        same = torch.equal(network(model.preprocess(pixels)), expected)
        other = torch.equal(model.build(str(folder / "model.safetensors"))(model.preprocess(pixels)), expected)
    assert same and other and not network.training and getattr(model, "CLASSES", []) == classes, folder
    print(folder)
"""
    assert len(run_blocked(code, tmp_path).split()) == len(CASES)


def test_form(make: Callable[[str, int], Made], tmp_path: Path) -> None:
    for case in CASES:
        for draw in range(3):
            module, description = make(case, draw)
            (tmp_path / f"{case}-{draw}.py").write_text(model_source(module, description), encoding="utf-8")
    for words in (["format", "--check"], ["check", "--select", "E4,E7,E9,F,I,B,SIM,UP"]):
        done = subprocess.run(
            [sys.executable, "-m", "ruff", *words, "--isolated", "--no-cache", str(tmp_path)],
            capture_output=True, text=True, timeout=60,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr


def test_header(make: Callable[[str, int], Made]) -> None:
    module, description = make("nao-concat", 0)
    source = model_source(module, replace(description, metric="mae", metric_value=1.25, metric_is_share=False))
    head = source[: source.index("import json")]
    for part in (description.id, "1,234", "56,789", "1.25 ± 0.01", "400 images", "uint8 (B, 3, 16, 16)", "drop-path"):
        assert part in head
    assert "MEAN = [0.49344414, 0.25, 0.1]" in source
    odd = model_source(module, replace(description, measured_on='quotes """ and \\ backslash'))
    assert "quotes ''' and / backslash" in odd
    assert "drop-path" not in model_source(*make("nao-project", 0))


def test_the_part_of_a_picture_that_is_seen(make: Callable[[str, int], Made]) -> None:
    module, description = make("nao-plain-convs", 0)
    source = model_source(module, replace(description, central_share=0.875))
    assert "# Of a picture's shorter side: the central square to bring to 16x16.\nCENTRAL_SHARE = 0.875\n" in source
    assert "CENTRAL_SHARE" not in model_source(module, description)


def test_only_what_is_used(make: Callable[[str, int], Made]) -> None:
    for draw in range(5):
        source = model_source(*make("nao-concat", draw))
        for name in ("SeparableConv", "FactorizedReduction", "ReluConvBN"):
            assert (f"class {name}" in source) == (f" {name}(" in source.replace(f"class {name}(", "")), name
        assert "class Projection" not in source and "Dropout" not in source


@dataclass(frozen=True)
class Plain(Operation):
    """Torch's layers alone."""

    name: str = "plain"

    def build(self, c_in: int, c_out: int, stride: int) -> nn.Module:
        return nn.Sequential(nn.Conv2d(c_in, 2 * c_in, 1), nn.SiLU(), nn.Conv2d(2 * c_in, c_out, 3, stride, 1))


class Gate(nn.Module):
    """Of a user's own."""

    def __init__(self, stride: int) -> None:
        super().__init__()
        self.stride, self.factor = stride, nn.Parameter(torch.full((1,), 0.5))

    def forward(self, x: Tensor) -> Tensor:
        return self.factor * x[:, :, :: self.stride, :: self.stride].sigmoid()


@dataclass(frozen=True)
class Own(Operation):
    name: str = "gate"

    def build(self, c_in: int, c_out: int, stride: int) -> nn.Module:
        return Gate(stride)


def test_an_operation_of_torch_layers(tmp_path: Path) -> None:
    with operations_added(Plain()):
        space = {"operations": "plain,sep_conv_3x3", "nodes": 2}
        module, description = make_network(space, {"cells_per_stage": 1, "channels": 8}, SMALL, 1)
    source = model_source(module, description)
    assert "nn.Conv2d(channels, 2 * channels, 1)" in source and "nn.SiLU()" in source


def test_an_unknown_operation_becomes_a_program(tmp_path: Path) -> None:
    with operations_added(Own()):
        space = {"operations": "gate,max_pool_3x3", "nodes": 2}
        module, description = make_network(space, {"cells_per_stage": 1, "channels": 4}, SMALL, 1)
    with pytest.raises(Unwritable, match="Gate has no source"):
        model_source(module, description)
    write_program(tmp_path / "model.pt2", module, torch.zeros(2, 3, 16, 16))
    content = (tmp_path / "model.pt2").read_bytes()
    assert str(Path(__file__).parent).encode() not in content
    images = torch.randn(5, 3, 16, 16)
    with torch.no_grad():
        torch.save((images, module(images)), tmp_path / "expected.pt")
    code = """
import torch
network = torch.export.load("model.pt2").module()
images, expected = torch.load("expected.pt")
print(float((network(images) - expected).abs().max()))
print(len(network(images[:1])))
"""
    difference, one = run_blocked(code, tmp_path).split()
    assert float(difference) < 1e-6 and one == "1"


@pytest.mark.parametrize(
    ("module", "reason"),
    [
        (nn.Conv2d(3, 4, 3, padding_mode="reflect"), "settings that are not written"),
        (nn.MaxPool2d(2, return_indices=True), "indices"),
        (nn.Sequential(OrderedDict(named=nn.ReLU())), "layers with names"),
        (nn.Softplus(), "Softplus has no source"),
    ],
)
def test_what_cannot_be_said_is_refused(module: nn.Module, reason: str, make: Callable[[str, int], Made]) -> None:
    network, description = make("mobile", 0)
    network.layers[0] = module
    with pytest.raises(Unwritable, match=reason):
        model_source(network, description)


def test_what_the_source_would_not_show_is_refused(make: Callable[[str, int], Made]) -> None:
    network, description = make("mobile", 0)
    network.layers[0].register_forward_hook(lambda *_: None)
    with pytest.raises(Unwritable, match="hooks"):
        model_source(network, description)
    network, description = make("mobile", 1)
    network.extra = nn.Linear(2, 2)
    with pytest.raises(Unwritable, match="other names"):
        model_source(network, description)
    network, description = make("mobile", 2)
    network.stem.forward = lambda x: network.stem[0](x)
    with pytest.raises(Unwritable, match="something else"):
        model_source(network, description)

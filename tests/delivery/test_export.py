from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import pytest
import torch
from safetensors import safe_open
from tests.delivery.conftest import Made, operations_added
from tests.loop.conftest import MICRO

import bnao
import bnao.api as api
from bnao.delivery import onnx_file, write
from bnao.delivery.description import Description, read_description
from bnao.delivery.network import load_network
from bnao.delivery.write import write_export
from bnao.errors import BnaoError, DataError, RunError, SettingError
from bnao.loop.result import read_result
from bnao.loop.winner_file import read_delivered
from bnao.spaces.config import NetworkConfig, SpaceConfig
from bnao.storage import RunFolder, files

NAMES = {"model.safetensors", "architecture.json", "model.py", "model.onnx", "architecture.svg"}


def test_the_folder(run: Path, exported: Path) -> None:
    assert {path.name for path in exported.iterdir()} == NAMES
    result, description = api.Result(run, read_result(RunFolder.open(run))), read_description(exported)
    winner = result.summary.winner
    assert description.metric == "accuracy" and description.metric_value == winner.test_metric
    assert (description.architecture, description.id, description.macs) == (winner.architecture, winner.id, winner.macs)
    assert (description.recipe, description.seed, description.mode) == ("micro", 1, "retrain")
    assert description.onnx is not None and description.onnx.largest_difference <= 1e-4
    network, _ = load_network(exported)
    assert sum(parameter.numel() for parameter in network.parameters()) == description.num_params
    images = torch.randn(3, 3, 8, 8)
    with torch.no_grad():
        assert torch.equal(network(images), result.module(images))
    text = (exported / "architecture.json").read_text()
    assert list(json.loads(text))[:2] == ["format", "version"]
    for path in exported.iterdir():
        assert str(run.parent).encode() not in path.read_bytes(), path


def test_weights(exported: Path) -> None:
    with safe_open(exported / "model.safetensors", "pt") as stored:
        metadata = stored.metadata()
        assert metadata["format"] == "pt" and json.loads(metadata["task"])["num_classes"] == 10
        assert metadata["architecture"] == read_description(exported).architecture


def test_weights_say_how_inputs_are_prepared(make: Callable[[str, int], Made], tmp_path: Path) -> None:
    module, description = make("nao-plain-convs", 0)
    for share in (0.875, 1.0):
        out = tmp_path / str(share)
        write_export(module, replace(description, central_share=share), out, onnx=False, texts={})
        with safe_open(out / "model.safetensors", "pt") as stored:
            assert read_delivered(stored.metadata(), out).central_share == share


def test_same_bytes_again(run: Path, exported: Path, tmp_path: Path) -> None:
    bnao.export(run, tmp_path / "again", onnx=False)
    for name in NAMES - {"model.onnx", "architecture.json"}:
        assert (tmp_path / "again" / name).read_bytes() == (exported / name).read_bytes(), name


def test_drawing(exported: Path) -> None:
    text = (exported / "architecture.svg").read_text(encoding="utf-8")
    root = ElementTree.fromstring(text.encode())
    assert root.tag == "{http://www.w3.org/2000/svg}svg" and "var(" not in text and "fine_tune" not in text
    assert "normal cell" in text and "reduction cell" in text


def test_without_onnx(run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(onnx_file, "find_spec", lambda name: None)
    with pytest.raises(SettingError, match=r"bnao\[export\]"):
        bnao.export(run, tmp_path / "out")
    assert list(tmp_path.iterdir()) == []
    description = bnao.export(run, tmp_path / "out", onnx=False)
    assert description.onnx is None and not (tmp_path / "out" / "model.onnx").exists()


def test_a_failure_leaves_nothing(run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        assert next(path.name for path in tmp_path.iterdir()).endswith(".partial")
        raise OSError

    monkeypatch.setattr(write, "write_onnx", fail)
    with pytest.raises(OSError):
        bnao.export(run, tmp_path / "out")
    assert list(tmp_path.iterdir()) == []


def test_unfinished(tmp_path: Path) -> None:
    RunFolder.create(tmp_path / "run", config={}, recipe="demo").close()
    with pytest.raises(RunError, match="is running: finish it by `bnao resume"):
        bnao.export(tmp_path / "run", tmp_path / "out", onnx=False)
    with pytest.raises(RunError, match="holds 3 file"):
        bnao.export(tmp_path / "run", tmp_path / "run", onnx=False)


def _change(folder: Path, **values: object) -> Path:
    path = folder / "architecture.json"
    before = {name: value for name, value in json.loads(path.read_text()).items() if name != "checksum"}
    files.write_json(path, {**before, **values})
    return folder


@pytest.mark.parametrize(
    ("values", "error", "message"),
    [
        ({"format": "other"}, RunError, "says format 'bnao-network'"),
        ({"version": 2}, RunError, "of version 1; .* has version 2"),
        ({"sha256": "0"}, RunError, "hash of"),
        ({"mean": [0.5]}, RunError, "one mean and one std"),
        ({"unknown": 1}, RunError, "unknown"),
        ({"architecture": "9 9"}, BnaoError, "9"),
        ({"task": {"in_channels": 3, "image_size": [10**6, 10**6], "num_classes": 10}}, DataError, "pixels"),
        ({"task": {"in_channels": 3, "image_size": [8, 8], "num_classes": 10, "classes": ["a"]}}, RunError, "one name"),
        ({"task": {"in_channels": 3, "image_size": [8, 8], "num_classes": 9}}, RunError, "other names or shapes"),
    ],
)
def test_altered(
    exported: Path, tmp_path: Path, values: dict[str, object], error: type[Exception], message: str
) -> None:
    folder = tmp_path / "copy"
    shutil.copytree(exported, folder)
    with pytest.raises(error, match=message):
        load_network(_change(folder, **values))


def test_a_changed_byte_of_the_description_is_noticed(exported: Path, tmp_path: Path) -> None:
    folder = tmp_path / "copy"
    shutil.copytree(exported, folder)
    path = folder / "architecture.json"
    path.write_text(path.read_text().replace('"seed": 1', '"seed": 2'))
    with pytest.raises(RunError, match="must match its checksum"):
        load_network(folder)


def test_missing(exported: Path, tmp_path: Path) -> None:
    with pytest.raises(RunError, match="is missing: check the path"):
        load_network(tmp_path / "none")
    with pytest.raises(RunError, match=r"holds no architecture.json"):
        load_network(tmp_path)
    shutil.copy(exported / "architecture.json", tmp_path)
    with pytest.raises(RunError, match=r"model.safetensors.* is missing"):
        load_network(tmp_path)


def test_rebuilt_from_every_space(make: Callable[[str, int], Made], tmp_path: Path) -> None:
    for case in ("nao-project", "nasbench201", "mobile"):
        module, description = make(case, 5)
        found = write.write_export(module, description, tmp_path / case, onnx=False, texts={})
        assert isinstance(found, Description) and found.source == "model.py"
        network, _ = load_network(tmp_path / case)
        images = torch.randn(2, description.task.in_channels, 16, 16)
        with torch.no_grad():
            assert torch.equal(network(images), module(images))


OPERATION = """
import torch
from torch import nn
from bnao.ops import OPERATIONS, Operation

class Gate(nn.Module):
    def __init__(self, stride):
        super().__init__()
        self.stride = stride
        self.factor = nn.Parameter(torch.ones(1))

    def forward(self, x):
        return self.factor * x[:, :, :: self.stride, :: self.stride].sigmoid()

class GateOperation(Operation):
    name = ""

    def __init__(self, name):
        self.name = name

    def build(self, c_in, c_out, stride):
        return Gate(stride)

for name in ("test_gate", "test_gate_too"):
    OPERATIONS.register(name, GateOperation(name))
"""

MODEL = """
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


def test_an_operation_of_your_own(tmp_path: Path) -> None:
    (tmp_path / "op.py").write_text(OPERATION)
    space = SpaceConfig(nodes=2, operations="test_gate,test_gate_too")
    with operations_added():
        result = api.search(replace(MICRO, plugins=(str(tmp_path / "op.py"),), space=space), tmp_path / "run")
        description = bnao.export(result.path, tmp_path / "out", onnx=False)
        module, images = load_network(tmp_path / "out")[0], torch.randn(4, 3, 8, 8)
    with pytest.raises(RunError, match="parts of your own: import the file"):
        load_network(tmp_path / "out")
    assert description.source == "model.pt2" and "Gate has no source" in description.source_note
    program = torch.export.load(tmp_path / "out" / "model.pt2").module()
    with torch.no_grad():
        assert torch.allclose(program(images), module(images), atol=1e-6)


def test_a_model_of_your_own(tmp_path: Path) -> None:
    (tmp_path / "net.py").write_text(MODEL)
    config = replace(MICRO, plugins=(f"{tmp_path / 'net.py'}:Net",), space=SpaceConfig(name="own"))
    plain = NetworkConfig()
    config = replace(
        config,
        supernet=replace(config.supernet, network=replace(plain, output="project")),
        rerank=replace(config.rerank, network=plain),
        final=replace(config.final, network=plain),
        loop=replace(config.loop, pool=2),
    )
    result = api.search(config, tmp_path / "run")
    description = bnao.export(result.path, tmp_path / "out", onnx=False)
    assert description.source == "model.pt2" and description.num_params == result.summary.winner.num_params
    with pytest.raises(RunError, match=r"parts of your own|model.pt2"):
        load_network(tmp_path / "out")

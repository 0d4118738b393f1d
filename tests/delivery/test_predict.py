from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from tests.delivery.conftest import CASES, Made, make_network

import bnao
from bnao.cli.main import main
from bnao.delivery import write
from bnao.delivery.network import build_network, load_network
from bnao.delivery.predict import predict, read_picture
from bnao.delivery.write import write_export
from bnao.errors import DataError, NumericalError, SettingError
from bnao.spaces.base import make_space
from bnao.storage.checksum import with_checksum
from bnao.storage.files import json_bytes


def picture(path: Path, size: tuple[int, int], mode: str = "RGB", seed: int = 0) -> Path:
    """A picture of (width, height) pixels."""
    shape = (size[1], size[0], 3) if mode == "RGB" else (size[1], size[0])
    pixels = np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)
    Image.fromarray(pixels).save(path)
    return path


def test_probabilities(exported: Path, tmp_path: Path) -> None:
    paths = [picture(tmp_path / f"{k}.png", (8, 8), seed=k) for k in range(70)]
    found = bnao.predict(exported, paths, top=10)
    network, description = load_network(exported)
    pixels = torch.from_numpy(np.stack([np.asarray(Image.open(path)) for path in paths])).permute(0, 3, 1, 2)
    mean, std = (torch.tensor(v).view(-1, 1, 1) for v in (description.mean, description.std))
    with torch.no_grad():
        expected = torch.softmax(network((pixels / 255 - mean) / std), 1)
    for prediction, path, row in zip(found, paths, expected, strict=True):
        assert prediction.image == str(path)
        values = [c.probability for c in prediction.top]
        assert values == sorted(values, reverse=True) and sum(values) == pytest.approx(1.0)
        for c in prediction.top:
            assert c.name == description.task.classes[c.label] and c.probability == pytest.approx(
                float(row[c.label]), abs=1e-5
            )


def test_pictures_of_other_forms(exported: Path, tmp_path: Path) -> None:
    paths = [
        picture(tmp_path / "large.jpg", (40, 30)), picture(tmp_path / "small.png", (4, 6)),
        picture(tmp_path / "gray.png", (8, 8), "L"),
    ]  # fmt: skip
    assert [len(p.top) for p in predict(exported, paths)] == [3, 3, 3]
    task = load_network(exported)[1].task
    gray = read_picture(paths[2], task)
    assert gray.shape == (3, 8, 8) and (gray[0] == gray[1]).all() and (gray[0] == gray[2]).all()
    assert read_picture(paths[0], replace(task, in_channels=1)).shape == (1, 8, 8)
    with pytest.raises(DataError, match=r"has 8x16 pixels .*gray.png' has 8x8"):
        read_picture(paths[2], replace(task, image_size=(8, 16)))


def test_networks_of_other_channels(tmp_path: Path) -> None:
    for channels in (4, 2):
        space, network, task = CASES["nao-plain-convs"]
        module, description = make_network(space, network, replace(task, in_channels=channels), 0)
        description = replace(description, mean=(0.5,) * channels, std=(0.2,) * channels)
        write_export(module, description, tmp_path / str(channels), onnx=False, texts={})
    path = picture(tmp_path / "it.png", (20, 16))
    assert len(predict(tmp_path / "4", [path])[0].top) == 3
    with pytest.raises(SettingError, match=r"1 channel \(gray\), 3 \(RGB\) or 4 \(RGBA\); received 2"):
        predict(tmp_path / "2", [path])


def test_errors_name_the_file(exported: Path, tmp_path: Path) -> None:
    good = picture(tmp_path / "good.png", (8, 8))
    (tmp_path / "bad.png").write_bytes(good.read_bytes()[:60])
    (tmp_path / "text.png").write_text("no picture")
    for name, message in (("none.png", "is missing"), ("", "is a folder"), ("bad.png", "whole"), ("text.png", "whole")):
        with pytest.raises(DataError, match=rf"{name}.*{message}|{message}.*{name}"):
            predict(exported, [good, tmp_path / name])
    with pytest.raises(SettingError, match="top is at least 1"):
        predict(exported, [good], top=0)
    with pytest.raises(SettingError, match="at least one picture"):
        predict(exported, [])


def test_classes_without_names_and_other_losses(make: Callable[[str, int], Made], tmp_path: Path) -> None:
    module, description = make("mobile", 3)
    path = picture(tmp_path / "a.png", (16, 16))
    write_export(module, description, tmp_path / "a", onnx=False, texts={})
    assert [c.name for c in predict(tmp_path / "a", [path], top=99)[0].top] == [""] * 4
    write_export(module, replace(description, loss="mse"), tmp_path / "b", onnx=False, texts={})
    with pytest.raises(SettingError, match="received 'mse'"):
        predict(tmp_path / "b", [path])


def test_names_of_an_export_cannot_steer_the_terminal(
    exported: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(exported, tmp_path / "theirs")
    path = tmp_path / "theirs" / "architecture.json"
    plain = json.loads(path.read_text())
    plain.pop("checksum")
    plain["task"]["classes"] = [f"cat{k}\x1b[2J\n\u202e" for k in range(plain["task"]["num_classes"])]
    path.write_bytes(json_bytes(with_checksum(plain)))
    named = picture(tmp_path / "a\x1b[2J.png", (8, 8))
    assert main(["predict", str(tmp_path / "theirs"), str(named)]) == 0
    [line] = capsys.readouterr().out.splitlines()
    assert "\x1b" not in line and "\u202e" not in line and line.count(r"\x1b[2J\n\u202e") == 3


@pytest.mark.parametrize("name", ["weight", "running_var"])
def test_a_network_with_values_that_are_not_finite_is_not_delivered(
    name: str, make: Callable[[str, int], Made], tmp_path: Path
) -> None:
    module, description = make("mobile", 0)
    place = next(key for key in module.state_dict() if key.endswith(name))
    kept = module.state_dict()[place].clone()
    write_export(module, description, tmp_path / "network", onnx=False, texts={})
    module.state_dict()[place].fill_(float("nan"))
    with pytest.raises(NumericalError, match=r"answers with finite numbers; that of 'runs/x' does not for .* anew"):
        write_export(module, description, tmp_path / "bad", onnx=False, texts={}, where="runs/x")
    assert not (tmp_path / "bad").exists()
    with pytest.raises(NumericalError, match=rf"finite weights; {place} in 'w' holds NaN or infinity: .* anew"):
        build_network(description, make_space(description.space), module.state_dict(), "w")
    module.state_dict()[place].copy_(kept)
    assert build_network(description, make_space(description.space), module.state_dict(), "w")


def test_an_export_of_weights_that_are_not_finite_does_not_predict(
    make: Callable[[str, int], Made], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As versions before this check wrote it; and weights that are finite, but not what comes of them."""
    module, description = make("mobile", 0)
    seen = picture(tmp_path / "x.png", (16, 16))
    for number, value, words in ((0, float("nan"), "finite weights"), (1, 3e38, r"does not for '.*x.png'")):
        with torch.no_grad():
            next(iter(module.parameters())).fill_(value)
        with monkeypatch.context() as patch:
            patch.setattr(write, "check_outputs", lambda *arguments: None)
            write_export(module, description, tmp_path / str(number), onnx=False, texts={})
        with pytest.raises(NumericalError, match=words):
            predict(tmp_path / str(number), [seen])

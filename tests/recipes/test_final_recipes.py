"""The paper's trainings as recipes; every recipe tried by a dry run, and its small twin run to the end."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from tests.pictures import picture_folder

import bnao
from bnao.cli.main import main
from bnao.errors import SettingError
from bnao.loop.train.config import TrainConfig
from bnao.loop.train.result import read_training
from bnao.recipes import describe_recipe, load_recipe, load_train_recipe, recipe_names, train_recipe_names
from bnao.recipes.load import _TRAINING
from bnao.settings import flatten, leaves, load_toml, to_dict
from bnao.storage import RunFolder


@pytest.mark.parametrize("name", train_recipe_names())
def test_loads_and_describes_itself(name: str) -> None:
    load_train_recipe(name)
    assert 10 < len(describe_recipe(name)) <= 100


def test_the_paper_s_training_is_the_default_and_writes_every_field_out() -> None:
    assert load_train_recipe("cifar10-final") == TrainConfig()
    assert list(flatten(load_toml(_TRAINING / "cifar10-final.toml"))) == list(leaves(TrainConfig()))


def test_the_paper_s_settings_of_both() -> None:
    cifar, imagenet = (flatten(to_dict(load_train_recipe(f"{name}-final"))) for name in ("cifar10", "imagenet"))
    both = {
        "network.cells_per_stage": (6, 4),
        "network.channels": (36, 44),
        "network.dropout_keep": (0.6, 1.0),
        "network.drop_path_keep": (0.8, 1.0),
        "network.auxiliary": (True, True),
        "training.auxiliary_weight": (0.4, 0.4),
        "training.batch_size": (128, 128),
        "training.epochs": (600.0, 250.0),
        "training.learning_rate": (0.025, 0.1),
        "training.schedule": ("cosine", "exponential"),
        "training.momentum": (0.9, 0.9),
        "training.weight_decay": (5e-4, 3e-5),
        "training.clip_norm": (5.0, 5.0),
        "training.label_smoothing": (0.0, 0.1),
        "training.augment.cutout": (16, 0),
        "training.augment.crop_padding": (4, 0),
        "training.augment.flip": (True, True),
        "training.augment.resized_crop": (False, True),
        "rate_batch": (None, 128),
    }
    assert {name: (cifar[name], imagenet[name]) for name in both} == both
    assert (cifar["training.final_learning_rate"], imagenet["training.decay"]) == (0.0, 0.97)


@pytest.mark.parametrize("name", [n for n in (*recipe_names(), *train_recipe_names()) if n.endswith("-small")])
def test_a_twin_differs_in_its_scale_alone(name: str) -> None:
    load = load_train_recipe if name in train_recipe_names() else load_recipe
    small, large = (flatten(to_dict(load(n))) for n in (name, name.removesuffix("-small")))
    scale = (
        "cells_per_stage", "channels", "epochs", "batch_size", "source", "max_train_images", "cache", "valid_fraction",
        "pool", "rounds", "proposals", "top", "images", "when",
    )  # fmt: skip
    assert {key for key in small if small[key] != large[key] and key.rpartition(".")[2] not in scale} == set()


def test_each_command_names_the_other_one_s_recipes() -> None:
    with pytest.raises(SettingError, match="the recipe of a training: give it to `bnao train`"):
        load_recipe("cifar10-final")
    with pytest.raises(SettingError, match="the recipe of a search: give it to `bnao search`"):
        load_train_recipe("demo")
    with pytest.raises(SettingError, match="did you mean 'imagenet-final'"):
        load_train_recipe("imagenet-finl")


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return picture_folder(tmp_path_factory.mktemp("pictures"), classes=6, train=7, val=2)


@pytest.fixture(scope="module")
def few(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return picture_folder(tmp_path_factory.mktemp("few"), classes=2, train=3, val=1)


@pytest.mark.parametrize(("recipe", "kind"), [("cifar10-final-small", "folder"), ("imagenet-final-small", "stream")])
def test_a_small_training_from_the_command_line(
    recipe: str, kind: str, pictures: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["--data", f"{kind}:{pictures}", "--data.workers", "1", "--out", str(tmp_path / "run")]
    assert main(["train", "--recipe", recipe, *words]) == 0
    result = read_training(RunFolder.open(tmp_path / "run"))
    assert (result.num_train, result.num_test, len(result.epochs)) == (42, 12, 2)
    assert all(e.test_accuracy is not None and e.test_top5 is not None for e in result.epochs)
    assert result.num_params_with_auxiliary > result.num_params
    out = " ".join(capsys.readouterr().out.split())
    assert "test error" in out and "chosen on the test images" in out and "top-5 error" in out
    assert main(["show", str(tmp_path / "run")]) == 0
    assert "after the last epoch" in " ".join(capsys.readouterr().out.split())


def test_a_small_training_in_bfloat16(pictures: Path, tmp_path: Path) -> None:
    """What imagenet-final's precision comes to on a GPU, here on the CPU."""
    assert load_train_recipe("imagenet-final").training.precision == "auto"
    assert load_recipe("imagenet-search").final.training.precision == "auto"
    settings = {"data.source": f"folder:{pictures}", "data.resolution": 32, "training.precision": "bfloat16"}
    half = bnao.train("cifar10-final-small", out=tmp_path / "half", settings=settings)
    full = bnao.train("cifar10-final-small", out=tmp_path / "full", settings={**settings, "training.precision": "auto"})
    assert RunFolder.open(half.path).manifest.config["training"]["precision"] == "bfloat16"
    assert all(p.dtype == torch.float32 and p.isfinite().all() for p in half.module.parameters())
    losses = [trained.summary.epochs[-1].train_loss for trained in (half, full)]
    assert losses[0] != losses[1] and losses[0] == pytest.approx(losses[1], rel=0.1)


@pytest.mark.parametrize(("recipe", "kind"), [("cifar10-search-small", "folder"), ("imagenet-search-small", "stream")])
def test_a_small_search_from_the_command_line(recipe: str, kind: str, pictures: Path, tmp_path: Path) -> None:
    out = str(tmp_path / "run")
    words = ["--data", f"{kind}:{pictures}", "--data.workers", "0", "--out", out]
    assert main(["search", "--recipe", recipe, *words]) == 0
    assert RunFolder.open(out).status == "finished"
    assert main(["export", out, "--no-onnx", "--out", str(tmp_path / "network")]) == 0
    assert main(["predict", str(tmp_path / "network"), str(pictures / "val" / "class0" / "7.png")]) == 0


SMALL_BATCH = ("--training.batch-size", "4")
SMALL_BATCHES = [word for name in ("supernet", "rerank", "final") for word in (f"--{name}.training.batch-size", "4")]


@pytest.mark.parametrize("command", ["train --recipe imagenet-final", "search --recipe cifar10-search"])
def test_a_dry_run_refuses_the_batch_that_a_run_refuses(
    command: str, few: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = [*command.split(), "--data", f"stream:{few}", "--data.workers", "0", "--out", str(tmp_path / "run")]
    said = []
    for dry in ([], ["--dry-run"]):
        assert main([*words, "--data.resolution", "224", *dry]) == 2
        said.append(capsys.readouterr().err)
    assert "training.batch_size is at most the number of training images" in " ".join(said[0].split())
    assert said[0] == said[1]


@pytest.mark.parametrize(
    ("words", "parts"),
    [
        (
            ["train", "--recipe", "cifar10-final", "--data", "folder:{}", *SMALL_BATCH],
            ("3 x 32 x 32", "4 images", "cells.19", "auxiliary 2 cells.14"),
        ),
        (
            ["train", "--recipe", "imagenet-final", "--data", "stream:{}", "--max-macs", "600e6", *SMALL_BATCH],
            ("3 x 224 x 224", "channels 44: the largest even width within 600,000,000", "44 x 56 x 56, 44 x 28 x 28"),
        ),
        (
            ["search", "--recipe", "cifar10-search", "--data", "folder:{}", *SMALL_BATCHES],
            ("Network: re-ranking", "Network: final"),
        ),
        (
            ["search", "--recipe", "imagenet-search", "--data", "stream:{}", *SMALL_BATCHES],
            ("at most 600,000,000 multiply-adds",),
        ),
    ],
    ids=lambda value: value[2] if isinstance(value, list) else "",
)
def test_a_dry_run_takes_real_steps_and_writes_nothing(
    words: list[str],
    parts: tuple[str, ...],
    few: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main([*[word.format(few) for word in words], "--data.workers", "0", "--dry-run"]) == 0
    out = " ".join(capsys.readouterr().out.split())
    for part in (*parts, "nothing is written", "multiply-adds", "a step"):
        assert part in out
    assert list(tmp_path.iterdir()) == []

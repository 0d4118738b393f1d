"""Searches of the user's own model on the user's own data, at micro scale."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
import torch
from torch import nn
from torch.utils.data import TensorDataset

import bnao
from bnao.cli.main import main
from bnao.errors import DataError, Interrupted, SettingError
from bnao.loop.asked import asked
from bnao.settings import update

torch.manual_seed(0)
MICRO = {"loop.pool": 6, "loop.proposals": 2, "rerank.top": 2, "threads": 1, "controller.epochs": 5}
FLAT = torch.randn(96, 4)
CLASSES = (FLAT[:, 0] + FLAT[:, 1] > 0).long()


class Block(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.wide, self.narrow = nn.Linear(8, width), nn.Linear(width, 8)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x + self.narrow(torch.relu(self.wide(x)))


class Net(nn.Module):
    """Four features to two classes."""

    outputs = 2

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Linear(4, 8)
        self.blocks = nn.Sequential(
            *[bnao.OneOf({8: lambda: Block(8), 16: lambda: Block(16), "skip": nn.Identity}) for _ in range(2)]
        )
        self.deep = bnao.Repeat(lambda: Block(8), times=(0, 1, 2))
        self.head = nn.Linear(8, self.outputs)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.head(self.deep(self.blocks(self.stem(x))))


class One(Net):
    """Four features to one number."""

    outputs = 1


def search(tmp_path, model=Net, data=None, **arguments):
    train = TensorDataset(FLAT[:64], CLASSES[:64]) if data is None else data
    arguments = {"valid": TensorDataset(FLAT[64:], CLASSES[64:]), "seed": 0, "epochs": 1, "settings": MICRO} | arguments
    return bnao.search(model, train=train, out=tmp_path / "run", **arguments)


def test_the_best_is_a_plain_module_of_the_users_own_classes(drawn, tmp_path):
    result = search(tmp_path, max_params=400)
    best = result.best
    assert not any(type(m).__module__.startswith("bnao") for m in best.module.modules())
    assert isinstance(best.module, Net) and not best.module.training
    assert sum(p.numel() for p in best.module.parameters()) == best.num_params <= 400
    assert result.summary.winner.measured_on.startswith("11 ")  # a third of the 32 is set aside for it alone
    assert 0 <= best.accuracy <= 1 and best.accuracy == result.accuracy
    page = result.report(tmp_path / "page.html").read_text()
    assert "blocks.0" in page


def test_with_a_test_set_the_accuracy_is_that_of_the_module_on_it(tmp_path):
    test = TensorDataset(FLAT[32:64], CLASSES[32:64])
    result = search(tmp_path, test=test)
    with torch.no_grad():
        right = (result.best.module(FLAT[32:64]).argmax(1) == CLASSES[32:64]).float().mean()
    assert result.accuracy == pytest.approx(float(right))


def test_killed_and_resumed_it_ends_the_same_and_needs_the_same_objects(tmp_path):
    whole = search(tmp_path / "whole")

    def stop(kind, **fields):
        if kind == "stage_finished" and fields["stage"] == "scoring-1":
            raise KeyboardInterrupt

    with pytest.raises(Interrupted):
        search(tmp_path / "cut", listener=stop)
    path = tmp_path / "cut" / "run"
    with pytest.raises(SettingError, match="given in Python"):
        bnao.resume(path)
    given = {"train": TensorDataset(FLAT[:64], CLASSES[:64]), "valid": TensorDataset(FLAT[64:], CLASSES[64:])}
    again = bnao.resume(path, Net, **given)
    assert again.summary.winner == whole.summary.winner
    for name, tensor in whole.best.module.state_dict().items():
        assert torch.equal(again.best.module.state_dict()[name], tensor)

    class Other(Net):
        """The same options in another order."""

        def __init__(self) -> None:
            super().__init__()
            options = {"skip": nn.Identity, 16: lambda: Block(16), 8: lambda: Block(8)}
            self.blocks = nn.Sequential(*[bnao.OneOf(options) for _ in range(2)])

    with pytest.raises(bnao.BnaoError, match="the model it was begun with"):
        bnao.resume(path, Other, **given)
    changed = given | {"train": TensorDataset(-FLAT[:64], CLASSES[:64])}
    search_again = tmp_path / "other"
    with pytest.raises(Interrupted):
        search(search_again, listener=stop)
    with pytest.raises(bnao.BnaoError, match="data it was begun with"):
        bnao.resume(search_again / "run", Net, **changed)


@pytest.mark.parametrize(
    ("targets", "arguments", "metric"),
    [
        (FLAT[:, :1], {"loss": "mse"}, "mse"),
        (FLAT[:, :1], {"metric": "r2"}, "r2"),
        ((FLAT[:, :1] > 0).float(), {"metric": "auroc"}, "auroc"),
        (FLAT[:, :1], {"loss": lambda y, t: (y - t).abs().mean(), "metric": "mae", "optimizer": "sgd"}, "mae"),
    ],
)
def test_numbers_and_labels_are_learned_too(tmp_path, targets, arguments, metric):
    data = TensorDataset(FLAT[:64], targets[:64])
    result = search(tmp_path, One, data, valid=TensorDataset(FLAT[64:], targets[64:]), **arguments)
    info = result.summary.metric
    assert info.name == metric
    searched = [t.valid_metric for t in result.summary.trained if t.arm == "searched"]
    ordered = sorted(searched, reverse=info.higher_is_better)
    assert result.summary.trained[0].valid_metric == ordered[0]
    assert json.loads((result.path / "result.json").read_text())["winner"]["test_metric"] == result.metric


def test_a_metric_an_optimiser_and_a_preparation_of_ones_own(tmp_path):
    def sharpness(outputs, targets):
        return float((outputs[:, 0] - targets).abs().max())

    def first_layer_slowly(params):
        return torch.optim.SGD([{"params": params[:1], "lr": 1e-4}, {"params": params[1:]}], lr=1e-3)

    result = search(
        tmp_path, One, TensorDataset(FLAT[:64], FLAT[:64, 0]), valid=TensorDataset(FLAT[64:], FLAT[64:, 0]),
        loss="mse", metric=sharpness, higher_is_better=False, optimizer=first_layer_slowly,
        prepare=lambda pair: (pair[0] * 2, pair[1] * 2),
    )  # fmt: skip
    assert result.summary.metric.name == "sharpness" and not result.summary.metric.higher_is_better


class Pretrained(Net):
    """Its stem is learned already, and frozen."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Sequential(nn.Linear(4, 8), nn.BatchNorm1d(8)).requires_grad_(False)
        nn.init.constant_(self.stem[0].weight, 0.25)


def test_frozen_parts_are_kept_to_the_bit(tmp_path):
    stem = search(tmp_path, Pretrained).best.module.stem
    assert (stem[0].weight == 0.25).all() and (stem[1].running_mean == 0).all()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"data": TensorDataset(FLAT[:64], FLAT[:64, :1])}, "say what to learn, with loss= and metric="),
        ({"loss": lambda y, t: y.mean()}, "needs a metric"),
        ({"max_params": 10}, "64 parameters|nearest|parameters"),
        ({"data": 5}, "received int"),
        ({"model": lambda: nn.Linear(4, 2)}, "choice"),
        ({"model": "nao_cell"}, "images of classes"),
        ({"settings": {"loop.pol": 3}}, "loop.pool"),
        ({"settings": MICRO | {"supernet.training.augment.flip": True}}, "augment changes images"),
        (
            {
                "settings": MICRO | {"sampling.policy": "sandwich", "sampling.over": "space"},
                "model": One,
                "data": TensorDataset(FLAT[:64], FLAT[:64, :1]),
                "valid": TensorDataset(FLAT[64:], FLAT[64:, :1]),
                "loss": "mse",
            },
            "a policy with a teacher",
        ),
        (
            {"data": TensorDataset(FLAT[:64], CLASSES[:64, None])},
            r"the loss takes .* \(2, 2\) torch.float32 and \(2, 1\) torch.int64",
        ),
        ({"data": TensorDataset(FLAT[:64], CLASSES[:64] + 1)}, "network's 2 outputs; train has 1 to 2"),
        ({"valid": TensorDataset(FLAT[64:], 2 * CLASSES[64:])}, "2 outputs; valid has 0 to 2"),
        ({"test": TensorDataset(FLAT[64:], CLASSES[64:] - 1)}, "2 outputs; test has -1 to 0"),
        ({"class_weights": [1.0, 2.0, 1.0]}, "one for each class, here 2; received"),
        ({"data": (FLAT[:64], CLASSES[:63])}, "received 64 inputs and 63 targets"),
        ({"loss": lambda outputs, targets: outputs[:, targets.sum() + 9], "metric": "f1"}, "it raised IndexError"),
        (
            {
                "data": TensorDataset(FLAT[:64], FLAT[:64, :3]),
                "loss": lambda outputs, targets: outputs.mean() * targets.mean(),
                "metric": "accuracy",
            },
            "outputs and targets that are no classes have one shape",
        ),
    ],
)
def test_what_does_not_fit_is_refused_before_anything_is_written(tmp_path, arguments, message):
    with pytest.raises((SettingError, DataError), match=message):
        search(tmp_path, **arguments)
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("dtype", [torch.int32, torch.uint8])
def test_classes_are_whole_numbers_of_any_width(tmp_path, dtype):
    def of(rows: slice) -> TensorDataset:
        return TensorDataset(FLAT[rows], CLASSES[rows].to(dtype))

    found = search(tmp_path, data=of(slice(64)), valid=of(slice(64, None)), metric="auroc")
    (tmp_path / "wide").mkdir()
    assert found.summary.winner == search(tmp_path / "wide", metric="auroc").summary.winner


def test_a_whole_configuration_keeps_its_objective_and_its_batches():
    labels = TensorDataset(FLAT[:64], CLASSES[:64])
    config = update(
        bnao.load_recipe("own"),
        {"objective": {"metric": "f1", "class_weights": (1.0, 2.0)}, "rerank": {"training": {"batch_size": 24}}},
    )
    found, _ = asked(config, config, train=labels)
    assert found.objective == config.objective and found.rerank.training.batch_size == 24
    found, _ = asked(config, config, train=labels, metric="error", batch_size=16)
    assert found.objective == replace(config.objective, metric="error")
    assert found.rerank.training.batch_size == found.final.training.batch_size == 16
    found, _ = asked(config, config, metric="error")  # on the data that the settings name
    assert found.objective == replace(config.objective, metric="error")
    numbers = update(config, {"objective": {"loss": "mse", "metric": "mae", "class_weights": None}})
    found, _ = asked(numbers, numbers, train=TensorDataset(FLAT[:64], FLAT[:64, :1]))
    assert found.objective == numbers.objective
    found, _ = asked(bnao.load_recipe("own"), Net, train=labels)  # a recipe's follow the data
    assert found.objective.metric == "accuracy" and found.rerank.training.batch_size == 8


PLUGIN = """
import torch
from torch import nn
import bnao

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = bnao.OneOf({"3": lambda: nn.Conv2d(3, 4, 3, padding=1), "1": lambda: nn.Conv2d(3, 4, 1)})
        self.head = nn.Linear(4, 10)
    def forward(self, x):
        return self.head(torch.relu(self.body(x)).mean((2, 3)))
"""


SHORT = {"data.resolution": "8", "data.max-train-images": "300", "loop.pool": "2", "loop.rounds": "1", "threads": "1",
         "rerank.top": "1", "supernet.training.epochs": "0.2", "rerank.training.epochs": "0.2",
         "final.training.epochs": "0.2"}  # fmt: skip


def test_a_plugin_names_the_model_on_the_command_line(tmp_path, monkeypatch, capsys):
    (tmp_path / "my_model.py").write_text(PLUGIN)
    monkeypatch.chdir(tmp_path)
    flags = [word for name, value in SHORT.items() for word in (f"--{name}", value)]
    assert main(["search", "--plugin", "my_model.py:Net", "--data", "sample", "--out", "run", *flags]) == 0
    assert "body" in capsys.readouterr().out
    assert main(["show", "run"]) == 0
    assert main(["report", "run"]) == 0
    assert main(["rank", "run", "--architectures", "2", "--processes", "1"]) in (0, 2)
    assert main(["search", "--plugin", "my_model.py:Nett", "--data", "sample", "--out", "run2", *flags]) == 2
    assert "did you mean 'Net'" in capsys.readouterr().err
    demo = ["search", "--recipe", "demo", "--plugin", "my_model.py:Net", "--out", "run2", *flags]
    assert main(demo) == 2  # and the model would not be searched
    assert "searched in space 'own'; received space 'nao_cell'" in capsys.readouterr().err
    (tmp_path / "broken.py").write_text("import nothing_of_that_name")
    assert main(["search", "--plugin", "broken.py:Net", "--data", "sample", "--out", "run2", *flags]) == 2
    assert "nothing_of_that_name" in capsys.readouterr().err
    assert main(["search", "--plugin", "my_model.py:Net", "--out", "run2", *flags]) == 2
    assert "--data" in capsys.readouterr().err

"""NAO networks that are built and run: stems, odd sizes, the auxiliary head, settings that do not fit."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from bnao.errors import SettingError
from bnao.ops import OPERATIONS
from bnao.rng import generator
from bnao.spaces.config import NetworkConfig, SpaceConfig
from bnao.spaces.nao_cell import PUBLISHED, NaoCellSpace
from bnao.spaces.nao_cell.cell import Wiring, build_cell
from bnao.spaces.nao_cell.plan import plan_network
from bnao.spaces.progress import DropPath, Progress
from bnao.task import Task

SPACE = NaoCellSpace(SpaceConfig())
ONE = SPACE.grammar.parse(PUBLISHED)


def build(size: tuple[int, int], *, device: str = "cpu", **settings: Any) -> torch.nn.Module:
    network = NetworkConfig(**{"cells_per_stage": 1, "channels": 4, **settings})
    with torch.device(device):
        return SPACE.skeleton(network, Task(in_channels=3, image_size=size, num_classes=7)).build_standalone(ONE).module


def test_imagenet_stem_shapes() -> None:
    network = build((224, 224), device="meta", channels=52)
    older, newer = network.stem(torch.empty(2, 3, 224, 224, device="meta"))  # type: ignore[operator]
    assert older.shape == (2, 52, 56, 56) and newer.shape == (2, 52, 28, 28)
    plan = plan_network(NetworkConfig(), Task(in_channels=3, image_size=(65, 64), num_classes=2))
    assert plan.stem == "imagenet" and plan.cells[0].older.size == (17, 16) and plan.cells[0].newer.size == (9, 8)
    assert plan_network(NetworkConfig(), Task(in_channels=3, image_size=(63, 99), num_classes=2)).stem == "cifar"


@pytest.mark.parametrize("output", ["concat", "project"])
@pytest.mark.parametrize("size, stem", [((33, 31), "cifar"), ((9, 8), "cifar"), ((67, 70), "auto")])
def test_odd_image_sizes(size: tuple[int, int], stem: str, output: str) -> None:
    network = build(size, stem=stem, output=output)
    logits = network(torch.randn(2, 3, *size))
    assert logits.shape == (2, 7) and bool(torch.isfinite(logits).all())


def test_auxiliary_output_in_training_only() -> None:
    network, x = build((32, 32), auxiliary=True), torch.randn(2, 3, 32, 32)
    logits, auxiliary = network.train()(x)
    assert logits.shape == auxiliary.shape == (2, 7)
    assert network.eval()(x).shape == (2, 7)
    assert build((32, 32)).train()(x).shape == (2, 7)


def test_settings_that_do_not_fit() -> None:
    for channels in (5, 0):
        with pytest.raises(SettingError, match="channels must be even"):
            NetworkConfig(channels=channels)
    with pytest.raises(SettingError, match="auxiliary head"):
        build((16, 16), auxiliary=True)
    skeleton = SPACE.skeleton(NetworkConfig(output="concat"), Task(in_channels=3, image_size=(32, 32), num_classes=7))
    with pytest.raises(SettingError, match="cannot let the width vary"):
        skeleton.build_supernet()


def test_layout() -> None:
    plan = plan_network(NetworkConfig(cells_per_stage=3), Task(in_channels=3, image_size=(32, 32), num_classes=2))
    assert [cell.kind for cell in plan.cells] == [0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0]
    assert [cell.channels for cell in plan.cells] == [20] * 3 + [40] * 4 + [80] * 4
    assert plan.auxiliary.size == (8, 8) and plan.auxiliary.channels == 80 and plan.output.size == (8, 8)


def test_a_cell_adds_pairs_and_concatenates_unused_states_in_order() -> None:
    plan = plan_network(NetworkConfig(channels=2), Task(in_channels=3, image_size=(8, 8), num_classes=2)).cells[2]
    off = DropPath(keep_at_end=1.0, layer=1, layers=1, progress=Progress())
    wiring = Wiring((((0, 0), (0, 0)), ((0, 0), (2, 0))))
    cell = build_cell(plan, wiring, (1, 1), (OPERATIONS.get("identity"),), False, off)
    older, newer = torch.full((1, 2, 8, 8), 1.0), torch.full((1, 2, 8, 8), 5.0)
    assert cell(older, newer)[0, :, 0, 0].tolist() == [5.0, 5.0, 3.0, 3.0]  # states 1 and 3; 2 = 0 + 0, 3 = 0 + 2


def test_kaiming_normal_weights() -> None:
    torch.manual_seed(0)
    weight = build((32, 32), channels=32).cells[0].calibrations[0][1].weight.detach()  # type: ignore[index, union-attr]
    assert float(weight.std()) == pytest.approx((2 / weight[0].numel()) ** 0.5, rel=0.1)  # type: ignore[union-attr, index, operator]


def test_drop_path_keeps_the_mean_and_follows_progress() -> None:
    progress = Progress()
    drop = DropPath(keep_at_end=0.6, layer=2, layers=4, progress=progress)
    x = torch.ones(4000, 1, 1, 1)
    assert torch.equal(drop(x), x)
    progress.value = 0.5
    assert drop.keep() == pytest.approx(1 - 0.5 * 0.5 * 0.4)
    torch.manual_seed(0)
    y = drop(x)
    assert float(y.mean()) == pytest.approx(1.0, abs=0.03) and len(y.unique()) == 2
    assert torch.equal(drop.eval()(x), x)


def test_symmetric_forms_are_one_function_with_swapped_weights() -> None:
    """The order of a node's pairs does not change the network: equal sizes, and a sum does not see the order."""
    skeleton = SPACE.skeleton(
        NetworkConfig(cells_per_stage=1, channels=4), Task(in_channels=3, image_size=(8, 8), num_classes=3)
    )
    one = SPACE.grammar.sample(1, generator(3))[0]
    other = SPACE.grammar.shuffle(one, generator(4))
    a, b = (skeleton.build_standalone(form).module for form in (one, other))
    state = a.state_dict()
    moved = {}
    for name in b.state_dict():
        parts = name.split(".")
        if parts[0] == "cells" and parts[2] == "operations":
            kind = 1 if int(parts[1]) in (1, 3) else 0
            place = int(parts[3]) + 10 * kind
            if other.tokens[4 * (place // 2) :][:4] != one.tokens[4 * (place // 2) :][:4]:
                parts[3] = str(int(parts[3]) ^ 1)
        moved[name] = state[".".join(parts)]
    b.load_state_dict(moved)
    x = torch.randn(2, 3, 8, 8)
    assert one != other and one.id == other.id
    torch.testing.assert_close(a.eval()(x), b.eval()(x))


@pytest.mark.parametrize("progress_value", [0.0, 0.5])
def test_adding_a_dropped_path_is_adding_what_is_left_of_it(progress_value: float) -> None:
    progress = Progress()
    progress.value = progress_value
    drop = DropPath(keep_at_end=0.2, layer=1, layers=1, progress=progress).train()
    total, x = torch.randn(64, 2, 3, 3, requires_grad=True), torch.randn(64, 2, 3, 3, requires_grad=True)
    found = []
    for add in (drop.add, lambda total, x: total + drop(x)):
        torch.manual_seed(1)
        y = add(total, x)
        found.append((y, *torch.autograd.grad(y.square().sum(), [total, x])))
    torch.testing.assert_close(*found)
    assert torch.equal(drop.eval().add(total, x), total + x)

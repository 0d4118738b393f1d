"""PathOptimizer: the active path alone is touched, and equals torch's own SGD on it."""

import copy

import pytest
import torch
from torch import nn

from bnao.errors import NumericalError
from bnao.training.config import TrainingConfig
from bnao.training.optimizer import PathOptimizer


def _two_layers() -> nn.ModuleList:
    torch.manual_seed(0)
    return nn.ModuleList([nn.Linear(3, 3), nn.Linear(3, 3)])


def _train(layers: nn.ModuleList, optimizer: PathOptimizer, order: list[int]) -> None:
    for k in order:
        layers[k](torch.ones(2, 3)).square().sum().backward()
        optimizer.step(list(layers[k].parameters()), 0.01)


def test_equals_torch_sgd_on_the_path():
    layers, config = _two_layers(), TrainingConfig(clip_norm=1e9)
    reference = copy.deepcopy(layers[0])
    sgd = torch.optim.SGD(reference.parameters(), lr=0.01, momentum=0.9, weight_decay=config.weight_decay)
    _train(layers, PathOptimizer(layers, config), [0, 1, 0, 1, 1, 0])
    for _ in range(3):
        sgd.zero_grad()
        reference(torch.ones(2, 3)).square().sum().backward()
        sgd.step()
    for ours, theirs in zip(layers[0].parameters(), reference.parameters(), strict=True):
        torch.testing.assert_close(ours, theirs)


def test_frozen_weights_off_the_path_do_not_move_and_have_no_gradient():
    layers = _two_layers()
    optimizer = PathOptimizer(layers, TrainingConfig())
    _train(layers, optimizer, [1])
    before = copy.deepcopy(layers[1].state_dict())
    _train(layers, optimizer, [0, 0, 0])
    assert all(torch.equal(before[name], value) for name, value in layers[1].state_dict().items())
    assert all(p.grad is None for p in layers.parameters())


def test_moving_weights_go_on_by_momentum_and_decay_once_trained():
    layers = _two_layers()
    optimizer = PathOptimizer(layers, TrainingConfig(inactive="moving"))
    untouched = copy.deepcopy(layers[1].state_dict())
    _train(layers, optimizer, [0])
    assert all(torch.equal(untouched[name], value) for name, value in layers[1].state_dict().items())
    _train(layers, optimizer, [1])
    before = layers[1].weight.detach().clone()
    momentum = optimizer._optimizer.state[layers[1].weight]["momentum_buffer"].clone()
    _train(layers, optimizer, [0])
    config = TrainingConfig()
    expected = before - 0.01 * (0.9 * momentum + config.weight_decay * before)
    torch.testing.assert_close(layers[1].weight.detach(), expected)


def test_clips_the_total_norm_of_the_active_gradients():
    layers = _two_layers()
    optimizer = PathOptimizer(layers, TrainingConfig(clip_norm=1.0, momentum=0.0, weight_decay=0.0))
    before = [p.detach().clone() for p in layers[0].parameters()]
    (layers[0](torch.full((2, 3), 100.0)).square().sum()).backward()
    norm = optimizer.step(list(layers[0].parameters()), 1.0)
    moved = torch.cat([(p.detach() - q).flatten() for p, q in zip(layers[0].parameters(), before, strict=True)])
    assert norm > 1.0
    assert float(moved.norm()) == pytest.approx(1.0, rel=1e-4)


def test_a_gradient_that_is_not_finite_changes_no_weight():
    layers = _two_layers()
    optimizer = PathOptimizer(layers, TrainingConfig())
    before = copy.deepcopy(layers.state_dict())
    (layers[0](torch.ones(2, 3)).sum() * float("inf")).backward()
    with pytest.raises(NumericalError, match="finite"):
        optimizer.step(list(layers[0].parameters()), 0.1)
    assert all(torch.equal(before[name], value) for name, value in layers.state_dict().items())
    assert all(p.grad is None for p in layers.parameters())


def test_state_round_trip_continues_identically():
    first, second = _two_layers(), _two_layers()
    a, b = PathOptimizer(first, TrainingConfig()), PathOptimizer(second, TrainingConfig())
    _train(first, a, [0, 1, 0])
    second.load_state_dict(first.state_dict())
    b.load_state_dict(copy.deepcopy(a.state_dict()))
    _train(first, a, [1, 0])
    _train(second, b, [1, 0])
    assert all(torch.equal(p, q) for p, q in zip(first.parameters(), second.parameters(), strict=True))


@pytest.mark.parametrize("num_groups", [1, 2])
def test_weights_that_are_left_out_keep_their_values(num_groups):
    layers = _two_layers()
    left = layers[1].weight

    def make(parameters):
        kept = [p for p in parameters if p is not left]
        groups = [kept[:1], kept[1:]] if num_groups == 2 else [kept]
        return torch.optim.SGD([{"params": group} for group in groups], lr=0.025, momentum=0.9)

    optimizer = PathOptimizer(layers, TrainingConfig(), make)
    before = copy.deepcopy(layers.state_dict())
    _train(layers, optimizer, [1, 0])
    moved = [name for name, value in layers.state_dict().items() if not torch.equal(before[name], value)]
    assert moved == ["0.weight", "0.bias", "1.bias"]
    assert all(p.grad is None for p in layers.parameters())
    assert len(optimizer.state_dict()["state"]) == 3


def test_moving_weights_decay_where_no_momentum_is_kept_and_a_saved_training_goes_on_so():
    config = TrainingConfig(inactive="moving", momentum=0.0, weight_decay=0.5)
    layers, again = _two_layers(), _two_layers()
    first, second = PathOptimizer(layers, config), PathOptimizer(again, config)
    _train(layers, first, [1])
    again.load_state_dict(layers.state_dict())
    second.load_state_dict(copy.deepcopy(first.state_dict()))
    before = layers[1].weight.detach().clone()
    for network, optimizer in ((layers, first), (again, second)):
        _train(network, optimizer, [0])
        torch.testing.assert_close(network[1].weight.detach(), before * (1 - 0.01 * 0.5))

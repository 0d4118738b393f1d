"""Frozen parts stay as they are, weights and running statistics, in every training."""

from __future__ import annotations

import torch
from torch import nn

import bnao
from bnao.evaluation.views import batch_statistics_view, measuring, own_statistics_view
from bnao.spaces.config import NetworkConfig
from bnao.spaces.frozen import frozen_modules, mark_frozen, train_mode
from bnao.spaces.own import OwnSpace
from bnao.supernet import StandAlone, Supernet
from bnao.supernet.clone import clone_module
from bnao.task import Task


def test_frozen_modules_stay_in_eval_mode_and_others_do_not():
    frozen = nn.Sequential(nn.Linear(2, 2), nn.BatchNorm1d(2), nn.Dropout(0.5)).requires_grad_(False)
    half = nn.Sequential(nn.Linear(2, 2).requires_grad_(False), nn.Linear(2, 2))
    network = nn.Sequential(frozen, half, nn.Dropout(0.5)).eval()
    train_mode(network)
    assert not any(m.training for m in frozen.modules())
    assert half.training and half[1].training and not half[0].training and network[2].training
    before = frozen[1].running_mean.clone()
    network(torch.randn(8, 2))
    assert torch.equal(frozen[1].running_mean, before)


class Around(nn.Module):
    """By its weights the path around what learns is frozen, with a batch norm that has none."""

    def __init__(self) -> None:
        super().__init__()
        fixed = nn.Linear(2, 2).requires_grad_(False)
        chosen = bnao.OneOf({"learns": lambda: nn.Linear(2, 2), "skip": nn.Identity})
        self.block = nn.Sequential(fixed, nn.BatchNorm1d(2, affine=False), chosen)
        self.head = nn.Linear(2, 2)

    def forward(self, x):
        return self.head(self.block(x))


def test_every_path_and_its_stand_alone_network_have_the_whole_networks_frozen_parts():
    space = OwnSpace(Around, torch.randn(2, 2))
    skeleton = space.skeleton(NetworkConfig(), Task(in_channels=2, image_size=(1, 1), num_classes=2))
    supernet = Supernet(skeleton.build_supernet())
    supernet.start_training()
    for architecture in map(space.grammar.nth, range(2)):
        alone = StandAlone(skeleton.build_standalone(architecture))
        alone.start_training()
        for network in (supernet.path(architecture), alone.root):
            assert frozen_modules(network) == {network.block[0]}
            assert network.block[1].training and not network.block[0].training


def test_a_part_that_is_looked_at_alone_stays_frozen():
    network = nn.Sequential(nn.Sequential(nn.Linear(2, 2), nn.BatchNorm1d(2, affine=False)), nn.Linear(2, 2))
    network[0].requires_grad_(False)
    mark_frozen(network)
    part, x = clone_module(network[0][1]), torch.randn(8, 2)
    assert torch.equal(batch_statistics_view(part)(x), network[0][1].eval()(x))
    view = own_statistics_view(part)
    measuring(view, True)
    assert not view.training and not train_mode(part).training
    network.requires_grad_(True)
    mark_frozen(network)
    assert not frozen_modules(network)

"""Frozen parts stay as they are, weights and running statistics, in every training."""

from __future__ import annotations

import torch
from torch import nn

from bnao.supernet.frozen import train_mode


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

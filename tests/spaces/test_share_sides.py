"""Both sides of a node may share one set of weights; a path is still exactly its stand-alone network."""

import numpy as np
import pytest
import torch

from bnao.spaces.config import NetworkConfig, SpaceConfig
from bnao.spaces.nao_cell import NaoCellSpace
from bnao.supernet import Supernet
from bnao.task import Task

NETWORK = NetworkConfig(cells_per_stage=1, channels=4, output="project")


def test_halves_the_candidates_of_the_papers_supernet():
    skeleton = NaoCellSpace(SpaceConfig()).skeleton(
        NetworkConfig(output="project"), Task(in_channels=3, image_size=(32, 32), num_classes=10)
    )
    module = skeleton.build_supernet(share_sides=True).module
    assert sum(p.numel() for p in module.parameters()) == 7_387_350 - 7_118_400 // 2


@pytest.mark.parametrize("operations", ["small", "middle"])
def test_path_equals_the_stand_alone_network(operations):
    space = NaoCellSpace(SpaceConfig(operations=operations, nodes=3))
    skeleton = space.skeleton(NETWORK, Task(in_channels=3, image_size=(8, 8), num_classes=4))
    supernet, x = Supernet(skeleton.build_supernet(share_sides=True)), torch.randn(4, 3, 8, 8)
    rng = np.random.default_rng(0)
    for architecture in space.grammar.sample(5, rng):
        forms = [architecture, *(space.grammar.shuffle(architecture, rng) for _ in range(3))]
        for form in forms:
            alone = skeleton.build_standalone(form).module
            alone.load_state_dict(supernet.inherited_state(form))
            assert torch.equal(supernet.path(form).eval()(x), alone.eval()(x))


def test_a_pair_that_stands_on_both_sides_adds_up_its_gradients():
    space = NaoCellSpace(SpaceConfig(nodes=1))
    skeleton = space.skeleton(NETWORK, Task(in_channels=3, image_size=(8, 8), num_classes=4))
    supernet, form = Supernet(skeleton.build_supernet(share_sides=True)), space.grammar.parse("0 0 0 0 | 0 0 0 0")
    path, alone = supernet.path(form), skeleton.build_standalone(form).module
    alone.load_state_dict(supernet.inherited_state(form))
    x = torch.randn(4, 3, 8, 8)
    path(x).square().sum().backward()
    alone(x).square().sum().backward()
    cell, twin = path.cells[0], alone.cells[0]
    assert cell.operations[0] is cell.operations[1]
    total = twin.operations[0][1].weight.grad + twin.operations[1][1].weight.grad
    torch.testing.assert_close(cell.operations[0][1].weight.grad, total)

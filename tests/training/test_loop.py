"""The one training loop: determinism, schedules, what a supernet step touches, numerical errors."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from bnao.data.config import AugmentConfig
from bnao.data.images import Images
from bnao.errors import NumericalError, SettingError
from bnao.objective import CLASSIFICATION
from bnao.sampling.base import Policy, StepPlan
from bnao.spaces.config import NetworkConfig, SpaceConfig
from bnao.spaces.nao_cell import NaoCellSpace
from bnao.spaces.placing import place
from bnao.supernet import Supernet
from bnao.task import Task
from bnao.training.config import TrainingConfig
from bnao.training.loop import Hooks, Weights, _loss, num_steps, train
from bnao.training.schedule import learning_rate
from bnao.training.standalone import OnePath, train_standalone

SPACE = NaoCellSpace(SpaceConfig(nodes=2))
TASK = Task(in_channels=3, image_size=(8, 8), num_classes=4)
CONFIG = TrainingConfig(epochs=2, batch_size=16, learning_rate=0.1, augment=AugmentConfig(crop_padding=1))
SMALL = NetworkConfig(cells_per_stage=1, channels=4, output="project", drop_path_keep=0.8, dropout_keep=0.8)


def _learnable(num: int = 64) -> Images:
    """Images whose brightness says the class."""
    labels = torch.arange(num) % 4
    noise = torch.randint(0, 40, (num, 3, 8, 8), generator=torch.Generator().manual_seed(0))
    return Images(
        images_NCHW=(labels.view(-1, 1, 1, 1) * 60 + noise).to(torch.uint8),
        labels_N=labels,
        mean_C=torch.full((3,), 0.5),
        std_C=torch.full((3,), 0.25),
    )


class Alternate(Policy):
    """The architectures in turn."""

    def __init__(self, *architectures):
        self.architectures, self.losses = architectures, []

    def plan(self, step, rng):
        return StepPlan(paths=(self.architectures[step % len(self.architectures)],), loss_weights=(1.0,))

    def observe(self, plan, losses):
        self.losses.append(losses)


def _supernet() -> Supernet:
    torch.manual_seed(0)
    built = SPACE.skeleton(SMALL, TASK).build_supernet()
    place(built.module, torch.device("cpu"))  # in the memory format of all that trains: norms are summed in its order
    return Supernet(built)


def test_equal_calls_give_equal_weights_whatever_the_global_generators_do():
    pair = SPACE.grammar.sample(2, np.random.default_rng(0))
    states = []
    for noise in (1, 2):
        supernet = _supernet()
        torch.manual_seed(noise)
        np.random.seed(noise)
        train(Weights.fresh(supernet, CONFIG), Alternate(*pair), _learnable(), CONFIG, seed=3, stage="s")
        states.append(supernet.root.state_dict())
    assert all(torch.equal(states[0][name], states[1][name]) for name in states[0])


def test_another_seed_or_stage_gives_other_weights():
    a = SPACE.grammar.sample(1, np.random.default_rng(0))[0]
    skeleton = SPACE.skeleton(SMALL, TASK)
    heads = [
        train_standalone(skeleton, a, _learnable(), CONFIG, seed=seed, stage=stage).module.head.linear.weight
        for seed, stage in ((0, "x"), (1, "x"), (0, "y"))
    ]
    assert not torch.equal(heads[0], heads[1])
    assert not torch.equal(heads[0], heads[2])


@pytest.mark.parametrize("seed", [1, 4, 6])
def test_a_supernet_of_one_path_trains_exactly_as_the_stand_alone_network(seed):
    a = SPACE.grammar.sample(1, np.random.default_rng(seed))[0]
    supernet = _supernet()
    inherited = supernet.inherited_state(a)
    train(Weights.fresh(supernet, CONFIG), Alternate(a), _learnable(), CONFIG, seed=0, stage="s")
    alone = train_standalone(
        SPACE.skeleton(SMALL, TASK), a, _learnable(), CONFIG, seed=0, stage="s", inherited=inherited
    )
    path = supernet.path(a).state_dict()
    assert all(torch.equal(path[name], tensor) for name, tensor in alone.module.state_dict().items())


def test_weights_off_the_path_stay_to_the_bit():
    a = SPACE.grammar.sample(1, np.random.default_rng(2))[0]
    supernet = _supernet()
    on_path = {id(t) for t in supernet.path(a).state_dict(keep_vars=True).values()}
    before = {n: t.clone() for n, t in supernet.root.state_dict().items()}
    train(Weights.fresh(supernet, CONFIG), Alternate(a), _learnable(), CONFIG, seed=0, stage="s")
    state = supernet.root.state_dict(keep_vars=True)
    off = [n for n, t in state.items() if id(t) not in on_path]
    assert len(off) > 100
    assert all(torch.equal(before[n], state[n]) for n in off)
    assert all(p.grad is None for p in supernet.root.parameters())


def test_learns_and_reports_each_epoch_and_step():
    a = SPACE.grammar.sample(1, np.random.default_rng(3))[0]
    epochs, steps = [], []
    hooks = Hooks(on_step=lambda done, figures: steps.append(done), on_epoch=epochs.append)
    config = replace(CONFIG, epochs=12, augment=AugmentConfig(crop_padding=0))
    network = NetworkConfig(cells_per_stage=1, channels=4)
    trained = train_standalone(SPACE.skeleton(network, TASK), a, _learnable(), config, seed=0, stage="s", hooks=hooks)
    assert steps == list(range(1, 49))
    assert epochs == trained.curve
    assert len(epochs) == 12
    assert epochs[-1].loss < epochs[0].loss / 2
    assert not trained.module.training


def test_averaged_weights_are_delivered_with_finite_statistics():
    a = SPACE.grammar.sample(1, np.random.default_rng(3))[0]
    skeleton = SPACE.skeleton(NetworkConfig(cells_per_stage=1, channels=4), TASK)
    plain = train_standalone(skeleton, a, _learnable(), CONFIG, seed=0, stage="s").module
    averaged = train_standalone(skeleton, a, _learnable(), replace(CONFIG, average_decay=0.9), seed=0, stage="s").module
    assert not torch.equal(plain.head.linear.weight, averaged.head.linear.weight)
    assert all(t.isfinite().all() for t in averaged.state_dict().values())


def test_several_paths_add_up_their_weighted_gradients():
    a = SPACE.grammar.sample(1, np.random.default_rng(4))[0]

    class Twice(Policy):
        def plan(self, step, rng):
            return StepPlan(paths=(a, a), loss_weights=(0.5, 0.5))

    quiet = replace(SMALL, drop_path_keep=1.0, dropout_keep=1.0)
    weights = []
    for policy in (Twice(), OnePath(a)):
        torch.manual_seed(0)
        supernet = Supernet(SPACE.skeleton(quiet, TASK).build_supernet())
        config = replace(CONFIG, epochs=0.25)
        train(Weights.fresh(supernet, config), policy, _learnable(), config, seed=0, stage="s")
        weights.append(supernet.root.head.linear.weight)
    torch.testing.assert_close(weights[0], weights[1])


def test_running_statistics_are_averaged_once_a_step_whatever_the_number_of_paths():
    a, b = SPACE.grammar.sample(2, np.random.default_rng(4))

    class Both(Policy):
        def plan(self, step, rng):
            return StepPlan(paths=(a, b), loss_weights=(0.5, 0.5))

    config = replace(CONFIG, epochs=0.25, average_decay=0.5)
    supernet = _supernet()
    weights = Weights.fresh(supernet, config)
    start = supernet.root.stem.norm.running_mean.clone()
    train(weights, Both(), _learnable(), config, seed=0, stage="s")
    end = supernet.root.stem.norm.running_mean.clone()
    with weights.average.applied():
        torch.testing.assert_close(supernet.root.stem.norm.running_mean, (start + end) / 2)


def test_a_path_that_was_put_into_eval_mode_trains_in_train_mode():
    a = SPACE.grammar.sample(1, np.random.default_rng(1))[0]
    states = []
    for meddle in (False, True):
        supernet = _supernet()
        if meddle:
            supernet.path(a).eval()
        train(Weights.fresh(supernet, CONFIG), Alternate(a), _learnable(), CONFIG, seed=0, stage="s")
        states.append(supernet.root.state_dict())
    assert all(torch.equal(states[0][name], states[1][name]) for name in states[0])


def test_policies_are_told_the_losses():
    pair = SPACE.grammar.sample(2, np.random.default_rng(5))
    policy = Alternate(*pair)
    train(Weights.fresh(_supernet(), CONFIG), policy, _learnable(), CONFIG, seed=0, stage="s")
    assert len(policy.losses) == 8
    assert all(len(losses) == 1 and np.isfinite(losses[0]) for losses in policy.losses)


def test_a_loss_that_is_not_finite_stops_with_the_remedy():
    a = SPACE.grammar.sample(1, np.random.default_rng(6))[0]
    supernet = _supernet()
    with torch.no_grad():
        supernet.root.head.linear.weight.fill_(float("nan"))
    with pytest.raises(NumericalError, match="lower the learning rate"):
        train(Weights.fresh(supernet, CONFIG), Alternate(a), _learnable(), CONFIG, seed=0, stage="s")


def test_a_batch_larger_than_the_data_is_refused():
    with pytest.raises(SettingError, match="batch_size"):
        num_steps(CONFIG, 15)
    assert num_steps(CONFIG, 16) == 2
    assert num_steps(replace(CONFIG, epochs=0.01), 16) == 1


def test_schedules():
    cosine = TrainingConfig(learning_rate=1.0, final_learning_rate=0.2)
    assert learning_rate(cosine, 0, 10, 5) == 1.0
    assert learning_rate(cosine, 5, 10, 5) == pytest.approx(0.6)
    assert learning_rate(cosine, 10, 10, 5) == pytest.approx(0.2)
    falling = TrainingConfig(learning_rate=1.0, schedule="exponential", decay=0.5)
    assert [learning_rate(falling, step, 6, 2) for step in range(6)] == [1, 1, 0.5, 0.5, 0.25, 0.25]


def test_the_auxiliary_head_adds_its_weighted_loss_in_training_alone():
    task = Task(in_channels=3, image_size=(32, 32), num_classes=4)
    network = NetworkConfig(cells_per_stage=1, channels=4, auxiliary=True)
    built = SPACE.skeleton(network, task).build_standalone(SPACE.grammar.sample(1, np.random.default_rng(7))[0])
    returned = logits, auxiliary = built.module(torch.randn(2, 3, 32, 32))
    assert logits.shape == auxiliary.shape == (2, 4)
    labels = torch.tensor([1, 3])
    loss, _ = _loss(returned, labels, TrainingConfig(auxiliary_weight=0.4), 0.0, CLASSIFICATION)
    expected = F.cross_entropy(logits, labels) + 0.4 * F.cross_entropy(auxiliary, labels)
    torch.testing.assert_close(loss, expected)
    assert built.module.eval()(torch.randn(2, 3, 32, 32)).shape == (2, 4)

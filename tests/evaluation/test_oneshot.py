"""Scoring changes nothing, is the same for all, and gives finite higher-is-better values."""

import copy
import hashlib
from dataclasses import replace

import numpy as np
import pytest
import torch

from bnao.data.images import Images
from bnao.data.search_data import SearchData
from bnao.evaluation.base import finite_scores
from bnao.evaluation.config import ScoringConfig
from bnao.evaluation.measure import Measurement, equal_batches, measure_batches, paired_standard_error
from bnao.evaluation.oneshot import OneShotEvaluator
from bnao.evaluation.views import batch_statistics_view, eval_view, recalibrated_view
from bnao.rng import generator
from bnao.spaces.config import NetworkConfig, SpaceConfig
from bnao.spaces.nao_cell import NaoCellSpace
from bnao.supernet import Supernet
from bnao.task import Task
from bnao.training.averaging import LazyAverage

SPACE = NaoCellSpace(SpaceConfig(nodes=2))
TASK = Task(in_channels=3, image_size=(8, 8), num_classes=4)


def _images(num: int, seed: int) -> Images:
    g = torch.Generator().manual_seed(seed)
    return Images(
        images_NCHW=torch.randint(0, 256, (num, 3, 8, 8), generator=g, dtype=torch.uint8),
        labels_N=torch.arange(num) % 4,
        mean_C=torch.full((3,), 0.5),
        std_C=torch.full((3,), 0.25),
    )


SUPERNET_NETWORK = NetworkConfig(cells_per_stage=1, channels=4, output="project", drop_path_keep=0.5)


@pytest.fixture
def data() -> SearchData:
    return SearchData(train=_images(64, 0), valid=_images(40, 1), task=TASK)


def _supernet(drop_path_keep: float) -> Supernet:
    torch.manual_seed(0)
    network = replace(SUPERNET_NETWORK, drop_path_keep=drop_path_keep)
    net = Supernet(SPACE.skeleton(network, TASK).build_supernet())
    net.progress.value = 1.0
    return net


@pytest.fixture
def supernet() -> Supernet:
    return _supernet(0.5)


@pytest.fixture
def still() -> Supernet:
    """Without drop-path, so that nothing is drawn."""
    return _supernet(1.0)


@pytest.mark.parametrize(("score", "adapt_steps"), [("loss", 0), ("loss", 2), ("learning", 2), ("both", 2)])
def test_scores_do_not_depend_on_who_trained_the_weights(supernet, data, score, adapt_steps):
    """A process that has trained them and one that has read them, at whatever progress, score alike."""
    evaluator = OneShotEvaluator(
        supernet, SPACE.grammar.canonical, data, ScoringConfig(score=score, adapt_steps=adapt_steps), seed=0
    )
    pool, found = SPACE.grammar.sample(3, np.random.default_rng(0)), []
    for progress in (1.0, 0.0, 0.3):
        supernet.progress.value = progress
        found.append(evaluator.evaluate(pool).values_P.tolist())
        assert supernet.progress.value == progress
    assert found[0] == found[1] == found[2]


def _hash(supernet: Supernet) -> str:
    digest = hashlib.sha256()
    for name, tensor in supernet.root.state_dict().items():
        digest.update(name.encode() + tensor.numpy().tobytes())
    digest.update(repr([m.training for m in supernet.root.modules()]).encode())
    digest.update(repr([p.grad is None for p in supernet.root.parameters()]).encode())
    return digest.hexdigest()


@pytest.mark.parametrize("statistics", ["batch", "recalibrated"])
@pytest.mark.parametrize(
    ("score", "adapt_steps"), [("loss", 0), ("loss", 2), ("metric", 0), ("metric", 2), ("learning", 2), ("both", 2)]
)
def test_scoring_changes_nothing_and_repeats(supernet, data, statistics, score, adapt_steps):
    config = ScoringConfig(
        score=score, statistics=statistics, batch_size=16, recalibration_batches=2, adapt_steps=adapt_steps
    )
    evaluator = OneShotEvaluator(supernet, SPACE.grammar.canonical, data, config, seed=0)
    pool = SPACE.grammar.sample(5, np.random.default_rng(0))
    modes = [[m.training for m in supernet.path(a).modules()] for a in pool]
    before, state = _hash(supernet), torch.get_rng_state()
    first = evaluator.evaluate(pool)
    assert _hash(supernet) == before
    assert [[m.training for m in supernet.path(a).modules()] for a in pool] == modes
    assert torch.equal(torch.get_rng_state(), state)
    again = evaluator.evaluate(list(reversed(pool)))
    assert np.array_equal(first.values_P, again.values_P[::-1])
    assert np.isfinite(first.values_P).all()


def test_the_learning_score_is_the_mean_loss_before_each_update(still, data):
    supernet = still
    config = ScoringConfig(score="learning", adapt_steps=3, adapt_from=1, adapt_batch_size=8, batch_size=16)
    evaluator = OneShotEvaluator(supernet, SPACE.grammar.canonical, data, config, seed=0)
    a = SPACE.grammar.sample(1, np.random.default_rng(0))[0]
    copied = copy.deepcopy(supernet.path(SPACE.grammar.canonical(a))).train()
    sgd = torch.optim.SGD(copied.parameters(), lr=0.1, momentum=0.9)
    rng, losses = generator(0, "scoring", "adaptation"), []
    for step in range(3):
        x, labels = data.train.batch(torch.from_numpy(rng.choice(len(data.train), size=8, replace=False)))
        loss = torch.nn.functional.cross_entropy(copied(x.contiguous(memory_format=torch.channels_last)), labels)
        losses.append(float(loss.detach()))
        sgd.param_groups[0]["lr"] = 0.1 * (1 - 0.6 * step / 3)
        sgd.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(copied.parameters(), 5.0)
        sgd.step()
    score = evaluator.evaluate([a]).values_P[0]
    assert score == pytest.approx(-np.mean(losses[1:]), rel=1e-4)
    plain = OneShotEvaluator(supernet, SPACE.grammar.canonical, data, ScoringConfig(batch_size=16), seed=0)
    both = OneShotEvaluator(supernet, SPACE.grammar.canonical, data, replace(config, score="both"), seed=0)
    expected = (score + plain.evaluate([a]).values_P[0]) / 2
    assert both.evaluate([a]).values_P[0] == pytest.approx(expected)


def test_symmetric_forms_have_one_score(supernet, data):
    evaluator = OneShotEvaluator(supernet, SPACE.grammar.canonical, data, ScoringConfig(batch_size=20), seed=0)
    rng = np.random.default_rng(1)
    a = SPACE.grammar.sample(1, rng)[0]
    forms = [SPACE.grammar.shuffle(a, rng) for _ in range(6)]
    assert len({form.tokens for form in forms}) > 1
    assert len(set(evaluator.evaluate(forms).values_P.tolist())) == 1


def test_loss_scores_are_the_negated_loss_of_the_view(supernet, data):
    evaluator = OneShotEvaluator(supernet, SPACE.grammar.canonical, data, ScoringConfig(batch_size=20), seed=0)
    a = SPACE.grammar.sample(1, np.random.default_rng(2))[0]
    scores = evaluator.evaluate([a])
    direct = measure_batches(batch_statistics_view(supernet.path(a)), evaluator._batches)
    assert sorted(torch.cat([y for _, y in evaluator._batches])) == sorted(data.valid.labels_N)
    assert scores.values_P[0] == -direct.loss
    assert scores.metrics_P[0] == direct.metric


def test_adaptation_is_a_short_training_of_a_copy(still, data):
    """Without drop-path noise: equal to plain SGD, written out, on the batches that the evaluator drew."""
    supernet = still
    a = SPACE.grammar.sample(1, np.random.default_rng(3))[0]
    config = ScoringConfig(batch_size=20, adapt_steps=3, adapt_learning_rate=0.1, adapt_batch_size=16)
    evaluator = OneShotEvaluator(supernet, SPACE.grammar.canonical, data, config, seed=0)
    network = SPACE.skeleton(SUPERNET_NETWORK, TASK).build_standalone(a).module.train()
    network.load_state_dict(supernet.inherited_state(a))
    momentum = [torch.zeros_like(p) for p in network.parameters()]
    for step, (x, labels) in enumerate(evaluator._adaptation._batches):
        network.zero_grad()
        loss = torch.nn.functional.cross_entropy(network(x), labels)
        loss.backward()
        norm = torch.sqrt(sum(p.grad.square().sum() for p in network.parameters()))
        with torch.no_grad():
            for p, velocity in zip(network.parameters(), momentum, strict=True):
                velocity.mul_(0.9).add_(p.grad * min(1.0, 5.0 / (float(norm) + 1e-6)))
                p -= 0.1 * (1 - 0.6 * step / 3) * velocity
    direct = measure_batches(batch_statistics_view(network), evaluator._batches)
    assert evaluator.evaluate([a]).values_P[0] == pytest.approx(-direct.loss, rel=1e-4)
    plain = OneShotEvaluator(supernet, SPACE.grammar.canonical, data, ScoringConfig(batch_size=20), seed=0)
    assert plain.evaluate([a]).values_P[0] != evaluator.evaluate([a]).values_P[0]


def test_fewer_images_are_balanced_and_the_same_for_all(supernet, data):
    config = ScoringConfig(batch_size=20, images=20)
    evaluator = OneShotEvaluator(supernet, SPACE.grammar.canonical, data, config, seed=0)
    labels = torch.cat([y for _, y in evaluator._batches])
    assert torch.bincount(labels).tolist() == [5, 5, 5, 5]


def test_data_sorted_by_class_are_scored_in_mixed_batches(supernet, data):
    order = torch.argsort(data.valid.labels_N, stable=True)
    sorted_data = SearchData(train=data.train, valid=data.valid.take(order), task=TASK)
    config = ScoringConfig(batch_size=10)
    evaluator = OneShotEvaluator(supernet, SPACE.grammar.canonical, sorted_data, config, seed=0)
    for _, labels in evaluator._batches:
        assert torch.bincount(labels, minlength=4).min() >= 1
    assert sum(len(labels) for _, labels in evaluator._batches) == 40


def test_averaged_weights_are_scored_and_reading_them_changes_no_later_bit(supernet, data):
    pool = SPACE.grammar.sample(3, np.random.default_rng(0))
    average = LazyAverage(supernet.root, 0.9)
    for architecture in pool:
        path = supernet.entry(architecture)
        average.before_step(path.parameters)
        with torch.no_grad():
            for p in path.parameters:
                p.add_(0.1)
        average.after_step(path.parameters)
    evaluators = [
        OneShotEvaluator(supernet, SPACE.grammar.canonical, data, ScoringConfig(batch_size=20), seed=0, average=a)
        for a in (average, None)
    ]
    before, stored = _hash(supernet), average.state_dict()
    averaged, plain = (e.evaluate(pool).values_P for e in evaluators)
    assert _hash(supernet) == before
    assert not np.array_equal(averaged, plain)
    again = average.state_dict()
    assert all(torch.equal(stored["average"][n], again["average"][n]) for n in stored["average"])
    assert stored["last"] == again["last"]


def test_paired_standard_error_counts_disagreements():
    a = Measurement(0.0, 0.5, 4, True, np.array([1.0, 1.0, 0.0, 0.0]))
    b = Measurement(0.0, 0.25, 4, True, np.array([1.0, 0.0, 0.0, 0.0]))
    assert paired_standard_error(a, a) == 0.0
    assert paired_standard_error(a, b) == pytest.approx(((0.25 - 0.25**2) / 4) ** 0.5)


def test_batch_statistics_equal_training_mode_without_its_side_effects(supernet):
    supernet.progress.value = 0.0  # no drop-path, so that training mode computes the same function
    a = SPACE.grammar.sample(1, np.random.default_rng(3))[0]
    path, x = supernet.path(a), torch.randn(16, 3, 8, 8)
    with torch.no_grad():
        view = batch_statistics_view(path)(x)
        assert torch.equal(view, path(x))


def test_recalibrated_statistics_are_the_mean_over_batches(supernet):
    a = SPACE.grammar.sample(1, np.random.default_rng(4))[0]
    batches = [torch.randn(16, 3, 8, 8), torch.randn(16, 3, 8, 8)]
    view = recalibrated_view(supernet.path(a), batches)
    with torch.no_grad():
        means = [view.stem.conv(x).mean(dim=(0, 2, 3)) for x in batches]
    torch.testing.assert_close(view.stem.norm.running_mean, (means[0] + means[1]) / 2)
    assert not any(m.training for m in view.modules())


class HalfFrozen(torch.nn.Module):
    """Pretrained: a convolution and its batch norm, with statistics of their own; and one more of each that learn."""

    def __init__(self) -> None:
        super().__init__()
        self.body = torch.nn.Sequential(
            torch.nn.Conv2d(3, 4, 1), torch.nn.BatchNorm2d(4), torch.nn.BatchNorm2d(4, affine=False)
        )
        self.tail = torch.nn.Sequential(torch.nn.Conv2d(4, 4, 1), torch.nn.BatchNorm2d(4))
        for norm in (self.body[1], self.body[2]):
            norm.running_mean.fill_(3.0)
            norm.running_var.fill_(9.0)
        self.body.requires_grad_(False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.tail(self.body(x))


def test_frozen_parts_are_scored_with_the_statistics_that_they_keep():
    torch.manual_seed(0)
    network, x = HalfFrozen().train(), torch.randn(16, 3, 4, 4)
    wanted = copy.deepcopy(network.body).eval()(x)
    views = (batch_statistics_view(network), recalibrated_view(network, [x]))
    for view in views:
        assert torch.equal(view.body(x), wanted)
        assert view.tail[1] is not network.tail[1]
    kept, own = views[1].state_dict(), network.state_dict()
    assert all(torch.equal(kept[name], own[name]) for name in own if name.startswith("body"))
    assert not torch.equal(kept["tail.1.running_mean"], own["tail.1.running_mean"])


class Following(torch.nn.Module):
    """Puts a new mean in the place of the old in every forward pass."""

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(2))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        self.mean = 0.9 * self.mean + 0.1 * x.mean(0)
        return x - self.mean


def test_a_buffer_that_is_replaced_in_a_view_is_not_replaced_in_the_network():
    network = Following()
    mean, view = network.mean, eval_view(network)
    first = view(torch.ones(4, 2))
    assert network.mean is mean and mean.tolist() == [0.0, 0.0]
    assert torch.equal(eval_view(network)(torch.ones(4, 2)), first)


def test_eval_view_leaves_modes_alone(supernet):
    path = supernet.path(SPACE.grammar.sample(1, np.random.default_rng(5))[0])
    assert not eval_view(path).stem.norm.training
    assert path.stem.norm.training


def test_scores_that_are_not_finite_become_the_worst_finite_one():
    values, bad = finite_scores(np.array([-1.0, np.nan, -3.0, -np.inf]))
    assert values.tolist() == [-1.0, -3.0, -3.0, -3.0]
    assert bad == 2
    assert finite_scores(np.array([np.nan]))[0].tolist() == [0.0]


def test_a_diverged_path_is_scored_not_fatal(supernet, data):
    with torch.no_grad():
        for p in supernet.root.head.parameters():
            p.fill_(float("nan"))
    evaluator = OneShotEvaluator(supernet, SPACE.grammar.canonical, data, ScoringConfig(batch_size=20), seed=0)
    scores = evaluator.evaluate(SPACE.grammar.sample(2, np.random.default_rng(0)))
    assert scores.num_not_finite == 2


@pytest.mark.parametrize(("num", "batch"), [(1, 5), (5, 5), (6, 5), (1000, 300), (7, 1), (8, 2), (4, 3)])
def test_equal_batches_cover_once_and_differ_by_one(num, batch):
    lengths = [s.stop - s.start for s in equal_batches(num, batch)]
    assert sum(lengths) == num
    assert max(lengths) <= batch
    assert max(lengths) - min(lengths) <= 1


def test_no_batch_has_one_image_where_that_can_be_avoided():
    for num in range(2, 60):
        for batch in range(2, 12):
            lengths = [s.stop - s.start for s in equal_batches(num, batch)]
            assert sum(lengths) == num and min(lengths) >= 2 and max(lengths) - min(lengths) <= 1
            assert max(lengths) <= batch + (batch == 2 and num % 2 == 1)
    assert [s.stop - s.start for s in equal_batches(3, 2)] == [3]


@pytest.mark.parametrize("num", [1000, 2000, 5000])
def test_equal_batches_of_the_defaults(num):
    assert equal_batches(num, 500) == [slice(k, k + 500) for k in range(0, num, 500)]

"""Examples of the user's own datasets: every form they may have, the same bits when fetched again, clear refusals."""

from __future__ import annotations

import random

import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader, Dataset, IterableDataset, TensorDataset, WeightedRandomSampler

from bnao.data.dataset import own_examples
from bnao.errors import DataError, SettingError

X, Y = torch.arange(24.0).view(12, 2), torch.arange(12) % 3


class Noisy(Dataset):
    """Random in three ways, as augmentations are."""

    targets = Y.tolist()

    def __len__(self) -> int:
        return 12

    def __getitem__(self, k: int):
        return X[k] + torch.rand(2) + random.random() + np.random.rand(), int(Y[k])


def test_every_form_gives_the_same_batches():
    class Plain(Dataset):
        def __len__(self):
            return 12

        def __getitem__(self, k):
            return X[k], Y[k]

    index = torch.tensor([3, 1, 11])
    forms = [TensorDataset(X, Y), DataLoader(TensorDataset(X, Y), batch_size=5, shuffle=True), (X, Y), Plain(),
             (X.numpy(), Y.numpy())]  # fmt: skip
    for form in forms:
        x, y = own_examples(form, None, "train").batch(index)
        assert torch.equal(x, X[index]) and torch.equal(y, Y[index])


def test_random_examples_follow_torchs_generator_alone():
    examples, index = own_examples(Noisy(), None, "train"), torch.tensor([0, 5])
    torch.manual_seed(1)
    first = examples.batch(index)[0]
    states = random.getstate(), np.random.get_state()[1].copy()
    torch.manual_seed(1)
    random.seed(9)
    np.random.seed(9)
    assert torch.equal(examples.batch(index)[0], first)
    random.setstate(states[0])
    torch.manual_seed(2)
    assert not torch.equal(examples.batch(index)[0], first)
    assert examples.fingerprint() == own_examples(Noisy(), None, "train").fingerprint()


def test_take_join_and_classes():
    examples = own_examples(TensorDataset(X, Y), None, "train")
    assert examples.classes().tolist() == Y.tolist() == own_examples(Noisy(), None, "train").classes().tolist()
    a, b = examples.take(torch.tensor([4, 2])), examples.take(torch.tensor([0]))
    joined = a.joined(b)
    assert len(joined) == 3 and joined.batch(slice(None))[1].tolist() == Y[[4, 2, 0]].tolist()
    assert joined.classes().tolist() == Y[[4, 2, 0]].tolist()
    other = own_examples(TensorDataset(-X, Y), None, "valid")
    assert torch.equal(a.joined(other).batch(torch.tensor([2]))[0], -X[:1])
    assert own_examples(TensorDataset(X, Y.float()), None, "train").classes() is None
    assert a.fingerprint() != b.fingerprint()


def test_prepare_makes_inputs_by_place_or_name():
    rows = [{"a": X[k], "b": X[k] * 2, "label": int(Y[k])} for k in range(12)]
    examples = own_examples(rows, lambda raw: ({"a": raw["a"], "b": raw["b"]}, raw["label"]), "train")
    x, y = examples.batch(torch.tensor([1, 2]))
    assert torch.equal(x["b"], X[1:3] * 2) and y.tolist() == [1, 2]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ([1, 2, 3], "a batch is a pair"),
        ([{"x": X[0]}] * 3, "give prepare="),
        ([(torch.zeros(2), 0), (torch.zeros(3), 1)], "collated to batches"),
    ],
)
def test_batches_that_are_no_pairs_are_refused(data, message):
    with pytest.raises(DataError, match=message):
        own_examples(data, None, "train").batch(torch.tensor([0, 1]))


def test_data_without_numbers_or_with_an_order_of_its_own_are_refused():
    class Stream(IterableDataset):
        def __iter__(self):
            yield X[0], 0

    with pytest.raises(DataError, match="visits examples by their numbers"):
        own_examples(Stream(), None, "train")
    with pytest.raises(DataError, match="received int"):
        own_examples(3, None, "train")
    with pytest.raises(DataError, match="at least 2"):
        own_examples(TensorDataset(X[:1], Y[:1]), None, "valid")
    loader = DataLoader(TensorDataset(X, Y), sampler=WeightedRandomSampler([1.0] * 12, 12))
    with pytest.raises(SettingError, match="class_weights"):
        own_examples(loader, None, "train")

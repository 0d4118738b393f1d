"""LazyAverage equals the average that touches every weight at every step."""

import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from bnao.training.averaging import LazyAverage

DECAY = 0.8


def _run(paths: list[list[int]]) -> tuple[nn.ParameterList, LazyAverage, list[torch.Tensor]]:
    """Train the named parameters at each step; also keep the dense average, starting at a weight's first change."""
    weights = nn.ParameterList([torch.full((2,), float(k)) for k in range(3)])
    lazy = LazyAverage(weights, DECAY)
    dense = [w.detach().clone() for w in weights]
    generator = torch.Generator().manual_seed(0)
    for active in paths:
        tensors = [weights[k] for k in active]
        lazy.before_step(tensors)
        with torch.no_grad():
            for tensor in tensors:
                tensor.add_(torch.randn(2, generator=generator))
        lazy.after_step(tensors)
        for k, average in enumerate(dense):
            average.lerp_(weights[k].detach(), 1 - DECAY)
    return weights, lazy, dense


@given(st.lists(st.lists(st.integers(0, 2), unique=True), max_size=12))
def test_equals_the_dense_average(paths):
    weights, lazy, dense = _run(paths)
    with lazy.applied():
        for weight, average in zip(weights, dense, strict=True):
            torch.testing.assert_close(weight.detach(), average)


def test_applied_restores_the_weights_to_the_bit():
    weights, lazy, _ = _run([[0], [1], [0, 2]])
    before = [w.detach().clone() for w in weights]
    with lazy.applied():
        assert not torch.equal(weights[0], before[0])
    assert all(torch.equal(w, b) for w, b in zip(weights, before, strict=True))


def test_state_round_trip():
    weights, lazy, dense = _run([[0], [1], [0, 2], [1]])
    other = LazyAverage(weights, DECAY)
    other.load_state_dict(lazy.state_dict())
    with other.applied():
        for weight, average in zip(weights, dense, strict=True):
            torch.testing.assert_close(weight.detach(), average)


def test_a_buffer_that_no_state_holds_is_left_as_it_is():
    root = nn.Module()
    root.register_buffer("kept", torch.zeros(2))
    root.register_buffer("table", torch.zeros(2), persistent=False)
    lazy = LazyAverage(root, DECAY)
    lazy.before_step([root.kept, root.table])
    for buffer in (root.kept, root.table):
        buffer.fill_(1.0)
    lazy.after_step([root.kept, root.table])
    state = lazy.state_dict()
    assert set(state["average"]) == {"kept"}
    again = LazyAverage(root, DECAY)
    again.load_state_dict(state)
    with again.applied():
        assert root.table.tolist() == [1.0, 1.0]
        torch.testing.assert_close(root.kept, torch.full((2,), 1 - DECAY))

"""Parts of a batch, what the environment says of other processes, and messages."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from bnao.distributed import ALONE, Group, Launched, Shards, is_leader, launched
from bnao.distributed.message import Layout
from bnao.errors import SettingError


class Of:
    """A rank of a size; nothing more is asked of it here."""

    def __init__(self, rank: int, size: int) -> None:
        self.rank, self.size = rank, size


@given(st.integers(1, 12), st.integers(0, 20), st.integers(2, 100))
def test_each_example_has_one_part_and_each_part_one_process(size: int, more: int, batch: int) -> None:
    total = size + more
    owners = [k for rank in range(size) for k in Shards(total, Of(rank, size)).mine]  # type: ignore[arg-type]
    assert owners == list(range(total))
    parts = [Shards(total).part(k, batch) for k in range(total)]
    assert [i for part in parts for i in range(batch)[part]] == list(range(batch))
    lengths = {part.stop - part.start for part in parts}
    assert max(lengths) - min(lengths) <= 1


def test_a_part_needs_two_examples() -> None:
    Shards(4).check(8)
    with pytest.raises(SettingError, match=r"a batch of 8 has at most 4 parts .*; received 5: raise batch_size"):
        Shards(5).check(8)


def test_the_environment_names_other_processes() -> None:
    whole = {"RANK": "1", "WORLD_SIZE": "4", "LOCAL_RANK": "1", "MASTER_ADDR": "here", "MASTER_PORT": "29500"}
    assert launched(whole) == Launched(rank=1, size=4, local_rank=1)
    assert launched({}) is None
    assert launched({"RANK": "0", "WORLD_SIZE": "1"}) is None
    with pytest.raises(SettingError, match="received no MASTER_ADDR, MASTER_PORT: start it by torchrun"):
        launched({"RANK": "0", "WORLD_SIZE": "2"})
    with pytest.raises(SettingError, match="received RANK=x"):
        launched({**whole, "RANK": "x"})
    with pytest.raises(SettingError, match=r"RANK lies in \[0, WORLD_SIZE\), here 4; received 4"):
        launched({**whole, "RANK": "4"})


def test_only_rank_0_leads(monkeypatch: pytest.MonkeyPatch) -> None:
    assert is_leader()
    for name, value in (("WORLD_SIZE", "2"), ("MASTER_ADDR", "here"), ("MASTER_PORT", "1")):
        monkeypatch.setenv(name, value)
    for rank in (0, 1):
        monkeypatch.setenv("RANK", str(rank))
        assert is_leader() == (rank == 0)


def test_views_have_the_strides_of_their_tensors() -> None:
    tensors = [
        torch.randn(4, 3, 2, 2).to(memory_format=torch.channels_last),
        torch.randn(5),
        torch.randn(2, 3, dtype=torch.float64),
        torch.randn(6, 4).t(),
    ]
    message = Layout(tensors, extra=2).empty()
    for view, tensor in zip(message.views, tensors, strict=True):
        view.copy_(tensor)
        assert view.shape == tensor.shape and view.dtype == tensor.dtype
    assert message.views[0].stride() == tensors[0].stride()
    message.extra.fill_(7.0)
    assert all(torch.equal(view, tensor) for view, tensor in zip(message.views, tensors, strict=True))
    assert sorted(flat.numel() for flat in message.flats) == [6, 48 + 5 + 24 + 2]
    one = Layout(tensors[:2], extra=1).empty()
    assert len(one.flats) == 1


def test_a_group_is_abstract() -> None:
    assert isinstance(ALONE, Group)
    with pytest.raises(TypeError):
        Group()  # type: ignore[abstract]

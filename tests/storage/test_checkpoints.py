import json
import random
from collections import OrderedDict
from pathlib import Path

import numpy as np
import pytest
import torch

from bnao.errors import RunError
from bnao.storage.checkpoints import load_state, load_weights, save_state, save_weights


def _state() -> dict[str, object]:
    layer = torch.nn.Linear(20, 10)
    optimizer = torch.optim.SGD(layer.parameters(), lr=0.1, momentum=0.9)
    layer(torch.ones(2, 20)).sum().backward()  # type: ignore[no-untyped-call]
    optimizer.step()
    return {"model": layer.state_dict(), "optimizer": optimizer.state_dict(), "step": 3, "half": torch.ones(2).half()}


def test_state_round_trip(tmp_path: Path) -> None:
    state = _state()
    save_state(tmp_path / "a.pt", state)
    back = load_state(tmp_path / "a.pt")
    assert isinstance(back["model"], OrderedDict) and back["step"] == 3
    assert torch.equal(back["model"]["weight"], state["model"]["weight"])  # type: ignore[index]
    assert [p.name for p in tmp_path.iterdir()] == ["a.pt"]


def test_a_missing_a_cut_and_a_foreign_file(tmp_path: Path) -> None:
    path = tmp_path / "a.pt"
    with pytest.raises(RunError, match="is missing"):
        load_state(path)
    save_state(path, _state())
    content = path.read_bytes()
    for length in range(0, len(content), max(1, len(content) // 40)):
        path.write_bytes(content[:length])
        with pytest.raises(RunError, match="damaged"):
            load_state(path)


def test_flipped_bits_never_pass_unseen(tmp_path: Path) -> None:
    """Every flip is refused, or hits a byte that carries no data (padding, dates) and the state is the same."""
    path = tmp_path / "a.pt"
    state = {"weights": torch.arange(500, dtype=torch.float32), "text": "abc"}
    save_state(path, state)
    content, rng, refused = path.read_bytes(), random.Random(0), 0
    for _ in range(300):
        flipped = bytearray(content)
        flipped[rng.randrange(len(content))] ^= 1 << rng.randrange(8)
        path.write_bytes(flipped)
        try:
            back = load_state(path)
        except RunError:
            refused += 1
        else:
            assert torch.equal(back["weights"], state["weights"]) and back["text"] == "abc"
    assert refused > 100


def test_code_is_not_run(tmp_path: Path) -> None:
    class Evil:
        def __reduce__(self) -> tuple[object, tuple[str]]:
            return print, ("executed",)

    torch.save({"a": Evil()}, tmp_path / "a.pt")
    with pytest.raises(RunError):
        load_state(tmp_path / "a.pt")


@pytest.mark.parametrize("value", [np.zeros(2), np.float64(1.0), object(), Path("a")])
def test_what_could_not_be_read_back_is_refused(tmp_path: Path, value: object) -> None:
    with pytest.raises(RunError, match=r"state\['a'\]\[0\]"):
        save_state(tmp_path / "a.pt", {"a": [value]})
    assert list(tmp_path.iterdir()) == []


def test_weights_round_trip_with_tied_and_strided_tensors(tmp_path: Path) -> None:
    path, base = tmp_path / "w.safetensors", torch.arange(6.0).reshape(2, 3)
    save_weights(path, {"a": base, "tied": base, "b": base.t(), "n": torch.tensor(4)}, {"architecture": "0 1 | 0 1"})
    tensors, metadata = load_weights(path)
    assert torch.equal(tensors["b"], base.t()) and torch.equal(tensors["tied"], base) and tensors["n"].item() == 4
    assert metadata == {"architecture": "0 1 | 0 1"}


def test_equal_weights_give_equal_bytes(tmp_path: Path) -> None:
    tensors = {"a": torch.ones(3), "b": torch.ones(2, dtype=torch.int64)}
    for number in range(8):
        save_weights(tmp_path / f"{number}", tensors, {"c": "d", "é": "f", "x": "y"})
    (content,) = {(tmp_path / f"{number}").read_bytes() for number in range(8)}
    start = 8 + int.from_bytes(content[:8], "little")
    assert start % 8 == 0 and list(json.loads(content[8:start])["__metadata__"]) == ["bnao.sha256", "c", "x", "é"]
    tensors, metadata = load_weights(tmp_path / "0")
    assert torch.equal(tensors["a"], torch.ones(3)) and metadata == {"c": "d", "é": "f", "x": "y"}


def test_damaged_weights(tmp_path: Path) -> None:
    path = tmp_path / "w.safetensors"
    save_weights(path, {"a": torch.arange(50.0), "h": torch.ones(3).bfloat16()}, {"k": "v"})
    content, rng = path.read_bytes(), random.Random(0)
    for length in range(0, len(content), 7):
        path.write_bytes(content[:length])
        with pytest.raises(RunError, match=r"damaged"):
            load_weights(path)
    for _ in range(200):
        place = rng.randrange(len(content))
        flipped = bytearray(content)
        flipped[place] ^= 1 << rng.randrange(8)
        path.write_bytes(flipped)
        try:
            tensors, _ = load_weights(path)
        except RunError:
            continue
        assert torch.equal(tensors["a"], torch.arange(50.0))

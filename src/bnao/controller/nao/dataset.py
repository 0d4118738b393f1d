"""The pool as tensors: symmetric copies, and which architectures are held out.

Shapes: P architectures, N >= P sequences (copies included), T words.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from bnao.arch import Architecture, Grammar
from bnao.errors import require

SMALLEST_HELD_OUT = 20  # 190 pairs: below that, pairwise accuracy is mostly noise
LARGEST_SHARE = 0.25  # of a small pool that may be held out to reach it


@dataclass(frozen=True, kw_only=True)
class Sequences:
    """N sequences: ``words_NT`` int64, ``targets_N`` in [0, 1]."""

    words_NT: Tensor
    targets_N: Tensor

    def __len__(self) -> int:
        return len(self.targets_N)


def words_of(grammar: Grammar, architectures: Sequence[Architecture]) -> NDArray[np.int64]:
    """(P, T) words. Raises SettingError if an architecture has fewer than ``grammar.length``.

    The model reads sequences of one length; a grammar with shorter forms pads them by a word of its own.
    """
    rows = [grammar.encode(architecture) for architecture in architectures]
    for row in rows:
        require(
            len(row) == grammar.length,
            f"the NAO proposer needs architectures of {grammar.length} words each",
            len(row),
            "let the grammar's encode pad with a word of its own",
        )
    return np.array(rows, dtype=np.int64).reshape(len(rows), grammar.length)


def canonical_words(grammar: Grammar, architectures: Sequence[Architecture]) -> NDArray[np.int64]:
    """(P, T) words of the canonical forms: equal ids have equal words."""
    return words_of(grammar, [grammar.canonical(a) for a in architectures])


def symmetric_copies(
    grammar: Grammar, architecture: Architecture, copies: int, rng: np.random.Generator
) -> list[Architecture]:
    """Up to ``copies`` distinct forms of one id, ``architecture`` itself first; fewer if there are fewer.

    Draws by ``grammar.shuffle``, 4 a copy at most, so a rare form may be missed where there are hardly enough.
    """
    forms = {architecture.tokens: architecture}
    for _ in range(4 * (copies - 1)):
        if len(forms) == copies:
            break
        form = grammar.shuffle(architecture, rng)
        forms.setdefault(form.tokens, form)
    return list(forms.values())


def sequences(
    grammar: Grammar,
    architectures: Sequence[Architecture],
    targets_P: NDArray[np.float64],
    *,
    copies: int,
    rng: np.random.Generator,
    device: torch.device,
) -> Sequences:
    """Everything the training loop indexes, built once: N = sum of each architecture's copies."""
    forms = [symmetric_copies(grammar, a, copies, rng) for a in architectures]
    words_NT = words_of(grammar, [form for group in forms for form in group])
    targets_N = np.repeat(targets_P, [len(group) for group in forms])
    return Sequences(
        words_NT=torch.from_numpy(words_NT).to(device),
        targets_N=torch.from_numpy(targets_N).to(device, torch.float32),
    )


class HoldOut:
    """Which ids are held out, for good. Symmetric copies share their id, so none leaks.

    Weights persist over fits, so an id once trained on can never be held out later, and one held out stays out.
    """

    def __init__(self, held: Sequence[str] = (), trained: Sequence[str] = ()) -> None:
        self.held = set(held)
        self.trained = set(trained)

    def split(self, ids: Sequence[str], fraction: float, seed: int) -> NDArray[np.bool_]:
        """(P,) mask of the held-out ones among ``ids``; new ids fill up to the wanted number, in an order by hash.

        Wanted: ``fraction`` of the distinct ids, or 20 where that is less than 20, but then no more than a quarter;
        none below 8 ids (2 held out would be one pair) or with ``fraction`` 0. A pool that shrank, with more held out
        than wanted, gives the surplus to training, for good.
        """
        distinct = list(dict.fromkeys(ids))
        count = len(distinct)
        wanted = max(round(fraction * count), min(SMALLEST_HELD_OUT, int(LARGEST_SHARE * count)))
        if fraction == 0.0 or count < 8:
            wanted = 0
        old = [i for i in distinct if i in self.held]
        fresh = sorted((i for i in distinct if i not in self.held | self.trained), key=lambda i: _hash(i, seed))
        self.held.difference_update(old[wanted:])
        self.held.update(fresh[: max(wanted - len(old), 0)])
        self.trained.update(i for i in distinct if i not in self.held)
        return np.array([i in self.held for i in ids], dtype=np.bool_)


def _hash(identity: str, seed: int) -> bytes:
    return hashlib.blake2b(f"{seed} {identity}".encode(), digest_size=8).digest()

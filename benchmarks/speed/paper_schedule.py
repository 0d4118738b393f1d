"""The paper's fit of the controller: batch 100, Adam 1e-3, 1000 epochs, clip 5, ten forms of each architecture.

The decoder goes token by token: one LSTM step, attention and output layer for each, teacher forced. Model and losses
are the product's (the same function, so that speed alone differs); nothing stops early. Shapes as in
:mod:`bnao.controller.nao.model`.
"""

from __future__ import annotations

from collections.abc import Iterator

import torch
from timing import clock
from torch import Tensor
from torch.nn import functional as F

from bnao.controller.nao.dataset import Sequences
from bnao.controller.nao.model import NaoModel
from bnao.controller.nao.training import losses as whole

BATCH, RATE, EPOCHS, CLIP, TRADEOFF = 100, 1e-3, 1000, 5.0, 0.8
FORMS = 10  # of each architecture, by symmetry


def losses(model: NaoModel, words_BT: Tensor, targets_B: Tensor) -> tuple[Tensor, Tensor]:
    """(MSE, mean NLL per word), decoded token by token."""
    encoded = model.encoder(words_BT)
    mse = F.mse_loss(model.predictor(encoded.embedding_BH), targets_B)
    state = model.decoder.initial(encoded)
    previous_1B = torch.full((1, len(words_BT)), model.decoder.start)
    nll = torch.zeros(())
    for t in range(words_BT.shape[1]):
        logits_B1V, state = model.decoder.step(previous_1B, state, encoded.states_BSH)
        nll = nll + F.cross_entropy(logits_B1V[:, 0], words_BT[:, t])
        previous_1B = words_BT[:, t].unsqueeze(0)
    return mse, nll / words_BT.shape[1]


def epochs(model: NaoModel, training: Sequences, seed: int, *, by_token: bool = True) -> Iterator[float]:
    """Train in place; after each of 1000 epochs the seconds that it took. ``by_token`` False: all words at once."""
    of = losses if by_token else whole
    optimizer = torch.optim.Adam(model.parameters(), lr=RATE)
    shuffler = torch.Generator().manual_seed(seed)
    parameters = list(model.parameters())
    for _ in range(EPOCHS):
        start = clock()
        for index_B in torch.split(torch.randperm(len(training), generator=shuffler), BATCH):
            mse, nll = of(model, training.words_NT[index_B], training.targets_N[index_B])
            optimizer.zero_grad()
            (TRADEOFF * mse + (1.0 - TRADEOFF) * nll).backward()
            torch.nn.utils.clip_grad_norm_(parameters, CLIP)
            optimizer.step()
        yield clock() - start

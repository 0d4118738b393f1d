"""Fitting the controller: jointly the predictor's MSE and the decoder's NLL (arXiv 1808.07233, section 3.2)."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from bnao.controller.base import OnEpoch
from bnao.controller.config import ControllerConfig
from bnao.controller.nao.dataset import Sequences
from bnao.controller.nao.model import NaoModel
from bnao.controller.scores import pairwise_accuracy
from bnao.errors import NumericalError

RECONSTRUCTS = (
    0.05  # nats a word: 40 words come back whole about every seventh time by sampling, nearly always greedily
)


def losses(model: NaoModel, words_BT: Tensor, targets_B: Tensor) -> tuple[Tensor, Tensor]:
    """(MSE, NLL as mean per word) of one batch.

    Illegal words are masked in decoding alone, as in the paper. Masked here too, the decoder learns to copy its input
    before the predictor has learned anything, and the encoder then serves the copying (measured in docs/log.md).
    """
    encoded = model.encoder(words_BT)
    mse = F.mse_loss(model.predictor(encoded.embedding_BH), targets_B)
    logits_BTV = model.decoder(encoded, words_BT)
    return mse, F.cross_entropy(logits_BTV.flatten(0, 1), words_BT.flatten())


@dataclass(frozen=True, kw_only=True)
class _Snapshot:
    epoch: int
    spells: bool
    figures: dict[str, float]
    weights: dict[str, Tensor]
    optimizer: dict[str, Any]


def _snapshot(
    epoch: int, spells: bool, figures: dict[str, float], model: NaoModel, optimizer: torch.optim.Optimizer
) -> _Snapshot:
    return _Snapshot(
        epoch=epoch,
        spells=spells,
        figures=figures,
        weights={name: tensor.clone() for name, tensor in model.state_dict().items()},
        optimizer=optimizer_state(optimizer),
    )


def optimizer_state(optimizer: torch.optim.Optimizer) -> dict[str, Any]:
    """``state_dict`` as a snapshot: later steps do not change it."""
    return copy.deepcopy(optimizer.state_dict())


def held_out_accuracy(model: NaoModel, held_out: Sequences) -> float:
    """Pairwise accuracy of the predictor on sequences it was not trained on; NaN without pairs."""
    with torch.no_grad():
        predicted = model.predict(held_out.words_NT)
    return pairwise_accuracy(predicted.double().cpu().numpy(), held_out.targets_N.double().cpu().numpy())


def train(
    model: NaoModel,
    optimizer: torch.optim.Optimizer,
    config: ControllerConfig,
    training: Sequences,
    held_out: Sequences,
    *,
    seed: int,
    on_epoch: OnEpoch | None = None,
) -> dict[str, float]:
    """Train in place; returns the figures ``train_mse``, ``train_nll``, ``epochs``, ``best_epoch``, ``held_out_...``.

    With ``config.early_stop`` and a held-out part that has pairs: evaluated each epoch, stopped after
    ``config.patience`` epochs without a better accuracy, the best epoch's weights and optimiser state restored. An
    epoch counts only once the decoder reconstructs (train NLL at most 0.05 a word): a good predictor with a decoder
    that cannot spell proposes its misspellings. While the NLL still falls by 1 % within the patience, training waits
    for that.
    Otherwise exactly ``config.epochs`` epochs.
    """
    shuffler = torch.Generator().manual_seed(seed)
    stopping = config.early_stop and held_out_accuracy(model, held_out) >= 0.0  # False for NaN: nothing to stop on
    best: _Snapshot | None = None
    figures: dict[str, float] = {}
    lowest_nll, last_gain = float("inf"), 0
    for epoch in range(1, config.epochs + 1):
        figures = _epoch(model, optimizer, config, training, shuffler)
        accuracy = held_out_accuracy(model, held_out)
        if accuracy >= 0.0:
            figures["held_out_pairwise_accuracy"] = accuracy
        if on_epoch is not None:
            on_epoch(epoch, figures)
        if stopping:
            spells = figures["train_nll"] <= RECONSTRUCTS
            if best is None or (spells, accuracy) > (best.spells, best.figures["held_out_pairwise_accuracy"]):
                best, last_gain = _snapshot(epoch, spells, figures, model, optimizer), epoch
            if not spells and figures["train_nll"] < 0.99 * lowest_nll:
                lowest_nll, last_gain = figures["train_nll"], epoch
            if epoch - last_gain >= config.patience:
                break
    if best is None:
        return {**figures, "epochs": float(epoch), "best_epoch": float(epoch)}
    model.load_state_dict(best.weights)
    optimizer.load_state_dict(best.optimizer)
    return {**best.figures, "epochs": float(epoch), "best_epoch": float(best.epoch)}


def _epoch(
    model: NaoModel,
    optimizer: torch.optim.Optimizer,
    config: ControllerConfig,
    training: Sequences,
    shuffler: torch.Generator,
) -> dict[str, float]:
    order_N = torch.randperm(len(training), generator=shuffler).to(training.words_NT.device)
    parameters = list(model.parameters())
    totals = torch.zeros(2, device=order_N.device)
    for index_B in torch.split(order_N, config.batch_size):
        mse, nll = losses(model, training.words_NT[index_B], training.targets_N[index_B])
        optimizer.zero_grad()
        (config.tradeoff * mse + (1.0 - config.tradeoff) * nll).backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(parameters, config.clip_norm)
        optimizer.step()
        totals += torch.stack([mse.detach(), nll.detach()]) * len(index_B)
    mse_mean, nll_mean = (totals / len(training)).tolist()
    if not (mse_mean < float("inf") and nll_mean < float("inf")):
        raise NumericalError(
            f"the controller's losses are finite; received mse {mse_mean}, nll {nll_mean}: lower learning_rate"
        )
    return {"train_mse": mse_mean, "train_nll": nll_mean}

"""From encoder states to architectures: the gradient step, and greedy decoding with legal words only.

Shapes: B sequences, S encoder steps, H hidden units, T words, V vocabulary.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from bnao.arch import Grammar
from bnao.controller.nao.model import Encoded, NaoModel, embed

NORMALISED_STEP = 0.05  # what eta = 1 moves each (unit) state by, with step_scale = "normalised"


def score_gradient(model: NaoModel, words_BT: Tensor) -> tuple[Tensor, Tensor]:
    """(h, df/dh), both (B, S, H): unit encoder states, and the gradient of the predicted score with respect to them.

    f reads the states through e = normalised mean of h alone, so the gradient is the same for all S states.
    """
    states_BSH = model.encoder(words_BT).states_BSH.detach().requires_grad_()
    predicted_B = model.predictor(embed(states_BSH).embedding_BH)
    (gradient_BSH,) = torch.autograd.grad(predicted_B.sum(), states_BSH)
    return states_BSH.detach(), gradient_BSH


def moved(states_BSH: Tensor, gradient_BSH: Tensor, eta: float, scale: Literal["paper", "normalised"]) -> Encoded:
    """h' = normalise(h + eta * df/dh), e' from h' (arXiv 1808.07233, equation 3).

    ``normalised`` replaces df/dh by 0.05 times its direction: a step then has a known length however flat the sigmoid.
    """
    if scale == "normalised":
        gradient_BSH = NORMALISED_STEP * torch.nn.functional.normalize(gradient_BSH, dim=-1)
    return embed(states_BSH + eta * gradient_BSH)


def decode(model: NaoModel, grammar: Grammar, encoded: Encoded) -> NDArray[np.int64]:
    """Greedy words (B, T): at each place the likeliest of the words that the grammar allows after the prefix."""
    decoder = model.decoder
    batch = len(encoded.embedding_BH)
    words_BT = np.zeros((batch, grammar.length), dtype=np.int64)
    with torch.no_grad():
        state = decoder.initial(encoded)
        previous_1B = torch.full((1, batch), decoder.start, device=encoded.embedding_BH.device)
        for t in range(grammar.length):
            logits_B1V, state = decoder.step(previous_1B, state, encoded.states_BSH)
            illegal_BV = torch.from_numpy(~grammar.legal_words(words_BT[:, :t])).to(previous_1B.device)
            chosen_B = logits_B1V[:, 0].masked_fill(illegal_BV, float("-inf")).argmax(dim=-1)
            words_BT[:, t] = chosen_B.cpu().numpy()
            previous_1B = chosen_B.unsqueeze(0)
    return words_BT

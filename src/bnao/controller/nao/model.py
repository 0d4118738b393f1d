"""Encoder, predictor and decoder (arXiv 1808.07233, section 3.1).

Shapes: B sequences, T words a sequence, S = T / words_per_step encoder steps, V words, E embedding, H hidden units.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F


class Encoded(NamedTuple):
    """What the encoder says of B sequences: ``states_BSH`` (each of norm 1) and ``embedding_BH`` (of norm 1)."""

    states_BSH: Tensor
    embedding_BH: Tensor


def embed(states_BSH: Tensor) -> Encoded:
    """h_t <- h_t / |h_t|, e = m / |m| with m the mean of h_1..h_S. Used by encoder and gradient step alike."""
    states_BSH = F.normalize(states_BSH, dim=-1)
    return Encoded(states_BSH, F.normalize(states_BSH.mean(dim=1), dim=-1))


class Encoder(nn.Module):
    """One-layer LSTM; ``words_per_step`` embeddings, concatenated, are one step (a NAO pair: 2 x 32 = 64)."""

    def __init__(self, *, num_words: int, words_per_step: int, embedding: int, hidden: int) -> None:
        super().__init__()
        self.words_per_step: Final = words_per_step
        self.embedding = nn.Embedding(num_words, embedding)
        self.lstm = nn.LSTM(words_per_step * embedding, hidden)

    def forward(self, words_BT: Tensor) -> Encoded:
        """Words (B, T) int64 -> states (B, S, H) and embedding (B, H)."""
        batch, length = words_BT.shape
        steps = length // self.words_per_step
        # Time first: the LSTM then reads its input as it lies.
        inputs_SBE = self.embedding(words_BT.t().reshape(steps, self.words_per_step, batch).transpose(1, 2)).flatten(2)
        states_SBH, _ = self.lstm(inputs_SBE)
        return embed(states_SBH.transpose(0, 1))


class Predictor(nn.Module):
    """f = sigmoid(w . e + b): no hidden layer (arXiv 1909.10815, section 4.1)."""

    def __init__(self, *, hidden: int) -> None:
        super().__init__()
        self.linear = nn.Linear(hidden, 1)

    def forward(self, embedding_BH: Tensor) -> Tensor:
        """Embedding (B, H) -> predicted score (B,) in [0, 1]."""
        predicted_B: Tensor = torch.sigmoid(self.linear(embedding_BH)).squeeze(-1)
        return predicted_B


class Decoder(nn.Module):
    """One-layer LSTM started with hidden = cell = e; attention over h_1..h_S on its *outputs*.

    ``q = W o_t; a = softmax(q . h); c = sum a h; z_t = tanh(U [c, q]); logits = V z_t``. No attention result is fed
    back into the LSTM, so teacher forcing takes one LSTM call for the whole sequence and is the same function as going
    step by step.
    """

    def __init__(self, *, num_words: int, embedding: int, hidden: int) -> None:
        super().__init__()
        self.start: Final = num_words  # the start symbol's row in the embedding
        self.embedding = nn.Embedding(num_words + 1, embedding)
        self.lstm = nn.LSTM(embedding, hidden)
        self.query = nn.Linear(hidden, hidden, bias=False)
        self.mix = nn.Linear(2 * hidden, hidden, bias=False)
        self.output = nn.Linear(hidden, num_words)

    def initial(self, encoded: Encoded) -> tuple[Tensor, Tensor]:
        """The LSTM's first (hidden, cell), each (1, B, H)."""
        first = encoded.embedding_BH.unsqueeze(0).contiguous()
        return first, first

    def step(
        self, previous_TB: Tensor, state: tuple[Tensor, Tensor], states_BSH: Tensor
    ) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        """Previous words (T, B), LSTM state and encoder states -> logits (B, T, V) of the next words, and new state."""
        outputs_TBH, state = self.lstm(self.embedding(previous_TB), state)
        query_BTH = self.query(outputs_TBH.transpose(0, 1))
        attention_BTS = torch.softmax(query_BTH @ states_BSH.transpose(1, 2), dim=-1)
        mixed_BTH = torch.tanh(self.mix(torch.cat([attention_BTS @ states_BSH, query_BTH], dim=-1)))
        return self.output(mixed_BTH), state

    def forward(self, encoded: Encoded, words_BT: Tensor) -> Tensor:
        """Teacher forcing: logits (B, T, V), those at t given the words before t."""
        words_TB = words_BT.t()
        start_1B = torch.full_like(words_TB[:1], self.start)
        logits_BTV, _ = self.step(torch.cat([start_1B, words_TB[:-1]]), self.initial(encoded), encoded.states_BSH)
        return logits_BTV


class NaoModel(nn.Module):
    """The three parts, trained jointly.

    >>> model = NaoModel(num_words=11, words_per_step=2, embedding=32, hidden=64)
    >>> words = torch.zeros(3, 40, dtype=torch.int64)
    >>> encoded = model.encoder(words)
    >>> encoded.states_BSH.shape, model.predictor(encoded.embedding_BH).shape, model.decoder(encoded, words).shape
    (torch.Size([3, 20, 64]), torch.Size([3]), torch.Size([3, 40, 11]))
    """

    def __init__(self, *, num_words: int, words_per_step: int, embedding: int, hidden: int) -> None:
        super().__init__()
        self.encoder = Encoder(num_words=num_words, words_per_step=words_per_step, embedding=embedding, hidden=hidden)
        self.predictor = Predictor(hidden=hidden)
        self.decoder = Decoder(num_words=num_words, embedding=embedding, hidden=hidden)

    def predict(self, words_BT: Tensor) -> Tensor:
        """Predicted scores (B,) in [0, 1] of words (B, T)."""
        predicted_B: Tensor = self.predictor(self.encoder(words_BT).embedding_BH)
        return predicted_B

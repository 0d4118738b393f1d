"""Encoder, predictor, decoder: shapes, norms, teacher forcing."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from bnao.controller.nao.decoding import decode, moved, score_gradient
from bnao.controller.nao.model import NaoModel, embed
from bnao.spaces.nao_cell.grammar import NaoCellGrammar


def model_of(grammar: NaoCellGrammar, seed: int = 0) -> NaoModel:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return NaoModel(num_words=grammar.num_words, words_per_step=2, embedding=8, hidden=16)


def words_of(grammar: NaoCellGrammar, n: int) -> torch.Tensor:
    return torch.tensor([grammar.encode(a) for a in grammar.sample(n, np.random.default_rng(0))])


GRAMMAR = NaoCellGrammar(nodes=5, num_operations=5)


def test_shapes_and_norms() -> None:
    model, words = model_of(GRAMMAR), words_of(GRAMMAR, 7)
    states, embedding = model.encoder(words)
    assert states.shape == (7, 20, 16) and embedding.shape == (7, 16)
    torch.testing.assert_close(states.norm(dim=-1), torch.ones(7, 20))
    torch.testing.assert_close(embedding.norm(dim=-1), torch.ones(7))
    torch.testing.assert_close(embedding, torch.nn.functional.normalize(states.mean(1), dim=-1))
    predicted = model.predict(words)
    assert predicted.shape == (7,) and bool(((predicted > 0) & (predicted < 1)).all())
    assert model.decoder(model.encoder(words), words).shape == (7, 40, GRAMMAR.num_words)


def test_an_encoder_step_is_the_pair_of_words_in_order() -> None:
    model, words = model_of(GRAMMAR), words_of(GRAMMAR, 3)
    inputs = torch.cat([model.encoder.embedding(words[:, 0::2]), model.encoder.embedding(words[:, 1::2])], dim=-1)
    outputs, _ = model.encoder.lstm(inputs.transpose(0, 1))
    torch.testing.assert_close(model.encoder(words).states_BSH, embed(outputs.transpose(0, 1)).states_BSH)


def test_teacher_forcing_in_one_call_is_decoding_step_by_step() -> None:
    model, words = model_of(GRAMMAR), words_of(GRAMMAR, 5)
    encoded = model.encoder(words)
    at_once = model.decoder(encoded, words)
    state, previous, steps = model.decoder.initial(encoded), torch.full((1, 5), model.decoder.start), []
    for t in range(words.shape[1]):
        logits, state = model.decoder.step(previous, state, encoded.states_BSH)
        steps.append(logits)
        previous = words[:, t].unsqueeze(0)
    torch.testing.assert_close(torch.cat(steps, dim=1), at_once)


def test_gradient_is_that_of_the_predicted_score_by_finite_differences() -> None:
    model, words = model_of(GRAMMAR).double(), words_of(GRAMMAR, 2)
    states, gradient = score_gradient(model, words)
    change = 1e-6 * torch.randn(states.shape, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    before, after = (model.predictor(embed(h).embedding_BH) for h in (states, states + change))
    torch.testing.assert_close((gradient * change).sum((1, 2)), after - before, rtol=1e-4, atol=1e-14)


@pytest.mark.parametrize("scale", ["paper", "normalised"])
def test_a_step_raises_the_prediction_and_keeps_norms(scale: str) -> None:
    model, words = model_of(GRAMMAR), words_of(GRAMMAR, 6)
    states, gradient = score_gradient(model, words)
    encoded = moved(states, gradient, 3, scale)  # type: ignore[arg-type]
    torch.testing.assert_close(encoded.states_BSH.norm(dim=-1), torch.ones(6, 20))
    assert bool((model.predictor(encoded.embedding_BH) > model.predict(words)).all())


@settings(max_examples=15, deadline=None)
@given(nodes=st.integers(1, 7), operations=st.integers(1, 9), seed=st.integers(0, 99))
def test_decoding_is_always_legal(nodes: int, operations: int, seed: int) -> None:
    grammar = NaoCellGrammar(nodes=nodes, num_operations=operations)
    model = model_of(grammar, seed)
    noise = torch.randn(4, grammar.length // 2, 16, generator=torch.Generator().manual_seed(seed))
    for row in decode(model, grammar, embed(noise)).tolist():
        assert grammar.encode(grammar.decode(row)) == tuple(row)

"""What every search space must satisfy; run it on your own.

    from bnao.testing.spaces import check_space
    check_space(MySpace(), NetworkConfig(cells_per_stage=1, channels=8, output="project"), task)

Each check raises AssertionError with a sentence saying what is wrong. Choose a small network: some are built and run.
"""

from __future__ import annotations

from collections.abc import Hashable

import numpy as np
import torch
from torch import Tensor, nn

from bnao.arch import Architecture, Grammar
from bnao.cost.counting import count_module
from bnao.cost.sizes import SizeTable
from bnao.errors import ArchitectureError
from bnao.evaluation.views import batch_statistics_view
from bnao.rng import generator
from bnao.spaces.base import SearchSpace, Skeleton
from bnao.spaces.choices import Choice
from bnao.spaces.config import NetworkConfig
from bnao.supernet import Supernet
from bnao.supernet.clone import clone_path
from bnao.task import Task
from bnao.testing.policies import check_frequencies

SMALL = 400
"""Spaces of up to so many architectures are listed in full."""


def check_space(space: SearchSpace, network: NetworkConfig, task: Task, *, num: int = 4, seed: int = 0) -> None:
    """All checks below, on ``num`` random architectures; those of a supernet where ``network`` allows one."""
    check_grammar(space.grammar, seed=seed)
    check_choices(space, seed=seed)
    for architecture in space.grammar.sample(num, generator(seed, "draw")):
        lines = space.draw(architecture).splitlines()
        assert lines and max(map(len, lines)) <= 80, "draw must give text at most 80 columns wide"
    skeleton = space.skeleton(network, task)
    check_counts(skeleton, num=num, seed=seed)
    if network.output == "project":
        check_supernet(skeleton, num=num, seed=seed)


def check_grammar(grammar: Grammar, *, num: int = 100, seed: int = 0) -> None:
    """Texts, tokens and words lead back to the same architecture; draws, mutations and symmetric forms are legal."""
    rng = generator(seed, "grammar")
    drawn = grammar.sample(num, rng)
    assert [a.tokens for a in drawn] == [a.tokens for a in grammar.sample(num, generator(seed, "grammar"))], (
        "draws must depend on the generator alone"
    )
    for one in drawn:
        assert one.is_canonical, f"sample must give the canonical order; {one} is not"
        mutant, form = grammar.mutate(one, rng), grammar.shuffle(one, rng)
        assert form.id == one.id, f"shuffle must keep the id; {one} became {form}"
        assert grammar.canonical(form) == one, f"canonical must give the class's representative; {form} did not"
        differing = sum(s != t for s, t in zip(mutant.tokens, one.tokens, strict=True))
        assert differing >= 1, f"mutate must change the architecture; {one} stayed"
        for architecture in (one, mutant, form):
            _check_round_trips(grammar, architecture)
    check_legal_words(grammar, drawn[: min(num, 10)])
    if grammar.count() <= SMALL:
        check_listing(grammar, seed=seed)


def check_legal_words(grammar: Grammar, drawn: list[Architecture]) -> None:
    """``legal_words`` allows the words of every architecture, and exactly those that lead to a legal one.

    A last word is allowed exactly if ``decode`` accepts the whole sequence; a completion by allowed words is accepted.
    """
    rng = generator(0, "words")
    for architecture in drawn:
        words = np.array([grammar.encode(architecture)], dtype=np.int64)
        for position in range(words.shape[1]):
            mask_V = grammar.legal_words(words[:, :position])[0]
            assert mask_V.shape == (grammar.num_words,), "legal_words must give (B, V)"
            assert mask_V[words[0, position]], f"the words of {architecture} must be legal; word {position} is not"
            for word in range(grammar.num_words):
                trial = np.concatenate([words[:, :position], [[word]], words[:, position + 1 :]], axis=1)
                if not mask_V[word]:
                    assert not _decodes(grammar, trial[0]), f"word {word} at {position} must be legal: decode takes it"
                elif position == words.shape[1] - 1:
                    assert _decodes(grammar, trial[0]), f"word {word} at {position} must be illegal: decode refuses it"
    prefix = np.zeros((8, 0), dtype=np.int64)
    while prefix.shape[1] < grammar.length:
        mask_BV = grammar.legal_words(prefix)
        if not mask_BV.any():
            break
        choice_B = [rng.choice(np.flatnonzero(mask_V)) for mask_V in mask_BV]
        prefix = np.concatenate([prefix, np.array(choice_B)[:, None]], axis=1)
    for words_T in prefix:
        assert _decodes(grammar, words_T), f"words drawn by legal_words must decode; {words_T.tolist()} do not"


def check_listing(grammar: Grammar, *, seed: int = 0) -> None:
    """A small space: the count is what draws find, and each distinct architecture is drawn alike."""
    drawn = grammar.sample(25 * grammar.count(), generator(seed, "listing"))
    ids = {a.id for a in drawn}
    assert len(ids) == grammar.count(), f"count must be exact; it is {grammar.count()}, draws found {len(ids)}"
    check_frequencies(drawn, dict.fromkeys(ids, 1.0))


def check_choices(space: SearchSpace, *, num: int = 100, seed: int = 0) -> None:
    """Choices are distinct and listed, decide each place once, and tell different networks apart."""
    listed = space.all_choices()
    known = set(listed)
    assert len(known) == len(listed), "all_choices must list each choice once"
    assert all(choice.kind and choice.place and choice.option for choice in listed), "a choice needs words"
    assert space.all_choices() == listed, "all_choices must give the same list each time"
    rng = generator(seed, "choices")
    drawn = [space.grammar.shuffle(a, rng) for a in space.grammar.sample(num, rng)]
    of = {a: space.choices(a) for a in drawn}
    for architecture, choices in of.items():
        strange = [choice for choice in choices if choice not in known]
        assert not strange, f"all_choices must list every choice; {strange[0]} of {architecture} is missing"
        decided = [(choice.kind, choice.place) for choice in choices]
        assert len(set(decided)) == len(decided), f"{architecture} must decide each (kind, place) once; got {decided}"
        assert space.choices(architecture) == choices, "choices must be the same each time"
    networks: dict[frozenset[Choice], str] = {}
    for architecture, choices in of.items():
        other = networks.setdefault(frozenset(choices), architecture.id)
        assert other == architecture.id, f"choices must tell networks apart; those of {architecture} do not"


def check_counts(skeleton: Skeleton, *, num: int = 4, seed: int = 0) -> None:
    """Counted parameters and multiply-adds equal the built network's; the bound holds; one call counts as many do."""
    sizes, drawn = SizeTable(skeleton), skeleton.grammar.sample(200, generator(seed, "counts"))
    together_P, macs_P = sizes.num_params_with_auxiliary(drawn), sizes.macs(drawn)
    for k in range(num):
        with torch.device("meta"):
            built = skeleton.build_standalone(drawn[k]).module.eval()
        count = count_module(built, [skeleton.image_shape])
        assert together_P[k] == count.num_params, f"{drawn[k]}: counted {together_P[k]}, built {count.num_params}"
        assert macs_P[k] == count.macs, f"{drawn[k]}: counted {macs_P[k]} multiply-adds, built has {count.macs}"
        assert sizes.macs([drawn[k]])[0] == macs_P[k], "a count must not depend on the other architectures"
    assert (sizes.num_params(drawn) <= sizes.max_params()).all(), "upper_bound must bound every size"
    chosen_P = sizes.num_chosen_params(drawn)
    assert (chosen_P <= sizes.num_params(drawn)).all(), "chosen operations are part of the network"
    assert (chosen_P <= sizes.max_params(chosen_only=True)).all(), "upper_bound must bound every size"
    assert sizes.macs([]).shape == (0,), "no architecture, no count"


def check_supernet(skeleton: Skeleton, *, num: int = 3, seed: int = 0) -> None:
    """A path is its stand-alone network: names, outputs, gradients; and it touches nothing else."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        supernet = Supernet(skeleton.build_supernet())
        drawn = [
            skeleton.grammar.shuffle(a, generator(seed, "sides", k))
            for k, a in enumerate(skeleton.grammar.sample(num, generator(seed, "supernet")))
        ]
        x = torch.randn(4, *skeleton.image_shape)
        for architecture in drawn:
            path, alone = supernet.path(architecture), skeleton.build_standalone(architecture).module
            inherited = supernet.inherited_state(architecture)
            assert set(inherited) == set(alone.state_dict()), f"names of {architecture}'s path must be the network's"
            alone.load_state_dict(inherited)
            for training in (True, False):
                _same_step(path.train(training), alone.train(training), supernet.root, x)
        check_modes(supernet, drawn)
        check_stages(supernet, drawn, x)


def check_stages(supernet: Supernet, drawn: list[Architecture], inputs: Tensor) -> None:
    """The stages of a path are the path, to the bit; equal keys are the same stage, whosever it is."""
    by_key: dict[Hashable, tuple[nn.Module, Architecture]] = {}
    with torch.no_grad():
        for architecture in drawn:
            wanted = batch_statistics_view(supernet.path(architecture))(inputs)
            values = [inputs, inputs]
            stages = supernet.stages(architecture)
            assert stages, "a chain has one stage or more"
            for stage in stages:
                part, of = by_key.setdefault(stage.key, (stage.part, architecture))
                for k, (module, owner) in enumerate(((stage.part, architecture), (part, of))):
                    values[k] = batch_statistics_view(clone_path(module, owner))(values[k])
            for value in values:
                assert torch.equal(value, wanted), f"the stages of {architecture} must be its path, to the bit"


def check_modes(supernet: Supernet, drawn: list[Architecture]) -> None:
    """eval() of one path flips no other."""
    paths = [supernet.path(a).train() for a in drawn]
    paths[0].eval()
    others = [path for path in paths if path is not paths[0]]
    assert all(m.training for path in others for m in path.modules()), "eval() of one path must not reach another"
    paths[0].train()


def _same_step(path: nn.Module, alone: nn.Module, root: nn.Module, x: Tensor) -> None:
    for module in (root, alone):
        for parameter in module.parameters():
            parameter.grad = None
    losses = []
    for module in (path, alone):
        torch.manual_seed(0)
        output = module(x)
        logits = output[0] if isinstance(output, tuple) else output
        losses.append(logits)
        (logits.square().mean() + logits[:, 0].mean()).backward()
    torch.testing.assert_close(losses[0], losses[1], msg="a path's output must be the stand-alone network's")
    wanted = {name: p.grad for name, p in alone.named_parameters()}
    on_path = set()
    for name, parameter in path.named_parameters():
        on_path.add(id(parameter))
        grad = wanted[name]
        assert (parameter.grad is None) == (grad is None), f"{name} must have a gradient in both or in neither"
        if grad is not None:
            torch.testing.assert_close(parameter.grad, grad, msg=f"{name}'s gradient must be the network's")
    for name, parameter in root.named_parameters():
        inactive = id(parameter) not in on_path
        assert not (inactive and parameter.grad is not None), f"{name} is off the path: its gradient must stay None"


def _check_round_trips(grammar: Grammar, architecture: Architecture) -> None:
    again = grammar.parse(str(architecture))
    assert again == architecture, f"the text {str(architecture)!r} must give the same tokens again"
    assert again.id == architecture.id, f"the id of {architecture} must depend on its tokens alone"
    assert sum(architecture.parts) == len(architecture.tokens), "parts must divide all tokens"
    words = grammar.encode(architecture)
    assert len(words) <= grammar.length and grammar.length % grammar.words_per_step == 0, "words must fit"
    assert all(0 <= word < grammar.num_words for word in words), "words must be 0..V-1"
    assert grammar.decode(words) == architecture, f"the words of {architecture} must decode to it"


def _decodes(grammar: Grammar, words_T: np.ndarray[tuple[int], np.dtype[np.int64]]) -> bool:
    try:
        grammar.decode(words_T.tolist())
    except ArchitectureError:
        return False
    return True

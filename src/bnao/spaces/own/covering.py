"""A few architectures that take every option of every decision at least once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from bnao.arch import Architecture
from bnao.spaces.own.conditions import Condition, Route
from bnao.spaces.own.grammar import OwnGrammar


def covering(grammar: OwnGrammar, parts: Iterable[Condition] = ()) -> list[Architecture]:
    """Architectures so that each option of each decision is taken by one, and each of ``parts`` is in one.

    Row j takes option (j + k) modulo their number of each decision k, so few are needed where decisions are always
    reached; what is then missing is put into further rows, as much at once as does not contradict one another.

    >>> from bnao.spaces.own.conditions import ALWAYS
    >>> from bnao.spaces.own.layout import Decision
    >>> pair = Decision("a", "option", ("x", "y"), ALWAYS)
    >>> [str(row) for row in covering(OwnGrammar([pair, pair]))]
    ['0 1', '1 0']
    """
    found: dict[Architecture, None] = {}
    for row in range(max(grammar.num_options)):
        found[filled(grammar, {}, row)] = None
    wanted = list(dict.fromkeys([*_all_options(grammar), *(min(part, key=_order) for part in parts if part)]))
    missing = [route for route in wanted if not any(_goes(architecture, route) for architecture in found)]
    while missing:
        wishes: dict[int, int] = {}
        for route in missing:
            wish = route_to(route)
            if all(wishes.get(number, value) == value for number, value in wish.items()):
                wishes |= wish
        architecture = filled(grammar, wishes, len(found))
        found[architecture] = None
        left = [route for route in missing if not _goes(architecture, route)]
        assert len(left) < len(missing), "a route can be gone"
        missing = left
    return list(found)


def _all_options(grammar: OwnGrammar) -> Iterator[Route]:
    """A route to each option of each decision."""
    for decision, size in enumerate(grammar.num_options):
        way = min(grammar.decisions[decision].reached, key=_order)
        for option in range(size):
            yield way | {(decision, frozenset({option}))}


def _goes(architecture: Architecture, route: Route) -> bool:
    return all(architecture.tokens[decision] in options for decision, options in route)


def _order(route: Route) -> list[tuple[int, list[int]]]:
    """Something to sort routes by, the same in every process."""
    return sorted((number, sorted(options)) for number, options in route)


def route_to(route: Route) -> dict[int, int]:
    """Options that go along a route."""
    return {number: min(options) for number, options in route}


def filled(grammar: OwnGrammar, wishes: Mapping[int, int], row: int) -> Architecture:
    """The architecture with the options of ``wishes`` where they are legal, else option (row + k) of decision k."""
    tokens, state = [], 0
    for decision, step in enumerate(grammar.automaton.steps):
        legal = step.legal(state)
        default = (row + decision) % grammar.num_options[decision]
        wish = wishes.get(decision, default)
        tokens.append(wish if wish in legal else default if default in legal else legal[0])
        state = int(step.following[state, tokens[-1]])
    return grammar.architecture(tokens)

"""Where a graph's cards and edges stand: layers from left to right, few crossings, nothing on top of anything.

Sugiyama's way: a card's layer is its longest path from the start. What a card gives to cards beyond the next layer runs
through one lane (an item of no card) in each layer between, so that lines pass between cards, not behind them; edges
of one source share its lanes. Sweeps of barycentres and swaps of neighbours order the layers; heights are least squares
under the order (pool adjacent violators), so items of one layer never overlap.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from random import Random

from bnao.spaces.graph import Edge, Graph

LANE = 6.0  # height of a lane
GAP = 14.0  # least distance of two items of a layer
STRAIGHT = {0: 1.0, 1: 2.0, 2: 30.0}  # how much a line wants to be level, by how many of its ends are lanes
STARTS, ITEMS = 16, 400  # orders to start from; fewer where there are more than ITEMS / STARTS items
SWEEPS = 12

Port = tuple[int, float]  # an item, and the port's height below the item's top


@dataclass
class Item:
    """A card (``node`` is its index) or a lane of node ``node``, in a layer."""

    node: int
    layer: int
    lane: bool
    height: float
    top: float = 0.0
    before: list[tuple[float, Port]] = field(default_factory=list)  # (own port, what it comes from)
    after: list[tuple[float, Port]] = field(default_factory=list)


@dataclass(frozen=True)
class Layout:
    """Items by index (cards first, in the order of the nodes), layers from top to bottom, and each edge's ports."""

    items: list[Item]
    layers: list[list[int]]
    routes: list[list[Port]]  # for each edge: source, lanes, target

    def height(self, port: Port) -> float:
        """The port's height in the drawing."""
        return self.items[port[0]].top + port[1]


def lay_out(graph: Graph, heights: Sequence[float], ports: Sequence[Sequence[float]]) -> Layout:
    """The layout of cards with these heights; ``ports`` are the rows' heights below the card's top.

    An edge leaves a card, and one without a row enters it, at half its height.
    """
    index = {node.id: k for k, node in enumerate(graph.nodes)}
    items = [Item(k, depth, False, heights[k]) for k, depth in enumerate(_depths(graph, index))]
    lanes: dict[tuple[int, int], int] = {}
    joined: set[tuple[Port, Port]] = set()
    routes = [_route(edge, index, items, lanes, ports) for edge in graph.edges]
    for route in routes:
        for start, end in pairwise(route):
            if (start, end) not in joined:
                joined.add((start, end))
                items[start[0]].after.append((start[1], end))
                items[end[0]].before.append((end[1], start))
    last = max((item.layer for item in items), default=0)
    layers = [[k for k, item in enumerate(items) if item.layer == layer] for layer in range(last + 1)]
    return _placed(Layout(items, _ordered(items, layers), routes))


def _depths(graph: Graph, index: dict[str, int]) -> list[int]:
    depth = [0] * len(graph.nodes)
    for _ in graph.nodes:
        for edge in graph.edges:
            depth[index[edge.target]] = max(depth[index[edge.target]], depth[index[edge.source]] + 1)
    assert max(depth, default=0) < max(len(depth), 1), "a graph for drawing has no cycle"
    return depth


def _route(
    edge: Edge,
    index: dict[str, int],
    items: list[Item],
    lanes: dict[tuple[int, int], int],
    ports: Sequence[Sequence[float]],
) -> list[Port]:
    source, target = index[edge.source], index[edge.target]
    route: list[Port] = [(source, items[source].height / 2)]
    for layer in range(items[source].layer + 1, items[target].layer):
        if (source, layer) not in lanes:
            lanes[source, layer] = len(items)
            items.append(Item(source, layer, True, LANE))
        route.append((lanes[source, layer], LANE / 2))
    return [*route, (target, items[target].height / 2 if edge.row is None else ports[target][edge.row])]


def _ordered(items: list[Item], layers: list[list[int]]) -> list[list[int]]:
    """The best order that sweeps and swaps of neighbours find, from the nodes' own order and from shuffled ones."""
    shuffle, tried = Random(0), []
    for start in range(max(2, min(STARTS, ITEMS // max(len(items), 1)))):
        now = [shuffle.sample(layer, len(layer)) if start else list(layer) for layer in layers]
        for sweep in range(4):
            forward = sweep % 2 == 0
            for layer in now if forward else reversed(now):
                place = _places(items, now)
                layer.sort(key={k: _centre(items[k], k, place, forward) for k in layer}.__getitem__)
            now = _swapped(items, now, 1)
            tried.append(_swapped(items, now, 2))
    return min(tried, key=lambda order: _cost(items, order))


def _swapped(items: list[Item], layers: list[list[int]], terms: int) -> list[list[int]]:
    """The order after swaps of neighbours, as long as the first ``terms`` of its cost fall."""
    layers = [list(layer) for layer in layers]
    least, better = _cost(items, layers)[:terms], True
    while better:
        better = False
        for layer in layers:
            for k in range(len(layer) - 1):
                layer[k], layer[k + 1] = layer[k + 1], layer[k]
                now = _cost(items, layers)[:terms]
                if now < least:
                    least, better = now, True
                else:
                    layer[k], layer[k + 1] = layer[k + 1], layer[k]
    return layers


def _places(items: list[Item], layers: list[list[int]]) -> dict[tuple[int, float | None], float]:
    """Places in the order of a layer, of items (None) and of their ports."""
    found: dict[tuple[int, float | None], float] = {}
    for layer in layers:
        for place, k in enumerate(layer):
            found[k, None] = place + 0.5
            for port, _ in (*items[k].before, *items[k].after):
                found[k, port] = place + port / (items[k].height + 1)
    return found


def _centre(item: Item, k: int, place: dict[tuple[int, float | None], float], forward: bool) -> float:
    links = item.before if forward else item.after
    return sum(place[port] for _, port in links) / len(links) if links else place[k, None]


def _cost(items: list[Item], layers: list[list[int]]) -> tuple[int, int]:
    """Crossings (two for inputs out of order), then how many cards stand above one that comes before them."""
    place = _places(items, layers)
    crossings = swapped = 0
    for number, layer in enumerate(layers):
        lines = [(place[k, port], place[end]) for k in layer for port, end in items[k].after]
        crossings += sum((a[0] - b[0]) * (a[1] - b[1]) < 0 for i, a in enumerate(lines) for b in lines[:i])
        cards = [k for k in layer if not items[k].lane]
        wrong = sum(a > b for i, b in enumerate(cards) for a in cards[:i])
        crossings, swapped = crossings + 2 * wrong * (number == 0), swapped + wrong
    return crossings, swapped


def _placed(layout: Layout) -> Layout:
    items = layout.items
    for layer in layout.layers:
        _settle(items, layer, [(0.0, 1.0)] * len(layer))
    for sweep in range(8 * SWEEPS):
        forward = sweep % 2 == 0
        for layer in layout.layers if forward else reversed(layout.layers):
            wanted = []
            for k in layer:
                links = [*items[k].before, *items[k].after] if sweep >= SWEEPS else []
                links = links or (items[k].before if forward else items[k].after)
                pulls = [
                    (layout.height(end) - port, STRAIGHT[items[k].lane + items[end[0]].lane]) for port, end in links
                ]
                weight = sum(pull for _, pull in pulls)
                wanted.append(
                    (sum(top * pull for top, pull in pulls) / weight, weight) if pulls else (items[k].top, 0.1)
                )
            _settle(items, layer, wanted)
    highest = min((item.top for item in items), default=0.0)
    for item in items:
        item.top = round(item.top - highest, 1)
    return layout


def _settle(items: list[Item], layer: list[int], wanted: Sequence[tuple[float, float]]) -> None:
    """Tops nearest to those wanted (top, weight) in least squares that keep the order and the gaps."""
    offsets = [0.0]
    blocks: list[tuple[float, float, int]] = []
    for k in layer:
        offsets.append(offsets[-1] + items[k].height + GAP)
    for (want, weight), offset in zip(wanted, offsets, strict=False):
        total, number = weight * (want - offset), 1
        while blocks and blocks[-1][0] / blocks[-1][1] > total / weight:
            before = blocks.pop()
            total, weight, number = total + before[0], weight + before[1], number + before[2]
        blocks.append((total, weight, number))
    tops = [total / weight for total, weight, number in blocks for _ in range(number)]
    for k, top, offset in zip(layer, tops, offsets, strict=False):
        items[k].top = top + offset

"""Tables of figures for a terminal of any width: names fold, figures are never cut."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Sequence

from rich.text import Text

from bnao.report.page import Page, plain_table

INDENT, GAP = 2, 2  # columns: of a page's blocks, and between a table's
Lines = tuple[str, ...]


def print_figures(page: Page, head: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print rows of a name and figures, such as ``0.61 [0.48, 0.72]``, each figure whole.

    Where the width does not hold the figures of a row, titles fold too, then intervals go below their values; where
    not these either, each row becomes a list.
    """
    for shape, folds in ((_one_line, False), (_one_line, True), (_two_lines, True)):
        columns = [_column(title, [shape(row[k]) for row in rows], folds) for k, title in enumerate(head[1:], 1)]
        name = max(len(word) for text in (head[0], *(row[0] for row in rows)) for word in text.split(" "))
        if INDENT + name + sum(GAP + _width(column) for column in columns) <= page.console.width:
            _print_table(page, head[0], [row[0] for row in rows], columns)
            return
    for name_, *cells in rows:
        page.paragraph(name_, style="bold")
        for title, cell in zip(head[1:], cells, strict=True):
            if cell:
                page.paragraph(f"{title}: {cell}")


def _print_table(page: Page, title: str, names: Sequence[str], columns: Sequence[Sequence[Lines]]) -> None:
    table = plain_table()
    table.add_column(title, overflow="fold")
    for column in columns:
        table.add_column(_cell(column[0]), no_wrap=True)
    for k, name in enumerate(names, 1):
        table.add_row(name, *(_cell(column[k]) for column in columns))
    page.table(table)


def _cell(lines: Lines) -> Text:
    return Text("\n".join(lines))


def _column(title: str, cells: Sequence[Lines], folds: bool) -> list[Lines]:
    """The title and the cells below it; ``folds``: the title is wrapped to their width, though not within words."""
    width = max(_width(cells), *map(len, title.split(" ")), 1)
    return [tuple(textwrap.wrap(title, width)) if folds else (title,), *cells]


def _one_line(figure: str) -> Lines:
    return (figure,)


def _two_lines(figure: str) -> Lines:
    value, bracket, rest = figure.partition(" [")
    return (value, f"[{rest}") if bracket else (value,)


def _width(cells: Iterable[Lines]) -> int:
    return max((len(line) for lines in cells for line in lines), default=0)

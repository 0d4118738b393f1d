"""Blocks of a terminal page: headings, pairs, paragraphs, tables; safe for any text, width and encoding."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from bnao.report.format import shown


def plain_table() -> Table:
    """A table without lines, to be filled and given to :meth:`Page.table`."""
    return Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="bold")


class Page:
    """Prints blocks to ``console``, indented by two columns, wrapped to its width; text is never read as markup."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self._ascii = console.options.ascii_only

    def heading(self, text: str) -> None:
        """A heading with a blank line before it."""
        self.console.print()
        self.console.print(Text(self._plain(text), "bold cyan"))

    def blank(self) -> None:
        """An empty line."""
        self.console.print()

    def paragraph(self, text: str, style: str = "") -> None:
        """Running text."""
        self._indented(Text(self._plain(text), style))

    def item(self, text: str, style: str = "") -> None:
        """One item of a list."""
        table = Table.grid(padding=(0, 1, 0, 0))
        table.add_row(Text("-"), Text(self._plain(text), style, overflow="fold"))
        self._indented(table)

    def verbatim(self, text: str) -> None:
        """Lines as they are; longer ones than the console are cut, since a wrapped drawing is no drawing."""
        for line in map(self._plain, text.split("\n")):
            self.console.print(Text("  " + line if line else ""), no_wrap=True, overflow="crop", crop=True)

    def pairs(self, rows: Sequence[tuple[str, str]]) -> None:
        """Labels with text beside them; below them where the labels leave less than 24 columns."""
        if not rows:
            return
        widest = max(len(label) for label, _ in rows)
        if self.console.width - widest - 5 < 24:
            for label, text in rows:
                self._indented(Text(self._plain(label), "bold", overflow="fold"))
                self.console.print(Padding(Text(self._plain(text), overflow="fold"), (0, 0, 0, 4), expand=False))
            return
        table = Table.grid(padding=(0, 3, 0, 0))
        table.add_column(no_wrap=True, overflow="crop", style="bold")
        table.add_column(overflow="fold")
        for label, text in rows:
            table.add_row(Text(self._plain(label)), Text(self._plain(text)))
        self._indented(table)

    def table(self, table: Table) -> None:
        """A table whose cells are text, or styled text, which may have several lines."""
        for column in table.columns:
            if self._ascii and column.no_wrap:
                column.overflow = "crop"  # an ellipsis is not ASCII
            column.header = self._cell(column.header)
            column._cells = [self._cell(cell) for cell in column._cells]
        self._indented(table)

    def _indented(self, block: Any) -> None:
        self.console.print(Padding(block, (0, 0, 0, 2), expand=False), highlight=False)

    def _cell(self, cell: Any) -> Any:
        if isinstance(cell, str):
            return Text(self._plain(cell))
        if isinstance(cell, Text):
            return Text("\n".join(map(self._plain, cell.plain.split("\n"))), cell.style)
        return cell

    def _plain(self, text: str) -> str:
        return shown(text, self._ascii)

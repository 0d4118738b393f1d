"""What ``bnao list`` prints: names with one line each."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from rich.console import Console
from rich.table import Table
from rich.text import Text

from bnao.report.format import shown


def print_list(title: str, descriptions: Mapping[str, str], console: Console) -> None:
    """Print each name with its description, wrapped to the console's width; sorted as given.

    >>> print_list("recipes", {"demo": "minutes on two cores"}, Console(width=40))
    recipes
      demo   minutes on two cores
    """
    plain = partial(shown, ascii_only=console.options.ascii_only)
    console.print(Text(plain(title), "bold"))
    if not descriptions:
        console.print(Text("  none", "dim"))
        return
    table = Table.grid(padding=(0, 3, 0, 0))
    table.add_column(style="cyan", no_wrap=True, overflow="crop")
    table.add_column(overflow="fold")
    for name, text in descriptions.items():
        table.add_row(Text("  " + plain(name)), Text(plain(" ".join(text.split()))))
    console.print(table)

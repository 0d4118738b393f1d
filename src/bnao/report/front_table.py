"""What ``bnao show`` prints of the fronts of quality against cost."""

from __future__ import annotations

from collections.abc import Mapping

from bnao.loop.front import Front, Fronts
from bnao.report.front_words import POOL, READ, front_head, front_rows, trained_title
from bnao.report.page import Page, plain_table


def print_fronts(fronts: Fronts, page: Page, *, data: str = "") -> None:
    """Two tables: of the networks trained alone, and of the scored pool; nothing where there is neither.

    ``data`` is the source of the run's data.
    """
    if not fronts.trained and not fronts.pool:
        return
    page.heading("Quality against cost: what no other beats in both")
    for title, found, arms in ((trained_title(data), fronts.trained, True), (POOL, fronts.pool, False)):
        if found:
            _table(title, found, arms, page)
    page.paragraph(READ, style="dim")


def _table(title: str, fronts: Mapping[str, Front], arms: bool, page: Page) -> None:
    rows, left_out = front_rows(fronts, arms=arms)
    table = plain_table()
    for k, name in enumerate(front_head(fronts, arms=arms)):
        table.add_column(name, justify="left" if k <= arms else "right", no_wrap=True)
    for row in rows:
        table.add_row(*row)
    page.paragraph(f"{title}:")
    page.table(table)
    if left_out:
        page.paragraph(f"and {left_out} between these", style="dim")
    page.blank()

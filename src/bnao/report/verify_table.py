"""What ``bnao verify`` prints."""

from __future__ import annotations

from rich.console import Console
from rich.text import Text

from bnao.loop.verify.checks import Verification
from bnao.report.page import Page, plain_table

_STYLES = {"agrees": "green", "differs": "bold red", "not checked": "yellow"}


def print_verification(found: Verification, console: Console) -> None:
    """A row for each check, in one line what they come to, and what they leave open."""
    page, table = Page(console), plain_table()
    page.heading(f"Verification of {found.run}")
    rule = "Figures must be equal to the bit" if found.exact else "Figures may differ by 0.005"
    page.paragraph(f"{rule}: {found.why}." if found.why else f"{rule}.")
    page.blank()
    table.add_column("check", no_wrap=True)
    table.add_column("outcome", no_wrap=True)
    table.add_column("", overflow="fold")
    for check in found.checks:
        table.add_row(Text(check.name), Text(check.outcome, _STYLES[check.outcome]), Text(check.text))
    page.table(table)
    page.blank()
    page.paragraph(summary(found), style="green" if found.ok else "bold red")
    if found.unverified:
        page.heading("Not verified: what the run says and no check covers")
        for text in found.unverified:
            page.item(text)


def summary(found: Verification) -> str:
    """What the checks come to."""
    bad, open_ = len(found.of("differs")), len(found.of("not checked"))
    if found.ok:
        return f"All {len(found.checks)} checks agree."
    parts = [f"{bad} of {len(found.checks)} checks differ"] if bad else []
    parts += [f"{open_} of {len(found.checks)} could not be made"] if open_ else []
    return "; ".join(parts) + "."

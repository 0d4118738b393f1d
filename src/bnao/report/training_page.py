"""A network's training in the terminal: at its end, and while it has not finished."""

from __future__ import annotations

from pathlib import Path

from rich.console import Console

from bnao.loop.train.result import RESULT, EpochFigures, TrainingResult, epochs_so_far, read_training
from bnao.report.format import count, duration, magnitude, percent, processes_text
from bnao.report.page import Page, plain_table
from bnao.storage import RunFolder

FILES = {
    "report.html": "the report: open it in a browser",
    "result.json": "these figures as data, with every epoch's",
    "network.safetensors": "the trained weights",
    "events.jsonl": "what happened when, one JSON object a line",
    "manifest.json": "settings and versions of the run",
}
SHOWN = 12  # epochs in the table


def print_training(result: TrainingResult, console: Console, *, folder: Path | None = None) -> None:
    """Print a finished training; with ``folder`` its files and what to do next."""
    page = Page(console)
    page.heading("Trained network")
    if result.drawing:
        page.verbatim(result.drawing)
        page.blank()
    page.pairs(figures_of(result))
    _epochs(result.epochs, page)
    if result.warnings:
        page.heading("Warnings")
        for warning in result.warnings:
            page.item(warning, style="yellow")
    if folder is not None:
        page.heading("Files and next steps")
        page.pairs([(str(folder / name), text) for name, text in FILES.items() if (folder / name).exists()])
        page.pairs([(f"bnao export {folder}", "the network for use elsewhere"), (f"bnao show {folder}", "this page")])


def figures_of(result: TrainingResult) -> list[tuple[str, str]]:
    """What is known of the network, as pairs of a name and words; the headline first."""
    extra = result.num_params_with_auxiliary - result.num_params
    rows = [
        (
            "test error",
            f"{percent(result.test_error, 2)} ± {percent(result.standard_error, 2)} (standard error), after the last "
            f"epoch, on {result.measured_on}",
        ),
        ("top-5 error", "" if result.test_top5 is None else percent(1 - result.test_top5, 2)),
        (
            "best epoch",
            f"{percent(1 - result.best_accuracy, 2)} after epoch {result.best_epoch}: chosen on the test images, hence "
            "too good; do not report it as the error",
        ),
        (
            "parameters",
            f"{count(result.num_params)} ({magnitude(result.num_params)})"
            + (f"; {count(result.num_params_with_auxiliary)} in training, with auxiliary head" if extra else ""),
        ),
        ("multiply-adds", f"{count(result.macs)} ({magnitude(result.macs)}) an image"),
        ("width", result.width),
        (
            "weights",
            "trained from scratch"
            + (f"; averaged with decay {result.average_decay:g}" if result.average_decay else "")
            + (f"; output {result.output}" if result.output else ""),
        ),
        ("architecture", result.origin),
        ("tokens", result.architecture),
        ("id", result.id),
        ("training", f"recipe {result.recipe}, seed {result.seed}, {count(result.num_train)} images of {result.data}"),
        ("time", f"{duration(result.seconds)} on {result.device}, {processes_text(result.processes, result.threads)}"),
        ("batches", "" if result.parts == 1 else f"in {result.parts} parts, which batch norm sees one by one"),
    ]
    return [row for row in rows if row[1]]


def epoch_cells(epoch: EpochFigures) -> list[str]:
    """Its cells in a table of epochs; – where it was not measured."""
    tested = [
        "–" if epoch.test_loss is None else f"{epoch.test_loss:.4f}",
        "–" if epoch.test_accuracy is None else percent(1 - epoch.test_accuracy, 2),
        "–" if epoch.test_top5 is None else percent(1 - epoch.test_top5, 2),
    ]
    return [count(epoch.epoch), f"{epoch.train_loss:.4f}", *tested]


def shown_epochs(epochs: list[EpochFigures], most: int) -> list[EpochFigures]:
    """At most so many measured epochs, evenly spread, the first and the last among them.

    >>> from dataclasses import replace
    >>> one = EpochFigures(epoch=1, train_loss=1.0, train_accuracy=0.0, learning_rate=1.0, test_loss=1.0)
    >>> made = [replace(one, epoch=k) for k in range(1, 99)]
    >>> [e.epoch for e in shown_epochs(made, 4)]
    [1, 33, 66, 98]
    """
    measured = [epoch for epoch in epochs if epoch.test_loss is not None]
    if len(measured) <= most:
        return measured
    return [measured[round(k * (len(measured) - 1) / (most - 1))] for k in range(most)]


def _epochs(epochs: list[EpochFigures], page: Page) -> None:
    page.heading("Epochs")
    if not epochs:
        page.paragraph("none yet")
        return
    table = plain_table()
    for name in ("epoch", "training loss", "test loss", "test error", "top-5 error"):
        table.add_column(name, justify="right", no_wrap=True)
    for epoch in shown_epochs(epochs, SHOWN):
        table.add_row(*epoch_cells(epoch))
    page.table(table)


def show_training(run: RunFolder, page: Page) -> None:
    """Print a training's figures, finished or not. Raises RunError where its files are damaged."""
    if run.has(RESULT):
        print_training(read_training(run), page.console, folder=run.path)
        return
    _epochs(epochs_so_far(run), page)
    page.blank()
    page.paragraph(
        f"This training has not finished. If no process works on it any more, go on with: bnao resume {run.path}",
        style="yellow",
    )

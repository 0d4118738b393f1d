"""A dry run in the terminal."""

from __future__ import annotations

from rich.console import Console

from bnao.loop.dry.result import DryRun, TriedNetwork, TriedSteps
from bnao.report.format import count, duration, magnitude
from bnao.report.page import Page, plain_table
from bnao.report.plan_page import megabytes


def print_dry_run(tried: DryRun, console: Console) -> None:
    """Print what a dry run found, wrapped to the console's width."""
    page = Page(console)
    page.heading("Dry run: nothing is written")
    page.pairs(tried.facts)
    for network in tried.networks:
        _network(network, tried.memory_how, page)
    page.blank()
    for text in tried.advice:
        page.paragraph(text)


def _network(network: TriedNetwork, memory_how: str, page: Page) -> None:
    page.heading(f"Network: {network.name}")
    extra = network.num_params_with_auxiliary - network.num_params
    training = network.training
    page.pairs(
        [
            ("input", " x ".join(map(str, network.input_shape))),
            (
                "parameters",
                f"{count(network.num_params)} ({magnitude(network.num_params)})"
                + (f"; {count(network.num_params_with_auxiliary)} in training, with auxiliary head" if extra else ""),
            ),
            ("multiply-adds", f"{count(network.macs)} ({magnitude(network.macs)}) an image"),
            *([] if training is None else _training(training, memory_how)),
        ]
    )
    table = plain_table()
    table.add_column("part", no_wrap=True)
    table.add_column("gives, for one image", overflow="fold")
    for name, shape in network.shapes:
        table.add_row(name, shape)
    page.blank()
    page.table(table)


def _training(tried: TriedSteps, memory_how: str) -> list[tuple[str, str]]:
    times = f"{tried.trainings} times " if tried.trainings > 1 else ""
    memory = f", {megabytes(tried.memory_bytes)} more memory ({memory_how})" if tried.memory_bytes else ""
    return [
        ("batch", f"{count(tried.batch)} images"),
        ("a step", f"{tried.seconds:.3g} s{memory}; loss {tried.loss:.4g}"),
        ("all steps", f"{times}{count(tried.steps)}: about {duration(tried.total)}"),
    ]

"""``bnao show``, ``resume``, ``pick``, ``report`` and ``watch``: commands on a run folder."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from bnao.cli.browser import show_in_browser
from bnao.distributed import is_leader, launched
from bnao.errors import require


def show(folder: Path, /) -> None:
    """Print what a run found: winner, accuracy, size, comparison with random, time by stage.

    Parameters
    ----------
    folder
        a run folder that `bnao search` or `bnao train` wrote
    """
    from rich.console import Console

    from bnao.report import show_run
    from bnao.storage import RunFolder

    show_run(RunFolder.open(folder), Console())


def resume(folder: Path, /, *, processes: int | None = None) -> None:
    """Go on with an interrupted run: after Ctrl-C, a kill, a full disk or a power cut, to the same result.

    Parameters
    ----------
    folder
        a run folder that `bnao search` or `bnao train` wrote
    processes
        processes on this machine that share the work [as many as the run was begun with]
    """
    from bnao.storage import RunFolder

    if not is_leader():
        from bnao.loop.team.start import follow_launched

        return follow_launched()
    run = RunFolder.open(folder)

    import bnao.api as api
    from bnao.cli.several import by_several
    from bnao.loop.inputs import read_inputs
    from bnao.report import print_summary
    from bnao.report.training_page import print_training

    inputs = read_inputs(run)
    if processes is None and launched() is None and inputs is not None:
        processes = inputs.processes
    if run.manifest.kind == "training":
        by_several(
            lambda display: api.resume_training(folder, processes=processes, listener=display),
            lambda trained, console: print_training(trained.summary, console, folder=folder),
            what="Training",
        )
        return
    by_several(
        lambda display: api.resume(folder, processes=processes, listener=display),
        lambda result, console: print_summary(result.summary, console, folder=folder),
    )


def pick(
    folder: Path,
    /,
    *,
    max_params: int | None = None,
    max_macs: int | None = None,
    max_latency_ms: float | None = None,
    out: Path | None = None,
) -> None:
    """Find the best network of another budget with the supernet that a finished run has trained; trains no supernet.

    Parameters
    ----------
    folder
        a run folder that `bnao search` wrote and finished
    max_params
        most parameters of the delivered network
    max_macs
        most multiply-adds of the delivered network for one image
    max_latency_ms
        most milliseconds of the delivered network on this device, measured
    out
        folder to write, must be new [FOLDER-pick-LIMITS]
    """
    import bnao.api as api
    from bnao.cli.several import by_several
    from bnao.report import print_summary

    limits = {"params": max_params, "macs": max_macs, "ms": max_latency_ms}
    named = "-".join(f"{name}-{limit}" for name, limit in limits.items() if limit is not None)
    place = folder.resolve()
    target = place.with_name(f"{place.name}-pick-{named}") if out is None else out
    by_several(
        lambda display: api.pick(
            folder,
            target,
            max_params=max_params,
            max_macs=max_macs,
            max_latency_ms=max_latency_ms,
            listener=display,
        ),
        lambda result, console: print_summary(result.summary, console, folder=target),
    )


def report(
    folder: Path,
    /,
    *,
    out: Path | None = None,
    open_it: Annotated[bool, Parameter(name="--open", negative=())] = False,
) -> None:
    """Write the report of a run, finished or not: one HTML page that needs nothing else.

    Parameters
    ----------
    folder
        a run folder that `bnao search` wrote
    out
        file to write [FOLDER/report.html]
    open_it
        open the page in a browser
    """
    from bnao.storage import RunFolder

    run = RunFolder.open(folder)
    from bnao.report.web.page import write_report

    path = write_report(run, out)
    print(path)
    if open_it:
        show_in_browser(path.resolve().as_uri())


def watch(
    folder: Path,
    /,
    *,
    port: int = 8765,
    open_it: Annotated[bool, Parameter(name="--open", negative=())] = False,
) -> None:
    """Show the report of a run live in a browser while the run goes on; it only reads the run folder.

    Parameters
    ----------
    folder
        a run folder that `bnao search` wrote or is writing
    port
        of the page's address on this machine (127.0.0.1); 0 takes a free one
    open_it
        open the page in a browser
    """
    from bnao.storage import RunFolder

    require(0 <= port <= 65535, "--port is from 0 to 65535", port, "leave it out")
    RunFolder.open(folder)
    from bnao.report.web.live import LivePage

    with LivePage(folder, port) as page:
        print(f"{page.address}   (Ctrl-C ends it; the run is not touched)", flush=True)
        if open_it:
            show_in_browser(page.address)
        page.serve()

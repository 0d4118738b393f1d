"""What a search was given, remembered so that a resumed run goes on with the same: threads, device, data."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace

from bnao.cost.latency_table import LatencyTable, TableLatency
from bnao.data.examples import Examples
from bnao.errors import RunError
from bnao.loop.config import SearchConfig
from bnao.loop.given import OWN
from bnao.loop.machine import machine
from bnao.loop.plugins import plugin_sources, plugins_digest, require_trusted
from bnao.loop.stages import StageLog
from bnao.loop.team.team import Team
from bnao.loop.workbench import Workbench, num_threads
from bnao.storage import Commit, RunFolder, from_dict

INPUTS = "inputs.json"
LATENCY = "latency.json"
PLUGINS = "plugins.json"


@dataclass(frozen=True, kw_only=True)
class Inputs:
    """``threads`` and ``device`` as they were found; ``data`` is a SHA-256 of training and validation data.

    ``plugins`` is one of the plugin files, empty where there are none; ``space`` one of the choices of a model of the
    user's own, empty for the spaces that the settings determine. ``processes`` are those that the run's first process
    started, itself with them; ``parts`` those into which a batch of training is divided. ``machine`` is the processor,
    in words: on another one figures may differ in their last digits.
    """

    threads: int
    device: str
    data: str
    plugins: str = ""
    space: str = ""
    processes: int = 1
    parts: int = 1
    machine: str = ""


def read_inputs(run: RunFolder) -> Inputs | None:
    """What the run was begun with; None if it was killed before it knew. Raises RunError."""
    if not run.has(INPUTS):
        return None
    return from_dict(Inputs, run.read_json(INPUTS), source=f"{run.path}/{INPUTS}")


def read_latency(run: RunFolder) -> LatencyTable | None:
    """The table of latencies that the run keeps its limit by; None where none was measured. Raises RunError."""
    if not run.has(LATENCY):
        return None
    return from_dict(LatencyTable, run.read_json(LATENCY), source=f"{run.path}/{LATENCY}")


def latency_threads(run: RunFolder) -> int | None:
    """CPU threads that latencies are measured with: those of all processes that the run has started. Raises RunError.

    None if it was killed before it knew.
    """
    table, inputs = read_latency(run), read_inputs(run)
    if table is not None:
        return table.threads
    return None if inputs is None else inputs.threads * inputs.processes


def run_config(run: RunFolder) -> SearchConfig:
    """The settings of a run, with the threads and the device that it was begun with.

    Raises RunError, also where the run names plugins that nobody on this machine has named.
    """
    config = from_dict(SearchConfig, run.manifest.config, source=f"{run.path}/manifest.json")
    require_trusted(config.plugins, run.path)
    inputs = read_inputs(run)
    if inputs is None:
        return config
    return replace(config, threads=inputs.threads, device="cuda" if inputs.device.startswith("cuda") else "cpu")


def inputs_now(bench: Workbench) -> Inputs:
    """The inputs as they are found now. Raises BnaoError where a plugin cannot be read."""
    return Inputs(
        threads=num_threads(bench.config),
        device=str(bench.device),
        data=_digest(bench.data.train, bench.data.valid),
        plugins=plugins_digest(bench.config.plugins),
        space=_choices_digest(bench) if bench.config.space.name == OWN else "",
        processes=bench.team.own,
        parts=bench.team.parts,
        machine=machine(bench.device),
    )


def note_parts(team: Team, run: RunFolder, log: StageLog) -> None:
    """Warn, and remember it, where a resumed run goes on with its batches divided in another way."""
    before, parts = read_inputs(run), team.parts
    assert before is not None, "the inputs are checked first"
    if before.parts != parts:
        log.warn(
            f"this run divided its training batches into {before.parts} and goes on with {parts} (as many as "
            "processes): its figures differ from those of an undisturbed run"
        )
        with log.commit() as commit:
            commit.write_json(INPUTS, replace(before, parts=parts))


def write_inputs(commit: Commit, bench: Workbench) -> None:
    """Remember the inputs of a new run. Of plugins the text is kept too, to be read, never to be run."""
    table = _table(bench)
    commit.write_json(INPUTS, inputs_now(bench))
    if table is not None:
        commit.write_json(LATENCY, table)
    if bench.config.plugins:
        commit.write_json(PLUGINS, plugin_sources(bench.config.plugins))


def check_inputs(bench: Workbench, run: RunFolder) -> None:
    """Raise RunError where the inputs of a run that is gone on with have changed."""
    now, before, table = inputs_now(bench), read_inputs(run), _table(bench)
    assert before is not None, "a new run's are written"
    if before.space != now.space:
        raise RunError(
            "a run is resumed with the model it was begun with; this one's choices or their options are others, or in "
            "another order: give the same model, or search anew"
        )
    elif before.plugins != now.plugins:
        raise RunError(
            f"a run is resumed with the plugins it was begun with; {', '.join(bench.config.plugins)} changed: restore "
            "the files, or search anew"
        )
    elif before.data != now.data:
        raise RunError(
            f"a run is resumed on the data it was begun with; {bench.config.data.source!r} now gives other images or "
            "labels: restore the data, or search anew"
        )
    elif bench.latency is not None and run.has(LATENCY) != (table is not None):
        raise RunError(
            "a run is resumed with the latencies it was begun with; this one was begun with "
            + ("a measured table: leave latency= out" if table is None else "a function: give latency=, from Python")
        )


def _table(bench: Workbench) -> LatencyTable | None:
    return bench.latency.table if isinstance(bench.latency, TableLatency) else None


def _choices_digest(bench: Workbench) -> str:
    found = [(choice.kind, choice.place, choice.option) for choice in bench.space.all_choices()]
    return hashlib.sha256(repr(found).encode()).hexdigest()


def _digest(*parts: Examples) -> str:
    digest = hashlib.sha256()
    for examples in parts:
        digest.update(examples.fingerprint().encode())
    return digest.hexdigest()

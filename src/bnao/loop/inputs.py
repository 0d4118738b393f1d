"""What a search was given, remembered so that a resumed run goes on with the same: threads, device, data."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace

from bnao.data.images import Images
from bnao.errors import RunError
from bnao.loop.config import SearchConfig
from bnao.loop.workbench import Workbench, num_threads
from bnao.storage import RunFolder, from_dict

INPUTS = "inputs.json"


@dataclass(frozen=True, kw_only=True)
class Inputs:
    """``threads`` and ``device`` as they were found; ``data`` is a SHA-256 of all training and validation images."""

    threads: int
    device: str
    data: str


def read_inputs(run: RunFolder) -> Inputs | None:
    """What the run was begun with; None if it was killed before it knew. Raises RunError."""
    if not run.has(INPUTS):
        return None
    return from_dict(Inputs, run.read_json(INPUTS), source=f"{run.path}/{INPUTS}")


def run_config(run: RunFolder) -> SearchConfig:
    """The settings of a run, with the threads and the device that it was begun with. Raises RunError."""
    config = from_dict(SearchConfig, run.manifest.config, source=f"{run.path}/manifest.json")
    inputs = read_inputs(run)
    if inputs is None:
        return config
    return replace(config, threads=inputs.threads, device="cuda" if inputs.device.startswith("cuda") else "cpu")


def check_inputs(bench: Workbench, run: RunFolder) -> None:
    """Remember the inputs of a new run; raise RunError where those of a resumed one have changed."""
    now = Inputs(
        threads=num_threads(bench.config),
        device=str(bench.device),
        data=_digest(bench.data.train, bench.data.valid),
    )
    before = read_inputs(run)
    if before is None:
        with run.commit() as commit:
            commit.write_json(INPUTS, now)
    elif before.data != now.data:
        raise RunError(
            f"a run is resumed on the data it was begun with; {bench.config.data.source!r} now gives other images or "
            "labels: restore the data, or search anew"
        )


def _digest(*parts: Images) -> str:
    digest = hashlib.sha256()
    for images in parts:
        for tensor in (images.images_NCHW, images.labels_N):
            digest.update(repr(tuple(tensor.shape)).encode())
            digest.update(tensor.cpu().contiguous().numpy().data)
    return digest.hexdigest()

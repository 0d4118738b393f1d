"""Going on with a run, another budget, a pool to start from, the report."""

from __future__ import annotations

from pathlib import Path

from bnao.storage import RunFolder

from .case import Make, case
from .examples import SMALL, npz
from .run_cases import a_run, damaged, half

RESUME = "resume runs/mine"
KNOWN = f"{SMALL} --pool known.csv"
DIVERGES = (
    "search --data.resolution 8 --data.max-train-images 200 --space.nodes 2 --supernet.network.channels 4 "
    "--loop.pool 4 --supernet.training.learning-rate 1e30 --supernet.training.clip-norm 1e30 "
    "--supernet.training.batch-size 20 --threads 1 --out runs/mine"
)


def _with_checkpoint(folder: Path) -> None:
    with a_run(folder) as run, run.commit() as commit:
        commit.write_checkpoint("supernet.pt", {"weights": list(range(1000))})


def _checkpoint_cut(folder: Path) -> None:
    _with_checkpoint(folder)
    [path] = (folder / "runs" / "mine" / "state").glob("supernet.g*")
    path.write_bytes(half(path.read_bytes()))


def _checkpoint_missing(folder: Path) -> None:
    _with_checkpoint(folder)
    [path] = (folder / "runs" / "mine" / "state").glob("supernet.g*")
    path.unlink()


def _in_use(folder: Path) -> None:
    a_run(folder)
    RunFolder.resume(folder / "runs" / "mine")  # and not closed


def _file(name: str, text: str) -> Make:
    def make(folder: Path) -> None:
        npz(folder)
        (folder / name).write_text(text)

    return make


CASES = [
    case("resume: no such folder", RESUME, "a run folder is what", "is missing", "check the path"),
    case("resume: another process works on it", RESUME, "one process at a time", "in use by process", make=_in_use),
    case("resume: manifest cut in half", RESUME, "manifest.json", "restore it", make=damaged("manifest.json", half)),
    case("resume: pool cut in half", RESUME, "pool.sqlite", "damaged", "restore", make=damaged("pool.sqlite", half)),
    case("resume: checkpoint cut in half", RESUME, "supernet", "as the run wrote it", make=_checkpoint_cut),
    case("resume: checkpoint missing", RESUME, "supernet", "is missing", "restore", make=_checkpoint_missing),
    case(
        "pick: a run that has not finished", "pick runs/mine --max-params 9", "not finished", "bnao resume", make=a_run
    ),
    case("pick: no limit", "pick runs/mine", "a pick needs a limit", "max_params", make=a_run),
    case("limit: no architecture keeps it", f"{SMALL} --max-params 10", "max_params", "10", make=npz),
    case("limit: not positive", f"{SMALL} --max-macs 0", "max_macs is a whole number from 1", "0"),
    case("pool: file missing", KNOWN, "known.csv", "is missing", make=npz),
    case("pool: no header", KNOWN, "architecture", "line 1", make=_file("known.csv", "0 1 0 1\n0 1 1 1\n")),
    case(
        "pool: no architecture of the space",
        KNOWN,
        "known.csv",
        "line 2",
        make=_file("known.csv", "architecture,score\n0 1 0 1,3\n"),
    ),
    case(
        "pool: score is no number",
        KNOWN,
        "known.csv",
        "line 2",
        "good",
        make=_file("known.csv", "architecture,score\n0 1 0 1,good\n"),
    ),
    case("report: no such folder", "report runs/mine", "a run folder is what", "is missing"),
    case("report: folder of the file missing", "report runs/mine --out no/r.html", "does not exist", make=a_run),
    case("watch: no such port", "watch runs/mine --port 99999", "--port is from 0 to 65535", "99999"),
    case(
        "loss not finite",
        DIVERGES,
        "supernet-1 (supernet.training)",
        "must stay finite",
        "lower the learning rate",
        "last good state is kept",
        runs=True,
    ),
]

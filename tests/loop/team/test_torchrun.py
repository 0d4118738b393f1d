"""The same script in each of two processes that torchrun starts."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from bnao.loop.result import read_result
from bnao.storage import RunFolder

ROOT = Path(__file__).parents[3]
SCRIPT = Path(__file__).with_name("torchrun_script.py")


def torchrun(folder: Path, what: str) -> str:
    words = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    done = subprocess.run(
        [*words, str(SCRIPT), str(folder), what],
        capture_output=True,
        text=True,
        timeout=900,
        env={**os.environ, "PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}{ROOT}", "OMP_NUM_THREADS": "1"},
    )
    assert "Traceback" not in done.stderr, done.stderr
    return done.stdout


def test_a_script_with_a_model_of_its_own(tmp_path: Path) -> None:
    text = torchrun(tmp_path / "run", "search")
    result = read_result(RunFolder.open(tmp_path / "run"))
    assert sorted(text.splitlines()) == [f"rank {rank}: {result.winner.id} 2 0" for rank in range(2)]
    assert (result.processes, result.parts) == (2, 2)


def test_other_data_in_one_process_are_refused_by_rank_0_alone(tmp_path: Path) -> None:
    text = torchrun(tmp_path / "run", "other")
    rule = "all processes of a run have the same data; process 1 has other ones than process 0"
    assert text.splitlines() == [f"{rule}: give all of them the same"]
    assert not (tmp_path / "run").exists()

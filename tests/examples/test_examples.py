"""Each example runs at its small scale and prints the searched network beside its baselines."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[2] / "examples"
BASELINES = {
    "images": ["by hand: conv3 everywhere"],
    "forecast": ["linear autoregression", "persistence"],
    "table": ["gradient boosting", "logistic regression"],
}


@pytest.mark.parametrize("name", BASELINES)
def test_it_runs_and_prints_its_table(name: str, tmp_path: Path) -> None:
    command = [sys.executable, str(EXAMPLES / f"{name}.py"), "--quick", "--out", str(tmp_path)]
    one_thread = os.environ | {"OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, env=one_thread, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr
    rows = [line.split("|")[1:-1] for line in done.stdout.splitlines() if line.startswith("| ")]
    assert [row[0].strip() for row in rows[1:]] == ["searched", *BASELINES[name]]
    assert all(float(row[1]) > 0 for row in rows[1:])
    assert (tmp_path / "seed-0" / "report.html").exists()


def test_each_is_short() -> None:
    scripts = sorted(EXAMPLES.glob("*.py"))
    assert {script.stem for script in scripts} == {*BASELINES, "plain"}
    for script in scripts:
        code = script.read_text(encoding="utf-8")
        assert script.stem == "plain" or len(code.splitlines()) < 80, script.name
        assert script.stem == "plain" or len(code.partition("bnao.search(")[2].partition("# fmt")[0].splitlines()) <= 8


def test_the_document_shows_the_scripts() -> None:
    text = (EXAMPLES.parent / "docs" / "examples.md").read_text(encoding="utf-8")
    scripts = [script.read_text(encoding="utf-8") for script in EXAMPLES.glob("*.py")]
    blocks = re.findall(r"^```python\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    assert len(blocks) >= 3
    plain = ["".join(line.strip() for line in script.splitlines()) for script in scripts]
    for block in blocks:
        assert any("".join(line.strip() for line in block.splitlines()) in script for script in plain), block

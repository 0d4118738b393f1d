"""The code of docs/export.md, in an exported folder."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
from PIL import Image

DOCUMENT = Path(__file__).parents[2] / "docs" / "export.md"


def test_python_runs(exported: Path, tmp_path: Path) -> None:
    folder = tmp_path / "network"
    shutil.copytree(exported, folder)
    Image.fromarray(np.zeros((8, 8, 3), np.uint8)).save(folder / "picture.png")
    blocks = re.findall(r"^```python\n(.*?)^```$", DOCUMENT.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    assert len(blocks) == 3
    code = "\n".join(block.replace("1, 3, 32, 32", "1, 3, 8, 8") for block in blocks)
    done = subprocess.run([sys.executable, "-c", code], cwd=folder, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    torch_class, onnx_class, described, top = done.stdout.splitlines()
    assert torch_class == f"tensor({onnx_class})" and "|" in described and top.count("(") == 3


def test_files_and_fields_exist(exported: Path) -> None:
    text = DOCUMENT.read_text(encoding="utf-8")
    assert set(re.findall(r"^\| `([\w.]+)`", text, re.MULTILINE)) == {path.name for path in exported.iterdir()}
    description = (exported / "architecture.json").read_text()
    for name in ("metric_value", "standard_error", "measured_on", "mode", "num_params", "sha256", "source_note"):
        assert f"`{name}`" in text and f'"{name}"' in description, name

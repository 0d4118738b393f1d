import json
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch

from bnao.errors import RunError
from bnao.storage import PoolEntry, RunFolder, files


def _run(tmp_path: Path) -> RunFolder:
    return RunFolder.create(tmp_path / "run", config={"seed": 7, "pair": (1, 2)}, recipe="demo")


def test_a_new_run(tmp_path: Path) -> None:
    run = _run(tmp_path)
    again = RunFolder.open(run.path)
    assert (again.generation, again.status, again.manifest.recipe) == (0, "running", "demo")
    assert again.manifest.config == {"seed": 7, "pair": [1, 2]}
    assert {"bnao", "python", "torch", "numpy"} <= again.manifest.versions.keys()
    assert again.manifest == run.manifest


def test_commits_replace_files_and_leave_no_old_ones(tmp_path: Path) -> None:
    run = _run(tmp_path)
    with run.commit() as commit:
        commit.write_json("progress.json", {"round": 1})
        commit.write_checkpoint("supernet.pt", {"w": torch.ones(3)})
    with run.commit() as commit:
        commit.write_json("progress.json", {"round": 2})
        commit.write_weights("winner.safetensors", {"w": torch.ones(3)}, {"id": "ab"})
        commit.set_status("finished")
    again = RunFolder.open(run.path)
    assert again.generation == 2 and again.status == "finished"
    assert again.read_json("progress.json") == {"round": 2}
    assert torch.equal(again.read_checkpoint("supernet.pt")["w"], torch.ones(3))
    assert again.read_weights("winner.safetensors")[1] == {"id": "ab"}
    assert sorted(p.name for p in (run.path / "state").iterdir()) == [
        "progress.g000002.json", "supernet.g000001.pt", "winner.g000002.safetensors",
    ]  # fmt: skip
    with run.commit() as commit:
        commit.discard("supernet.pt")
    assert not run.has("supernet.pt") and len(list((run.path / "state").iterdir())) == 2
    assert run.publish("winner.safetensors").read_bytes() == again.file("winner.safetensors").read_bytes()


def test_an_exception_or_a_full_disk_leaves_the_former_generation(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = _run(tmp_path)
    with run.commit() as commit:
        commit.write_json("a.json", 1)
    with pytest.raises(ZeroDivisionError), run.commit() as commit:
        commit.write_json("a.json", 2)
        raise ZeroDivisionError
    replace = files.os.replace

    def refuse_manifest(source: Path, target: Path) -> None:
        if target.name == "manifest.json":
            raise OSError(28, "No space left on device")
        replace(source, target)

    with monkeypatch.context() as patch:
        patch.setattr(files.os, "replace", refuse_manifest)
        with pytest.raises(RunError, match="disk is full"), run.commit() as commit:
            commit.write_json("a.json", 3)
    for reader in (run, RunFolder.open(run.path)):
        assert reader.generation == 1 and reader.read_json("a.json") == 1
    assert [p.name for p in (run.path / "state").iterdir()] == ["a.g000001.json"]
    with run.commit() as commit:
        commit.write_json("a.json", 4)
    assert RunFolder.open(run.path).read_json("a.json") == 4


def test_a_reader_beside_a_running_search_finds_the_newer_file(tmp_path: Path) -> None:
    run = _run(tmp_path)
    with run.commit() as commit:
        commit.write_json("a.json", 1)
    reader = RunFolder.open(run.path)
    with run.commit() as commit:
        commit.write_json("a.json", 2)
    assert reader.read_json("a.json") == 2


def test_used_folders_are_refused(tmp_path: Path) -> None:
    run = _run(tmp_path)
    with pytest.raises(RunError, match=r"holds another run \(recipe demo, running, of 2.*bnao resume"):
        RunFolder.create(run.path, config={}, recipe="demo")
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / "todo.txt").write_text("x")
    with pytest.raises(RunError, match=r"holds 1 other file\(s\) \(todo.txt\)"):
        RunFolder.create(tmp_path / "notes", config={}, recipe="demo")
    with pytest.raises(RunError, match="is a file"):
        RunFolder.create(tmp_path / "notes" / "todo.txt", config={}, recipe="demo")
    (tmp_path / "empty").mkdir()
    assert RunFolder.create(tmp_path / "empty", config={}, recipe="demo").generation == 0
    with pytest.raises(RunError, match="part of the path is a file"):
        RunFolder.create(tmp_path / "notes" / "todo.txt" / "run", config={}, recipe="demo")


def test_what_is_no_run(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="is missing"):
        RunFolder.open(tmp_path / "none")
    with pytest.raises(RunError, match="holds no manifest"):
        RunFolder.open(tmp_path)
    manifest = tmp_path / "manifest.json"
    for content, words in (("{", "damaged"), ("[]", "format"), ('{"format": "x"}', "format")):
        manifest.write_text(content)
        with pytest.raises(RunError, match=words):
            RunFolder.open(tmp_path)
    manifest.write_text('{"format": "bnao-run", "version": 1}')
    with pytest.raises(RunError, match=r"version 2.*has version 1: use the bnao that wrote it"):
        RunFolder.open(tmp_path)
    with pytest.raises(RunError, match=r"no file 'b.json'"):
        _run(tmp_path).file("b.json")


def test_every_flipped_bit_of_a_manifest_is_noticed(tmp_path: Path) -> None:
    run = _run(tmp_path)
    with run.commit() as commit:
        commit.write_json("a.json", 1)
    path, rng = run.path / "manifest.json", random.Random(0)
    content = path.read_bytes()
    meaning = json.loads(content)
    for _ in range(400):
        flipped = bytearray(content)
        flipped[rng.randrange(len(content))] ^= 1 << rng.randrange(8)
        path.write_bytes(flipped)
        try:
            RunFolder.open(run.path)
        except RunError:
            continue
        assert json.loads(flipped) == meaning  # white space


def test_an_altered_file_of_the_state(tmp_path: Path) -> None:
    run = _run(tmp_path)
    with run.commit() as commit:
        commit.write_json("a.json", 1)
    path = run.file("a.json")
    path.write_text("2\n")
    with pytest.raises(RunError, match="hash differs"):
        run.read_json("a.json")
    path.unlink()
    with pytest.raises(RunError, match="is missing"):
        run.read_json("a.json")


_WRITER = """
import sys
from pathlib import Path
import torch
from bnao.storage import PoolEntry, RunFolder
run = RunFolder.create(Path(sys.argv[1]), config={}, recipe="demo")
pool, log = run.pool(), run.event_log()
print("ready", flush=True)
for k in range(1, 1_000_000):
    pool.add([PoolEntry(id=f"{k}-{j}", text="0", round=k, origin="random", num_params=1, macs=1) for j in range(5)])
    log.event("stage_finished", stage=f"supernet-{k}", seconds=0.1, figures={})
    with run.commit() as commit:
        commit.write_json("progress.json", {"round": k})
        commit.write_checkpoint("supernet.pt", {"w": torch.full((5000,), float(k))})
"""


@pytest.mark.parametrize("delay", [0.04, 0.17])
def test_sigkill_at_any_moment_leaves_a_whole_generation(tmp_path: Path, delay: float) -> None:
    path = tmp_path / "run"
    with subprocess.Popen([sys.executable, "-c", _WRITER, str(path)], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None and process.stdout.readline() == "ready\n"
        time.sleep(delay)
        process.send_signal(signal.SIGKILL)
    run = RunFolder.open(path)
    if run.generation:
        assert run.read_json("progress.json") == {"round": run.generation}
        assert set(run.read_checkpoint("supernet.pt")["w"].tolist()) == {float(run.generation)}
    events = run.events()
    assert run.generation <= len(events) <= run.generation + 1
    with run.pool() as pool:
        assert len(pool) in (5 * run.generation, 5 * run.generation + 5)
        pool.roll_back(run.generation)
        assert len(pool) == 5 * run.generation
        pool.add([PoolEntry(id="new", text="0", round=9, origin="random", num_params=1, macs=1)])
    with run.commit() as commit:
        commit.write_json("progress.json", {"round": -1})
    assert {p.name for p in (path / "state").iterdir()} == {Path(r.file).name for r in run.manifest.files.values()}

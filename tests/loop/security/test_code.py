"""Nothing that is loaded can run code: an audit of the source, and hostile files for every reader."""

from __future__ import annotations

import ast
import io
import json
import os
import pickle
import shutil
import tarfile
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from tests.loop.conftest import MICRO

import bnao
import bnao.api as api
from bnao.cli.main import main
from bnao.data import DataConfig, open_source
from bnao.data.cache import read_entry
from bnao.data.unpickle import load_plain
from bnao.delivery.network import load_network
from bnao.errors import BnaoError, RunError
from bnao.loop.inputs import run_config
from bnao.rng import generator
from bnao.storage import RunFolder, load_state, load_weights
from bnao.storage.pool_csv import read_known

PACKAGE = Path(bnao.__file__).parent
RUN_CODE = {"eval", "exec", "compile", "__import__"}
WRITERS = {"delivery/source/file.py", "delivery/source/torch_layers.py"}  # they run text that they wrote themselves

BETWEEN_PROCESSES = {"distributed/ranks.py"}  # objects between the processes of one search, never from a file
STARTS_ITSELF = {"distributed/local.py"}  # starts this Python with this package, by a list of words, no shell


def calls(path: Path) -> list[tuple[str, ast.Call]]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return [(ast.unparse(node.func), node) for node in ast.walk(tree) if isinstance(node, ast.Call)]


def imports(path: Path) -> set[str]:
    tree, found = ast.parse(path.read_text(encoding="utf-8")), set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add(node.module or "")
    return found


@pytest.mark.parametrize("path", sorted(PACKAGE.rglob("*.py")), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_the_source_has_no_other_way(path: Path) -> None:
    name = path.relative_to(PACKAGE).as_posix()
    assert not imports(path) & {"yaml", "marshal", "shelve", "dill", "cloudpickle", "joblib", "torch.jit"}
    assert name in STARTS_ITSELF or "subprocess" not in imports(path)
    assert name in {"data/unpickle.py", *BETWEEN_PROCESSES} or not imports(path) & {"pickle", "pickletools"}
    for called, node in calls(path):
        words = {keyword.arg: keyword.value for keyword in node.keywords}
        assert name in WRITERS or called not in RUN_CODE, f"{name}:{node.lineno} {called}"
        assert called not in ("os.system", "os.popen", "torch.jit.load", "torch.export.load", "torch.hub.load")
        if called == "torch.load":
            assert ast.unparse(words["weights_only"]) == "True", f"{name}:{node.lineno}"
        if called in ("np.load", "numpy.load"):
            raise AssertionError(f"{name}:{node.lineno}: npz files are read by bnao.data.npz_file")
        if called.endswith("spec_from_file_location") or called.endswith("exec_module"):
            assert name == "loop/plugins.py"
        assert not (called.endswith("extractall") or called.endswith(".extract")), f"{name}:{node.lineno}"


class Evil:
    """Unpickled, it makes a file."""

    def __init__(self, marker: Path) -> None:
        self.marker = marker

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.mkdir, (str(self.marker),)


def evil_npz(path: Path, marker: Path, names: tuple[str, ...]) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        for name in names:
            stream = io.BytesIO()
            np.lib.format.write_array(stream, np.array([Evil(marker)] * 9, dtype=object), allow_pickle=True)
            archive.writestr(f"{name}.npy", stream.getvalue())


def evil_cifar(path: Path, marker: Path) -> None:
    with tarfile.open(path, "w:gz") as archive:
        for name in [*(f"data_batch_{k}" for k in range(1, 6)), "test_batch"]:
            content = pickle.dumps({"data": Evil(marker), "labels": []}, protocol=2)
            member = tarfile.TarInfo(f"cifar-10-batches-py/{name}")
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))


def read_images(source: str) -> object:
    return open_source(DataConfig(source=source, cache=False)).search_data(generator(0, "x"))


def torch_legacy(path: Path, marker: Path) -> None:
    torch.save(Evil(marker), path, _use_new_zipfile_serialization=False)


READERS: dict[str, tuple[Callable[[Path, Path], object], Callable[[Path], object]]] = {
    "checkpoint": (lambda path, marker: torch.save({"a": Evil(marker)}, path), load_state),
    "checkpoint, legacy form": (torch_legacy, load_state),
    "checkpoint, bare pickle": (lambda path, marker: path.write_bytes(pickle.dumps(Evil(marker))), load_state),
    "weights": (lambda path, marker: path.write_bytes(pickle.dumps(Evil(marker))), load_weights),
    "CIFAR pickle": (
        lambda path, marker: path.write_bytes(pickle.dumps({"data": Evil(marker)})),
        lambda path: load_plain(path.read_bytes(), path),
    ),
    "CIFAR archive": (evil_cifar, lambda path: read_images(f"cifar10:{path}")),
    "npz of images": (
        lambda path, marker: evil_npz(path, marker, ("x_train", "y_train")),
        lambda path: read_images(f"npz:{path}"),
    ),
    "npz of JPEG": (
        lambda path, marker: evil_npz(path, marker, ("jpeg", "labels", "offsets")),
        lambda path: read_images(f"jpeg_npz:{path}"),
    ),
    "known architectures": (lambda path, marker: path.write_bytes(pickle.dumps(Evil(marker))), read_known),
}


@pytest.mark.parametrize("kind", READERS)
def test_a_hostile_pickle_is_refused(kind: str, tmp_path: Path) -> None:
    write, read = READERS[kind]
    path, marker = tmp_path / "hostile_train.npz", tmp_path / "ran"
    write(path, marker)
    with pytest.raises(BnaoError):
        read(path)
    assert not marker.exists()


def test_a_hostile_entry_of_the_cache_is_replaced(tmp_path: Path) -> None:
    evil_npz(tmp_path / "a.npz", tmp_path / "ran", ("images",))
    with pytest.warns(UserWarning, match="decoded again"):
        assert read_entry(tmp_path / "a.npz", (9,)) is None
    assert not (tmp_path / "ran").exists()


def test_a_run_folder_with_a_hostile_checkpoint(micro, tmp_path: Path) -> None:
    """Its hashes and the manifest's checksum are right: somebody wrote it so."""
    path, marker = tmp_path / "run", tmp_path / "ran"
    shutil.copytree(micro[0].path, path)
    with RunFolder.resume(path) as run, run.commit() as commit:
        place = commit._new("supernet.pt")
        torch.save({"weights": Evil(marker)}, place)
        commit._record("supernet.pt")
        commit.set_status("running")
    with pytest.raises(RunError, match="supernet"):
        api.resume(path)
    assert not bnao.verify(path).ok and not marker.exists()


def test_no_text_of_a_run_becomes_code_in_an_export(micro, tmp_path: Path) -> None:
    path, marker = tmp_path / "run", tmp_path / "ran"
    shutil.copytree(micro[0].path, path)
    code = f'x"""\nimport os\nos.mkdir({str(marker)!r})\n"""'
    with RunFolder.resume(path) as run, run.commit() as commit:
        result = run.read_json("result.json")
        result["metric"]["name"] = result["recipe"] = code
        result["winner"] |= {"measured_on": code, "mode": code, "id": code}
        commit.write_json("result.json", result)
        tensors, metadata = run.read_weights("winner.safetensors")
        task = json.loads(metadata["task"])
        task["classes"] = [f"{k}\"'\\ {code}" for k in range(10)]
        commit.write_weights("winner.safetensors", tensors, {**metadata, "task": json.dumps(task)})
    bnao.export(path, tmp_path / "out", onnx=False)
    source = (tmp_path / "out" / "model.py").read_text()
    names: dict[str, object] = {"__name__": "model", "__file__": str(tmp_path / "out" / "model.py")}
    exec(compile(source, "model.py", "exec"), names)
    assert names["CLASSES"] == task["classes"] and not marker.exists()
    load_network(tmp_path / "out")


PLUGIN = """
import os
from bnao.ops import OPERATIONS

os.mkdir({marker!r})
"""


@pytest.fixture
def theirs(micro, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, Path, Path]:
    """A run folder from elsewhere that names a Python file; nobody has named it on this machine."""
    monkeypatch.setenv("BNAO_STATE", str(tmp_path / "state"))
    path, marker, plugin = tmp_path / "run", tmp_path / "ran", tmp_path / "plugin.py"
    plugin.write_text(PLUGIN.format(marker=str(marker)))
    shutil.copytree(micro[0].path, path)
    with RunFolder.resume(path) as run:
        config = {**run.manifest.config, "plugins": [str(plugin)]}
        run.manifest = replace(run.manifest, config=config)
        run.manifest.write(path)
    return path, marker, plugin


@pytest.mark.parametrize(
    "words", ["export {} --no-onnx", "rank {}", "pick {} --max-params 9999999", "verify {} --json"]
)
def test_a_plugin_that_only_a_run_names_is_not_run(
    words: str, theirs: tuple[Path, Path, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    path, marker, _ = theirs
    assert main(words.format(path).split()) in (1, 2)
    told = capsys.readouterr()
    assert not marker.exists() and f"bnao trust {path}" in " ".join((told.out + told.err).split())


def test_only_looking_runs_no_plugin(theirs: tuple[Path, Path, Path], capsys: pytest.CaptureFixture[str]) -> None:
    path, marker, _ = theirs
    for words in (["show", str(path)], ["report", str(path)], ["pool", str(path)]):
        assert main(words) == 0
    assert not marker.exists()


def test_trust_is_of_the_file_as_it_is(theirs: tuple[Path, Path, Path], capsys: pytest.CaptureFixture[str]) -> None:
    path, marker, plugin = theirs
    with pytest.raises(RunError, match="was named to no search here as it is now"):
        run_config(RunFolder.open(path))
    assert main(["trust", str(path)]) == 0 and str(plugin) in capsys.readouterr().out and not marker.exists()
    assert run_config(RunFolder.open(path)).plugins == (str(plugin),)
    plugin.write_text(plugin.read_text() + "\n")
    with pytest.raises(RunError, match="bnao trust"):
        run_config(RunFolder.open(path))


def test_what_you_name_yourself_is_trusted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from bnao.loop.events import Silent
    from bnao.loop.run import prepare
    from bnao.loop.stages import StageLog

    monkeypatch.setenv("BNAO_STATE", str(tmp_path / "state"))
    plugin = tmp_path / "mine.py"
    plugin.write_text("seen = 1")
    config = replace(MICRO, plugins=(str(plugin),))
    prepare(config, StageLog(Silent()))
    RunFolder.create(tmp_path / "run", config=config, recipe="x").close()
    assert run_config(RunFolder.open(tmp_path / "run")) == config


def test_a_plugin_that_only_a_training_names_is_not_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from bnao.loop.train.config import TrainConfig

    monkeypatch.setenv("BNAO_STATE", str(tmp_path / "state"))
    marker, plugin, begun, finished = (tmp_path / name for name in ("ran", "theirs.py", "begun", "finished"))
    plugin.write_text(f"open({str(marker)!r}, 'w').close()")
    config = TrainConfig(plugins=(str(plugin),))
    RunFolder.create(begun, config=config, recipe="x", kind="training").close()
    with RunFolder.create(finished, config=config, recipe="x", kind="training") as run, run.commit() as commit:
        commit.set_status("finished")
    for words in (["resume", str(begun)], ["train", "--arch", str(finished), "--out", str(tmp_path / "out")]):
        assert main(words) == 2
        assert f"bnao trust {words[1] if words[0] == 'resume' else finished}" in " ".join(
            capsys.readouterr().err.split()
        )
    assert not marker.exists()
    assert main(["trust", str(begun)]) == 0 and str(plugin) in capsys.readouterr().out and not marker.exists()


def test_help_says_that_a_plugin_is_run(capsys: pytest.CaptureFixture[str]) -> None:
    for command in ("search", "plan"):
        main([command, "--help"])
        text = " ".join(capsys.readouterr().out.replace("│", " ").split())
        assert "Python file to RUN first (no other code is ever run)" in text

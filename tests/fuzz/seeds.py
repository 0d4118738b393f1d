"""One or more whole inputs of each kind, small: where fuzzing starts from."""

from __future__ import annotations

import gzip
import io
import json
import pickle
import tarfile
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from tests.fuzz.targets import folder

from bnao.loop.config import SearchConfig
from bnao.loop.result import RANDOM, SEARCHED, SearchResult, Trained, Winner
from bnao.loop.train.result import EpochFigures, TrainingResult
from bnao.recipes import load_recipe
from bnao.spaces.nao_cell import PUBLISHED
from bnao.storage import EventLog, Pool, PoolEntry, save_state, save_weights
from bnao.storage.checksum import with_checksum
from bnao.storage.files import json_bytes
from bnao.storage.manifest import FileRecord, Manifest
from bnao.storage.plain import to_plain

CELL = "|nor_conv_3x3~0|+|none~0|skip_connect~1|+|avg_pool_3x3~0|nor_conv_1x1~1|none~2|"
RECIPES = Path(load_recipe.__globals__["__file__"]).parent
TABLE = (
    "arch,params,macs,valid_acc_s0,test_acc,valid_acc_ep12,test_acc_ep12\n"
    f"{CELL},100,2000,70.5,71,50,51\n{CELL.replace('none', 'nor_conv_3x3')},300,2000,80,81,60,\n"
)


def _file(write: Callable[[Path], object], name: str) -> bytes:
    path = folder() / f"seed-{name}"
    path.unlink(missing_ok=True)
    write(path)
    return path.read_bytes()


def _pictures() -> Iterable[bytes]:
    pixels = np.arange(192, dtype=np.uint8).reshape(8, 8, 3)
    for form in ("PNG", "JPEG", "BMP", "WEBP", "GIF", "TIFF", "PPM"):
        for image in (Image.fromarray(pixels), Image.fromarray(pixels[..., 0])):
            stream = io.BytesIO()
            image.save(stream, form)
            yield stream.getvalue()


def _npz(**arrays: np.ndarray) -> bytes:
    stream = io.BytesIO()
    np.savez(stream, **arrays)
    return stream.getvalue()


def _jpeg_npz() -> bytes:
    stream = io.BytesIO()
    Image.new("RGB", (8, 8), "red").save(stream, "JPEG")
    one = np.frombuffer(stream.getvalue(), np.uint8)
    count = 12
    offsets = np.arange(count + 1) * len(one)
    return _npz(jpeg=np.tile(one, count), offsets=offsets, labels=np.arange(count) % 2, classes=np.array(["a", "b"]))


def _tar(names: Iterable[str], content: bytes, mode: str = "w:gz") -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode=mode) as archive:  # type: ignore[call-overload]
        for name in names:
            member = tarfile.TarInfo(f"folder/{name}")
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return stream.getvalue()


def _batch() -> bytes:
    data = np.arange(10 * 3072, dtype=np.uint32).astype(np.uint8).reshape(10, 3072)
    return pickle.dumps({"data": data, "labels": list(range(10))}, protocol=2)


def _log(path: Path) -> None:
    with EventLog(path) as log:
        log.event("stage_started", stage="data", title="data", total=None, unit="images")
        log.event("search_started", recipe="demo", seed=0, space_size="9", data="sample", num_train=9, num_valid=3,
                  metric={"name": "accuracy", "higher_is_better": True, "is_share": True}, held_out="test set",
                  device="cpu", threads=1, stages=["supernet-1", "final"], resumed_at=None, finished={})  # fmt: skip
        log.event("epoch", stage="supernet-1", epoch=1, loss=1.0, metric=0.5, learning_rate=0.1)
        log.event("sampling", stage="supernet-1", text="uniform")
        log.event("stage_finished", stage="supernet-1", seconds=1.5, figures={"loss": 1.0})
        log.event("check", text="early check", warned=False)
        log.event("warning", text="few images")


def _pool(path: Path) -> None:
    with Pool(path) as pool:
        pool.add([PoolEntry(id="a", text="0 1", round=1, origin="random", num_params=9, macs=81)])
        pool.set_scores(1, {"a": 0.5})
        pool.set_predictions(1, {"a": 0.4})


def _manifest() -> bytes:
    made = Manifest.new(recipe="demo", config=load_recipe("demo"))
    record = FileRecord(file="state/a.g000001.json", sha256="0" * 64, bytes=3, generation=1)
    return json_bytes(with_checksum(to_plain(replace(made, files={"a.json": record}))))


def _training() -> bytes:
    row = EpochFigures(epoch=1, train_loss=2.0, train_accuracy=0.1, learning_rate=0.1, test_loss=2.1, test_accuracy=0.2)
    made = TrainingResult(
        recipe="cifar10-final-small", seed=0, architecture=PUBLISHED, id="a", origin="published", space="nao_cell",
        output="concat", data="sample", num_train=9, num_test=5, measured_on="5 images", test_loss=2.1,
        test_accuracy=0.2, test_top5=0.6, best_epoch=1, best_accuracy=0.2, num_params=1, num_params_with_auxiliary=2,
        macs=1, cells_per_stage=1, channels=4, epochs=[row], warnings=["few"], drawing="a - b",
    )  # fmt: skip
    return json_bytes(made)


def _result() -> bytes:
    winner = Winner(
        architecture=PUBLISHED, id="a", mode="retrain", output="concat", test_metric=0.5, test_standard_error=0.1,
        measured_on="9 images", num_params=1, num_params_with_auxiliary=1, macs=1,
    )  # fmt: skip
    arms = [
        Trained(
            architecture=PUBLISHED, id="a", arm=arm, score=-1.0, valid_metric=0.5, test_metric=0.5, num_params=1,
            macs=1, seconds=1.0,
        )
        for arm in (SEARCHED, RANDOM)
    ]  # fmt: skip
    made = SearchResult(
        recipe="demo", seed=0, space="nao_cell", space_size="9", data="sample", winner=winner, trained=arms, gain=0.1,
        gain_standard_error=0.1, pool_size=1, pool_by_round=[1], stage_seconds={"data": 1.0}, drawing="a - b",
        stage_figures={"data": {"loss": 1.0}}, warnings=["few"],
    )  # fmt: skip
    return json_bytes(made)


METADATA = {
    "architecture": PUBLISHED, "space": "{}", "network": "{}",
    "task": json.dumps({"in_channels": 3, "image_size": [8, 8], "num_classes": 2}),
    "normalisation": json.dumps({"mean": [0.1, 0.2, 0.3], "std": [0.1, 0.2, 0.3]}),
}  # fmt: skip


def _description() -> bytes:
    return json_bytes({
        "format": "bnao-network", "version": 1, "architecture": PUBLISHED, "id": "a", "space": {}, "network": {},
        "task": {"in_channels": 1, "image_size": [8, 8], "num_classes": 2, "classes": ["a", "b"]}, "mean": [0.5],
        "std": [0.5], "num_params": 1, "macs": 1, "metric": "accuracy", "metric_value": 0.5, "metric_is_share": True,
        "standard_error": 0.1, "measured_on": "x", "loss": "cross_entropy", "mode": "retrain", "recipe": "demo",
        "seed": 0, "bnao_version": "0", "sha256": "0",
    })  # fmt: skip


def seeds(name: str) -> list[bytes]:
    """Whole inputs of the target ``name``."""
    state = {"weights": torch.arange(6.0), "step": 3, "names": ["a", None, True], "half": torch.ones(2).half()}
    images, labels = np.zeros((12, 4, 4, 3), np.uint8), np.arange(12) % 2
    made: dict[str, Callable[[], Iterable[bytes]]] = {
        "architecture": lambda: [PUBLISHED.encode(), CELL.encode(), b"0 1 2 3"],
        "toml": lambda: [path.read_bytes() for path in sorted(RECIPES.glob("*.toml"))],
        "known_csv": lambda: [b"architecture,score\n0 1,0.5\n", b"id;architecture\na;0 1|2\n", _file(_pool, "k")],
        "table_csv": lambda: [TABLE.encode()],
        "table_gzip": lambda: [gzip.compress(TABLE.encode()), TABLE.encode()],
        "npz": lambda: [_npz(x_train=images, y_train=labels), _npz(images=images[..., 0], labels=labels)],
        "jpeg_npz": lambda: [_jpeg_npz()],
        "tar": lambda: [_tar(["a", "b"], b"x" * 600, mode) for mode in ("w", "w:gz", "w:bz2", "w:xz")],
        "cifar": lambda: [_tar([*(f"data_batch_{k}" for k in range(1, 6)), "test_batch"], _batch())],
        "pickles": lambda: [_batch(), pickle.dumps({b"a": [1, "x", 2.5, (None, True)]}, protocol=0)],
        "picture": _pictures,
        "checkpoint": lambda: [_file(lambda path: save_state(path, state), "a.pt")],
        "weights": lambda: [_file(lambda path: save_weights(path, {"a": torch.arange(4.0)}, METADATA), "w")],
        "description": lambda: [_description()],
        "manifest": lambda: [_manifest(), json_bytes(SearchConfig())],
        "result": lambda: [_result()],
        "training": lambda: [_training()],
        "ranking": lambda: [b'{"plan": {"round": 1}, "rows": []}'],
        "events": lambda: [_file(_log, "e")],
        "pool": lambda: [_file(_pool, "p")],
        "lock": lambda: [b'{"pid": 1, "host": "a", "since": "x"}', b'{"free": true}'],
    }  # fmt: skip
    return list(made[name]())

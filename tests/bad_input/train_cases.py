"""The last training of one network: `bnao train`, and what cannot be asked of such a run."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from bnao.loop.train.config import TrainConfig
from bnao.recipes import load_recipe
from bnao.storage import RunFolder

from .case import Make, case
from .examples import SMALL, images, npz
from .run_cases import a_run

BARE = "train --recipe cifar10-final-small --data npz:small.npz --training.batch-size 8"
TRAIN = f"{BARE} --network.auxiliary no"
STREAM = "train --recipe imagenet-final --data stream:pictures --training.batch-size 8"
TOKENS = "'0 0 1 1 | 0 0 1 1'"


def a_training(folder: Path) -> None:
    """A training in runs/mine that has begun."""
    RunFolder.create(folder / "runs" / "mine", config=TrainConfig(), recipe="cifar10-final", kind="training").close()


def _of_own_model(folder: Path) -> None:
    npz(folder)
    run = RunFolder.create(folder / "runs" / "mine", config=load_recipe("own"), recipe="own")
    with run.commit() as commit:
        commit.set_status("finished")
    run.close()


def _begun(folder: Path) -> None:
    npz(folder)
    a_run(folder)


def _beside_a_training(folder: Path) -> None:
    npz(folder)
    a_training(folder)


def layout(*places: str) -> Make:
    """Makes pictures/PLACE/0.png, an empty folder where a place ends in a slash."""

    def make(folder: Path) -> None:
        for place in places:
            (folder / "pictures" / place).mkdir(parents=True, exist_ok=True)
            if not place.endswith("/"):
                for number, image in enumerate(images(4)):
                    Image.fromarray(image).save(folder / "pictures" / place / f"{number}.png")

    return make


def _one_image_a_class(folder: Path) -> None:
    npz(folder, x_train=images(3), y_train=np.arange(3))


CASES = [
    case("train: unknown recipe", "train --recipe cifar-final", "unknown recipe", "did you mean 'cifar10-final'?"),
    case(
        "train: the recipe of a search",
        "train --recipe cifar10-search",
        "'cifar10-search' is the recipe of a search",
        "bnao search",
    ),
    case(
        "search: the recipe of a training",
        "search --recipe cifar10-final",
        "'cifar10-final' is the recipe of a training",
        "bnao train",
    ),
    case("train: unknown setting", "train --training.epoch 3", "Did you mean --training.epochs?", "bnao train --help"),
    case(
        "train: a setting of a search",
        "train --config mine.toml",
        "unknown setting 'loop'",
        "bnao train --help",
        make=lambda folder: (folder / "mine.toml").write_text("[loop]\npool = 3\n") and None,
    ),
    case(
        "train: an architecture that is no run, word or tokens",
        f"{TRAIN} --arch runs/demmo",
        "finished run's folder",
        "'runs/demmo'",
        "check the path",
        make=npz,
    ),
    case("train: published with a slip", f"{TRAIN} --arch publishd", "did you mean 'published'?", make=npz),
    case("train: tokens of another length", f"{TRAIN} --arch {TOKENS}", "received", make=npz),
    case("train: empty architecture", f"{TRAIN} --arch ''", "architecture is the word published", make=npz),
    case("train: architecture of a folder that is no run", f"{TRAIN} --arch .", "manifest.json", make=npz),
    case(
        "train: architecture of a run that has not finished",
        f"{TRAIN} --arch runs/mine",
        "not finished",
        "bnao resume runs/mine",
        "bnao pool runs/mine",
        make=_begun,
    ),
    case(
        "train: architecture of a model of one's own",
        f"{TRAIN} --arch runs/mine",
        "built-in spaces",
        "a model of your own",
        make=_of_own_model,
    ),
    case(
        "train: published in another space",
        f"{TRAIN} --space.nodes 3",
        "belongs to the space nao_cell",
        "3 nodes",
        "give the tokens",
        make=npz,
    ),
    case("train: CIFAR-10 that is not there", "train --recipe cifar10-final", "cifar10", "download"),
    case("train: no folder of pictures", "train --recipe imagenet-final", "need a path", "stream:PATH"),
    case("train: a folder that does not exist", STREAM, "does not exist", "'pictures'"),
    case(
        "train: a file as folder of pictures",
        STREAM,
        "is a folder",
        "is a file",
        make=lambda folder: (folder / "pictures").write_text("x") and None,
    ),
    case("train: pictures without class folders", STREAM, "root/train/CLASS/", "0 class", make=layout("./")),
    case("train: pictures of one class", STREAM, "two classes or more", "1 class folder", make=layout("train/cat")),
    case(
        "train: a class without pictures",
        STREAM,
        "every class has pictures",
        "dog",
        make=layout("train/cat", "train/dog/"),
    ),
    case(
        "train: a test class that is no training class",
        STREAM,
        "test classes are training classes",
        "'owl'",
        make=layout("train/cat", "train/dog", "val/cat", "val/dog", "val/owl"),
    ),
    case(
        "train: streamed pictures without a size",
        f"{STREAM} --data.resolution none",
        "data.resolution is the side",
        "224 is usual",
        make=layout("train/cat", "train/dog"),
    ),
    case(
        "train: more workers than any machine has",
        f"{STREAM} --data.workers 1000",
        "workers is a whole number of processes from 0 to 256",
        "1000",
        make=layout("train/cat", "train/dog"),
    ),
    case(
        "train: a limit that no width keeps",
        f"{TRAIN} --max-macs 1000",
        "2 channels at least, which have",
        "received 1,000",
        "raise it to",
        make=npz,
    ),
    case("train: a limit that is no number", f"{TRAIN} --max-macs 6e8.5", "max_macs is a whole number", "'6e8.5'"),
    case("train: a limit that is no whole number", f"{TRAIN} --max-macs 1.5e0", "is a whole number", "'1.5e0'"),
    case("train: no limit at all", f"{TRAIN} --max-macs 0", "max_macs is at least 1", "0", "600e6"),
    case(
        "train: a batch larger than the data",
        "train --recipe cifar10-final-small --data npz:small.npz --network.auxiliary no --training.batch-size 100",
        "training.batch_size is at most the number of training images",
        "100",
        make=npz,
    ),
    case(
        "train: resized crops of images in memory",
        f"{TRAIN} --training.augment.resized-crop",
        "resized_crop needs pictures that are streamed",
        "stream:FOLDER",
        make=npz,
    ),
    case(
        "train: colours beyond all bounds",
        f"{TRAIN} --training.augment.color-jitter 1.5",
        "color_jitter lies in [0, 1)",
        "1.5",
    ),
    case(
        "train: an auxiliary head on small images",
        BARE,
        "network",
        "auxiliary",
        make=npz,
    ),
    case("train: never measured", f"{TRAIN} --test-every 0", "test_every is at least 1", "0"),
    case(
        "train: out holds a run",
        f"{TRAIN} --out runs/mine",
        "a training writes to a new or empty folder",
        "holds another run (recipe cifar10-final, running",
        make=_beside_a_training,
    ),
    case("train: out is empty", f"{TRAIN} --out ''", "--out names a new folder", "--out runs/final"),
    case("train: one image of a class", TRAIN, "every class", make=_one_image_a_class),
    case("pick: of a training", "pick runs/mine --max-params 9", "is of a search", "'runs/mine'", make=a_training),
    case("rank: of a training", "rank runs/mine", "is of a search", "training of one network", make=a_training),
    case("pool: of a training", "pool runs/mine", "is of a search", "training of one network", make=a_training),
    case(
        "export: of a training that has not finished",
        "export runs/mine --no-onnx --out network",
        "finished run",
        "bnao resume runs/mine",
        make=a_training,
    ),
    case(
        "search: resized crops of images in memory",
        f"{SMALL} --final.training.augment.resized-crop",
        "resized_crop needs pictures that are streamed",
        make=npz,
    ),
]

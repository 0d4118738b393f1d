"""Make the bundled sample from the JPEG form of all of CIFAR-10.

    python scripts/make_sample.py --data FOLDER

FOLDER has cifar10_jpegq75_train.npz and cifar10_jpegq75_test.npz. The first 1,000 training and 200 test images of each
class are copied, JPEG bytes unchanged, in round robin by class; the same input gives the same file to the byte (with
one version of zlib). Writes src/bnao/data/sample/, or the folder --out.
"""

from __future__ import annotations

import argparse
import io
import zipfile
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

PER_CLASS = {"train": 1000, "test": 200}
OUT = Path(__file__).resolve().parent.parent / "src" / "bnao" / "data" / "sample"


def choose(labels: NDArray[np.integer], index_in_class: NDArray[np.integer], per_class: int) -> NDArray[np.int64]:
    """Indices of the first ``per_class`` images of each class, ordered by place in the class, then by class."""
    chosen = np.flatnonzero(index_in_class < per_class)
    return chosen[np.lexsort((labels[chosen], index_in_class[chosen]))]


def write_npz(path: Path, arrays: dict[str, NDArray[np.generic]]) -> None:
    """A compressed .npz with fixed times and order of members."""
    with zipfile.ZipFile(path, "w") as archive:
        for name, array in arrays.items():
            stream = io.BytesIO()
            np.lib.format.write_array(stream, np.ascontiguousarray(array), version=(1, 0), allow_pickle=False)
            info = zipfile.ZipInfo(f"{name}.npy", date_time=(1980, 1, 1, 0, 0, 0))
            info.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(info, stream.getvalue(), compresslevel=9)


def make(data: Path, out: Path) -> None:
    """Write both files of the sample into ``out``."""
    out.mkdir(parents=True, exist_ok=True)
    for part, per_class in PER_CLASS.items():
        with np.load(data / f"cifar10_jpegq75_{part}.npz", allow_pickle=False) as file:
            jpeg, offsets, labels = file["jpeg"], file["offsets"], file["labels"]
            index_in_class, classes = file["index_in_class"], file["classes"]
        chosen = choose(labels, index_in_class, per_class)
        assert np.all(np.bincount(labels[chosen], minlength=len(classes)) == per_class)
        pieces = [jpeg[offsets[k] : offsets[k + 1]] for k in chosen]
        target = out / f"cifar10_sample_{part}.npz"
        write_npz(
            target,
            {
                "jpeg": np.concatenate(pieces),
                "offsets": np.concatenate([[0], np.cumsum([len(p) for p in pieces])]).astype(np.int64),
                "labels": labels[chosen],
                "index_in_class": index_in_class[chosen],
                "classes": classes,
            },
        )
        print(f"{target.name}: {len(chosen)} images, {target.stat().st_size} bytes")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder with the JPEG form of CIFAR-10")
    parser.add_argument("--out", type=Path, default=OUT, help="folder to write")
    args = parser.parse_args()
    make(args.data, args.out)

"""Write the data that both tools read: the bundled sample at 16x16 pixels, as float tensors in one npz file.

.venv/bin/python benchmarks/peers/export_data.py /tmp/peers.npz [--images 2000]
"""

from __future__ import annotations

import argparse

import numpy as np

from bnao.data import DataConfig, load

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("file")
parser.add_argument("--images", type=int, default=2000, help="training and validation images together")
options = parser.parse_args()

data, held_out = load(DataConfig(resolution=16, max_train_images=options.images), seed=0)
parts = {"train": data.train, "valid": data.valid, "test": held_out.open().images}
arrays = {}
for name, images in parts.items():
    x, y = images.batch(slice(None))
    arrays |= {f"{name}_x": x.numpy(), f"{name}_y": y.numpy()}
    print(name, tuple(x.shape))
np.savez(options.file, **arrays)

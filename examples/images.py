"""A small network of one's own on a torch Dataset with augmentation of its own: python examples/images.py [--quick]

Data: the CIFAR-10 sample that comes with bnao, reduced to 16x16 pixels. Baseline: the same network with an ordinary 3x3
convolution in every place, trained alone for as many epochs on the same images; it has the largest size allowed.
"""

import torch
from plain import Table, flags, num_params, outputs, train
from torch import nn
from torch.nn.functional import cross_entropy
from torch.utils.data import TensorDataset

import bnao
from bnao.data import DataConfig, load


class Flipped(TensorDataset):
    """Images and labels; each image is mirrored by chance whenever it is fetched."""

    def __getitem__(self, row):
        image, label = super().__getitem__(row)
        return (image.flip(2) if torch.rand(()) < 0.5 else image), label


class Residual(nn.Module):
    """``x + body(x)``: a convolution of all channels, or of each for itself with a 1x1 convolution behind it."""

    def __init__(self, width, kernel, depthwise=False):
        super().__init__()
        conv = nn.Conv2d(width, width, kernel, padding=kernel // 2, groups=width if depthwise else 1, bias=False)
        mix = [nn.Conv2d(width, width, 1, bias=False)] if depthwise else []
        self.body = nn.Sequential(conv, *mix, nn.BatchNorm2d(width), nn.ReLU())

    def forward(self, x):
        return x + self.body(x)


class Net(nn.Sequential):
    """Three stages of two open blocks each; ``one_of`` decides what an open block is."""

    def __init__(self, one_of=bnao.OneOf):
        layers = [nn.Conv2d(3, 16, 3, padding=1, bias=False), nn.BatchNorm2d(16), nn.ReLU()]
        for width in (16, 32, 64):
            for _ in range(2):
                layers.append(one_of({
                    "conv3": lambda w=width: Residual(w, 3), "sep3": lambda w=width: Residual(w, 3, depthwise=True),
                    "sep5": lambda w=width: Residual(w, 5, depthwise=True), "skip": nn.Identity,
                }))  # fmt: skip
            layers += [nn.MaxPool2d(2), nn.Conv2d(width, 2 * width, 1), nn.BatchNorm2d(2 * width)]
        super().__init__(*layers, nn.Flatten(), nn.Linear(128 * 2 * 2, 10))


def conv3(options):
    """The choice by hand."""
    return options["conv3"]()


def main():
    options = flags("search a small network for photographs")
    num, epochs = (400, 1) if options.quick else (3000, 8)
    table = Table("accuracy on 2,000 test images", 4)
    for seed in range(options.seeds):
        data, held_out = load(DataConfig(resolution=16, max_train_images=num), seed)
        parts = data.train, data.valid, data.train.joined(data.valid), held_out.open().images
        train_set, valid_set, both, test_set = (part.batch(slice(None)) for part in parts)
        by_hand = train(lambda: Net(conv3), Flipped(*both), cross_entropy, epochs=epochs, batch_size=64, seed=seed)
        result = bnao.search(
            Net, train=Flipped(*train_set), valid=valid_set, test=test_set, max_params=num_params(by_hand),
            epochs=epochs, batch_size=64, seed=seed, out=options.out / f"seed-{seed}", settings=options.settings,
        )  # fmt: skip
        table.add("searched", result.best.accuracy, result.best.num_params)
        right = outputs(by_hand, test_set[0]).argmax(1) == test_set[1]
        table.add("by hand: conv3 everywhere", right.float().mean(), num_params(by_hand))
        print(result.best.text)
    table.show()


if __name__ == "__main__":
    main()

"""A small network of one's own for photographs, on a torch Dataset with augmentation of its own.

python examples/images.py [--seeds 3] [--quick]

Data: the CIFAR-10 sample that comes with bnao, reduced to 16x16 pixels. Baseline: the same network with an ordinary 3x3
convolution in every place, trained alone for as many epochs on the same images; it has the largest size allowed.
"""

import torch
from plain import Table, flags, num_params, outputs, train
from torch import nn
from torch.utils.data import Dataset

import bnao
from bnao.data import DataConfig, load


class Flipped(Dataset):
    """Images and labels; each image is mirrored by chance whenever it is fetched."""

    def __init__(self, images, labels):
        self.images, self.labels = images, labels

    def __len__(self):
        return len(self.labels)

    def __getitem__(self, row):
        image = self.images[row]
        return (image.flip(2) if torch.rand(()) < 0.5 else image), self.labels[row]


class Residual(nn.Module):
    """``x + body(x)``: a convolution over ``kernel`` pixels, all channels at once or each for itself."""

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


def main():
    options = flags("search a small network for photographs")
    num, epochs = (400, 1) if options.quick else (4000, 10)
    table = Table("accuracy on 2,000 test images", 4)
    for seed in range(options.seeds):
        data, held_out = load(DataConfig(resolution=16, max_train_images=num), seed)
        everything, (images, labels) = data.train.joined(data.valid).batch(slice(None)), held_out.open().images.batch(slice(None))
        by_hand = train(lambda: Net(lambda options: options["conv3"]()), Flipped(*everything),
                        nn.functional.cross_entropy, epochs=epochs, batch_size=64, seed=seed)  # fmt: skip
        result = bnao.search(
            Net, train=Flipped(*data.train.batch(slice(None))), valid=data.valid.batch(slice(None)), test=(images, labels),
            max_params=num_params(by_hand), epochs=epochs, batch_size=64, seed=seed, out=options.out / f"seed-{seed}",
            settings=options.settings,
        )  # fmt: skip
        table.add("searched", result.best.accuracy, result.best.num_params)
        table.add("by hand: conv3 everywhere", (outputs(by_hand, images).argmax(1) == labels).float().mean(), num_params(by_hand))
        print(result.best.text)
    table.show()


if __name__ == "__main__":
    main()

"""A 1-D convolutional network of one's own that forecasts a signal: python examples/forecast.py [--seeds 3] [--quick]

Data: matplotlib's membrane.dat, a membrane potential, 12,000 values 0.5 ms apart in units of 100 mV
(https://matplotlib.org/stable/project/history.html). From 64 values the one 4 ms later is forecast. 60 % of the time
is for learning, 20 % for validation, the last 20 % for the test; no window reaches into another part. Baselines:
persistence, and linear autoregression (least squares on the 64 values) fitted to the first 80 %, as the winner is.
"""

from itertools import product

import matplotlib.cbook
import numpy as np
import torch
from plain import Table, flags
from torch import nn

import bnao


def windows(signal):
    """Of one stretch of the signal, all windows (N, 1, 64), and the value 8 steps after each (N, 1)."""
    views = torch.tensor(signal).unfold(0, 64 + 8, 1)
    return views[:, None, :64], views[:, -1:]


class Causal(nn.Conv1d):  # sees no later value
    def forward(self, x):
        return super().forward(nn.functional.pad(x, ((self.kernel_size[0] - 1) * self.dilation[0], 0)))


class Residual(nn.Module):  # open kernel and dilation
    def __init__(self, width):
        super().__init__()
        forms = product((3, 5), (1, 2, 4, 8))
        self.conv = bnao.OneOf({f"k{k}d{d}": lambda k=k, d=d: Causal(width, width, k, dilation=d) for k, d in forms})

    def forward(self, x):
        return x + torch.relu(self.conv(x))


def shared(build):  # of one width for the whole network
    return bnao.OneOf({width: lambda width=width: build(width) for width in (8, 16, 32)}, name="width")


class Net(nn.Module):  # the last value of the window, and what is to be added to it
    def __init__(self):
        super().__init__()
        self.stem, self.head = shared(lambda w: Causal(1, w, 5)), shared(lambda w: nn.Linear(w, 1))
        self.body = bnao.Repeat(lambda: shared(Residual), times=(1, 2, 3, 4))

    def forward(self, x):
        return x[:, :, -1] + self.head(self.body(self.stem(x))[:, :, -1])


def main():
    options = flags("search a 1-D network that forecasts a membrane potential")
    table = Table("error (RMSE) on the last 20 %, mV", 3)
    mv = 100 * np.fromfile(matplotlib.cbook.get_sample_data("membrane.dat", asfileobj=False), np.float32)
    std = float(mv[:7200].std())
    train, valid, test = (windows(part) for part in np.split((mv - mv[:7200].mean()) / std, [7200, 9600]))
    if options.quick:
        train, valid = ([tensor[::20] for tensor in part] for part in (train, valid))
    for seed in range(options.seeds):
        result = bnao.search(
            Net, train=train, valid=valid, test=test, loss="mse", max_params=10_000, epochs=1 if options.quick else 10,
            seed=seed, out=options.out / f"seed-{seed}", settings=options.settings,
        )  # fmt: skip
        table.add("searched", std * result.best.metric**0.5, result.best.num_params)
        print(result.best.text)
    past, future = (torch.cat(both) for both in zip(train, valid, strict=True))
    known, unseen = (np.pad(x[:, 0], ((0, 0), (0, 1)), constant_values=1) for x in (past, test[0]))
    weights = np.linalg.lstsq(known, future.numpy(), rcond=None)[0]
    table.add("linear autoregression", std * np.mean((unseen @ weights - test[1].numpy()) ** 2) ** 0.5, weights.size)
    table.add("persistence", std * (test[0][:, :, -1] - test[1]).square().mean().sqrt(), 0)
    table.show()


if __name__ == "__main__":
    main()

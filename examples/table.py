"""A multilayer perceptron of one's own for a table, with shared widths: python examples/table.py [--seeds 3] [--quick]

Data: scikit-learn's digits, 1,797 rows of 64 grey values of handwritten digits, divided by the seed into 60 % to learn
from, 15 % for validation and 25 % for the test; standardised by the first alone. Baselines: scikit-learn's gradient
boosting and logistic regression with their usual settings, which learn from the first two parts, as the winner does.
"""

import numpy as np
import torch
from plain import Table, flags
from sklearn.datasets import load_digits
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler
from torch import nn

import bnao

WIDTHS = (32, 64, 128, 256)
ACTIVATIONS = {"relu": nn.ReLU, "gelu": nn.GELU, "tanh": nn.Tanh}


def linear(c_in, c_out):
    """A layer whose width is the shared choice ``width`` where ``c_in`` or ``c_out`` is None."""
    return bnao.OneOf({w: lambda w=w: nn.Linear(c_in or w, c_out or w) for w in WIDTHS}, name="width")


def normalised():
    """Batch norm of the shared width, or nothing."""
    return bnao.OneOf({w: lambda w=w: nn.BatchNorm1d(w) for w in WIDTHS}, name="width")


class Hidden(nn.Module):
    """``x + activation(norm(linear(x)))``, each activation a choice of its own."""

    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(linear(None, None), normalised(), bnao.OneOf(ACTIVATIONS))

    def forward(self, x):
        return x + self.body(x)


class Net(nn.Sequential):
    """64 grey values to 10 classes."""

    def __init__(self):
        deep = bnao.Repeat(Hidden, times=(0, 1, 2, 3))
        super().__init__(linear(64, None), bnao.OneOf(ACTIVATIONS), deep, nn.Dropout(0.2), linear(None, 10))


def main():
    options = flags("search a multilayer perceptron for a table")
    epochs, rounds = (2, 10) if options.quick else (40, 100)
    table = Table("accuracy on the test rows", 4)
    for seed in range(options.seeds):
        rest, test = train_test_split(np.arange(1797), test_size=0.25, random_state=seed)
        learn, valid = train_test_split(rest, test_size=0.2, random_state=seed)
        x, y = load_digits(return_X_y=True)
        x = StandardScaler().fit(x[learn]).transform(x)
        x, y = torch.tensor(x).float(), torch.tensor(y)
        result = bnao.search(
            Net, train=(x[learn], y[learn]), valid=(x[valid], y[valid]), test=(x[test], y[test]), max_params=50_000,
            epochs=epochs, seed=seed, out=options.out / f"seed-{seed}", settings=options.settings,
        )  # fmt: skip
        table.add("searched", result.best.accuracy, result.best.num_params)
        boosting = HistGradientBoostingClassifier(max_iter=rounds, random_state=seed).fit(x[rest], y[rest])
        table.add("gradient boosting", boosting.score(x[test], y[test]))
        logistic = LogisticRegression(max_iter=1000).fit(x[rest], y[rest])
        table.add("logistic regression", logistic.score(x[test], y[test]), logistic.coef_.size + 10)
        print(result.best.text)
    table.show()


if __name__ == "__main__":
    main()

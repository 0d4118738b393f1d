"""Names that are not there: the nearest one is told."""

from __future__ import annotations

from .case import case
from .examples import SMALL, npz

CASES = [
    case("unknown recipe", "search --recipe dmeo", "unknown recipe 'dmeo'", "did you mean 'demo'?", "cifar10-search"),
    case("a path as recipe", "search --recipe ../demo.toml", "a recipe has a name", "'../demo.toml'", "--config"),
    case(
        "unknown operation",
        "search --space.operations sep_conv_3x3,sep_conv_4x4",
        "unknown operation 'sep_conv_4x4'",
        "did you mean 'sep_conv",
        "Known: ",
    ),
    case("unknown operation set", "search --space.operations smal", "'smal'", "did you mean 'small'?", "Known: "),
    case("operation named twice", "search --space.operations identity,identity", "distinct", "identity", "once"),
    case("no operation", "search --space.operations ,", "operations", "','", "name at least one"),
    case(
        "unknown policy",
        f"{SMALL} --sampling.policy unifrom",
        "unknown sampling policy 'unifrom'",
        "did you mean 'uniform'?",
        "Known: adaptive, calr, fair, macs_proportional, sandwich, size_proportional, uniform",
        make=npz,
    ),
    case(
        "unknown proposer",
        f"{SMALL} --controller.proposer evolutoin",
        "unknown proposer 'evolutoin'",
        "did you mean 'evolution'?",
        "Known: evolution, nao, random",
        make=npz,
    ),
    case("unknown space", "search --space.name nao_cel", "unknown space 'nao_cel'", "did you mean 'nao_cell'?"),
    case(
        "unknown kind of data",
        "search --data foldr:pictures",
        "unknown kind of data source 'foldr'",
        "did you mean 'folder'?",
        "Known: cifar10, ",
    ),
    case("data name with a slip", "search --data cifar1", "'cifar1'", "did you mean 'cifar10'?", "sample"),
    case("unknown space of an architecture", "size published --space nao_cel", "did you mean 'nao_cell'?"),
    case(
        "unknown setting",
        "search --supernet.training.epoch 3",
        "--supernet.training.epoch",
        "Did you mean --supernet.training.epochs?",
        "bnao search --help",
    ),
    case("unknown section", "search --suprnet.training.epochs 3", "Did you mean --supernet.training.epochs?"),
]

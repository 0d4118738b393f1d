"""Values of the wrong type, out of range, or in contradiction to each other."""

from __future__ import annotations

from .case import case
from .examples import SMALL, npz

CASES = [
    case("text for a whole number", "search --loop.pool many", "loop.pool is a whole number", "'many'", "example 3"),
    case("fraction for a whole number", "search --loop.pool 2.5", "loop.pool is a whole number", "'2.5'", "example 3"),
    case("text for a number", "search --rerank.training.epochs x", "rerank.training.epochs is a number", "0.5"),
    case("a number that is none", "search --sampling.exponent nan", "sampling.exponent is a number", "nan", "finite"),
    case("an infinite number", "search --supernet.training.epochs inf", "is a number", "received inf", "finite"),
    case("word that is not offered", "search --scoring.score los", "one of loss, accuracy", "'los'", "choose one"),
    case("text for on or off", "search --data.cache maybe", "--data.cache is true or false", "'maybe'", "write"),
    case("number out of range", "search --sampling.floor 2", "sampling.floor lies in [0, 1]", "2.0", "0.01"),
    case("negative number", "search --supernet.training.epochs -1", "supernet.training.epochs is positive", "-1"),
    case("none where it is not allowed", "search --loop.pool none", "loop.pool is a whole number", "'none'"),
    case("number of a thousand digits", "search --seed 1" + "0" * 5000, "seed is a whole number", "1000"),
    case("seed too large", "search --seed 1" + "0" * 30, "seed is a whole number", "2**63"),
    case("fewer than two architectures", "search --loop.pool 1", "pool is from 2 to", "1", "1000"),
    case("odd width", "search --final.network.channels 15", "final.network.channels must be even", "15", "use 16"),
    case(
        "huge width",
        "search --final.network.channels 1000000000",
        "final.network.channels",
        "1000000000",
        "at most",
    ),
    case(
        "huge depth",
        "search --rerank.network.cells-per-stage 1000000",
        "cells_per_stage",
        "1000000",
        "from 1 to 1000",
    ),
    case(
        "huge cell",
        "search --space.nodes 100000",
        "space.nodes",
        "100000",
        "from 1 to 50",
    ),
    case(
        "huge pool",
        "search --loop.pool 10000000000",
        "loop.pool",
        "10000000000",
        "from 2 to 10,000,000",
    ),
    case(
        "cell output that a supernet cannot have",
        "search --supernet.network.output concat",
        "so its cells' output is project",
        "'concat'",
        "set supernet.network.output to project",
    ),
    case(
        "supernet with an auxiliary head",
        "search --supernet.network.auxiliary",
        "a supernet has no auxiliary head",
        "set it in rerank or final",
    ),
    case(
        "more re-ranked than there are",
        f"{SMALL} --rerank.top 100 --loop.pool 50",
        "rerank.top is at most the pool's size, 50",
        "100",
        "lower rerank.top or raise loop.pool",
        make=npz,
    ),
    case(
        "early stop without what it reads",
        "search --controller.held-out-fraction 0",
        "an early stop needs a held-out part",
        "set held_out_fraction = 0.1, or early_stop = false",
    ),
    case(
        "setting that the policy does not read",
        f"{SMALL} --sampling.policy uniform --sampling.exponent 2",
        "the policy 'uniform' does not read exponent",
        "exponent = 2.0",
        "leave it out, or choose another policy",
        make=npz,
    ),
    case(
        "learning rate that would rise",
        "search --rerank.training.learning-rate 0.01 --rerank.training.final-learning-rate 0.02",
        "final_learning_rate is at most learning_rate, 0.01",
        "0.02",
        "lower final_learning_rate or raise learning_rate",
    ),
    case(
        "averaged weights that are moved off the path",
        "search --supernet.training.average-decay 0.9 --supernet.training.inactive moving",
        "average_decay above 0 needs inactive = frozen",
        "'moving'",
        "set inactive to frozen or average_decay to 0",
    ),
    case(
        "auxiliary head on images too small for it",
        f"{SMALL} --final.network.auxiliary",
        "the auxiliary head",
        "from images of 16x16",
        make=npz,
    ),
    case("cuda where there is none", f"{SMALL} --device cuda", "cuda", "cpu", make=npz),
]

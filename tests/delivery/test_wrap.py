from bnao.delivery.source.layer_kind import LayerKind
from bnao.delivery.source.wrap import LONGEST, wrap
from bnao.delivery.source.writer import in_terms_of, plain


def test_short_lines_stay() -> None:
    text = "x = f(1)\n\n# " + "a comment " * 20 + '\n"""' + "a docstring " * 20 + '"""\nx = ' + "1 + " * 40 + "1"
    assert wrap(text) == text


def test_one_argument_a_line_where_all_do_not_fit() -> None:
    inner = ", ".join(["c_in", "f(a, [b, c], {d: e})", "option=(1, 2)"] * 4)
    lines = wrap(f"    self.x = make({inner})").splitlines()
    assert lines[0] == "    self.x = make(" and lines[-1] == "    )" and len(lines) == 14
    assert lines[2] == "        f(a, [b, c], {d: e}),"
    nested = wrap(f"x = [make({inner})]").splitlines()
    assert (
        max(map(len, nested)) <= LONGEST and nested[:2] == ["x = [", "    make("] and nested[-2:] == ["    ),", "]"][:2]
    )


def test_widths() -> None:
    assert in_terms_of("f(«8», «4», «16», «3»)", 8, "c") == "f(c, c // 2, 2 * c, 3)"
    assert plain("f(«8», 4)") == "f(8, 4)"


def test_arguments_are_what_differs() -> None:
    head = "class A:\n    def __init__(self$signature):\n"
    template = head + "        f($c_in, $c_out // 2, stride=$stride, padding=$kernel // 2)"
    kind = LayerKind(name="A", widths=("c_in", "c_out"), options=("kernel", "stride"), template=template)
    uses = [
        {"c_in": "4", "c_out": "4", "kernel": 3, "stride": 1},
        {"c_in": "8", "c_out": "8", "kernel": 3, "stride": 2},
    ]
    signature = kind.signature(uses)
    assert kind.call(signature, uses[0]) == "A(4)" and kind.call(signature, uses[1]) == "A(8, stride=2)"
    source = kind.source(signature)
    assert "self, channels, stride=1)" in source and "f(channels, channels // 2, stride=stride, padding=1)" in source
    alone = kind.signature(uses[:1])
    assert kind.call(alone, uses[0]) == "A()" and "f(4, 2, padding=1)" in kind.source(alone)

"""A class of the written file, such as ``SeparableConv``: arguments that never differ are put into its source."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from string import Template
from typing import TypeAlias

Value: TypeAlias = int | str
"""A number, or text such as a marked width."""
Use: TypeAlias = Mapping[str, Value]
Signature: TypeAlias = Mapping[str, str]
"""What stands for each parameter in the class: the name of an argument, or a constant."""

_PRODUCT = re.compile(r"\b(\d+) (//|\*|-) (\d+)\b")


@dataclass(frozen=True, kw_only=True)
class LayerKind:
    """A class by its source.

    ``template`` has ``$name`` for parameters and ``$signature`` for the arguments of ``__init__`` after ``self``.
    ``widths`` come first in a call, by place; where both of ``c_in`` and ``c_out`` are always equal, they become
    ``channels``. ``options`` follow by name, a stride or number of groups of 1 is left out.
    ``needs`` are classes that the template calls; they are ``fixed``: all their parameters are arguments.
    """

    name: str
    template: str
    widths: tuple[str, ...] = ()
    options: tuple[str, ...] = ()
    needs: tuple[LayerKind, ...] = ()
    fixed: bool = False

    @property
    def parameters(self) -> tuple[str, ...]:
        """Names of all parameters."""
        return self.widths + self.options

    def signature(self, uses: Sequence[Use]) -> Signature:
        """Arguments for what differs between the uses, constants for the rest."""
        if self.fixed:
            return {name: name for name in self.parameters}
        found: dict[str, str] = {}
        square = {"c_in", "c_out"} <= set(self.widths) and all(use["c_in"] == use["c_out"] for use in uses)
        for name in self.parameters:
            values = {use[name] for use in uses}
            argument = "channels" if square and name in ("c_in", "c_out") else name
            found[name] = argument if len(values) > 1 else str(values.pop())
        return found

    def source(self, signature: Signature) -> str:
        """The class."""
        arguments = dict.fromkeys(text for name, text in signature.items() if _is_argument(name, text))
        listed = [f"{name}=1" if name in ("stride", "groups") else name for name in arguments]
        body = _tidy(Template(self.template).safe_substitute(signature).strip("\n"))
        return body.replace("$signature", "".join(f", {name}" for name in listed))

    def call(self, signature: Signature, use: Use) -> str:
        """An expression that makes the layer."""
        given: dict[str, str] = {}
        for name in self.parameters:
            if _is_argument(name, signature[name]):
                given[signature[name]] = str(use[name])
        words = [
            value if name in ("channels", *self.widths) else f"{name}={value}"
            for name, value in given.items()
            if not (name in ("stride", "groups") and value == "1")
        ]
        return f"{self.name}({', '.join(words)})"


def _is_argument(name: str, text: str) -> bool:
    return text == name or (text == "channels" and name in ("c_in", "c_out"))


def _tidy(text: str) -> str:
    """Products of constants worked out, and what is torch's default left out."""

    def worked_out(match: re.Match[str]) -> str:
        a, b = int(match[1]), int(match[3])
        return str({"//": a // b, "*": a * b, "-": a - b}[match[2]])

    return re.sub(r", (stride=1|padding=0|groups=1)(?=[,)])", "", _PRODUCT.sub(worked_out, text))

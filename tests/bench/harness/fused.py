"""Norms with their neighbours: the patterns of tests/graphs as large kernels."""

import math
import re
from dataclasses import dataclass
from pathlib import Path

PATTERNS = Path(__file__).resolve().parents[2] / "graphs" / "patterns"
# The length of a row (of images the channels), in which `1000` stands.
FUSED = {
    "rms_norm_gate_quantize": 4096,
    "layer_norm_gelu_erf": 4096,
    "layer_norm_gelu_tanh": 4096,
    "post_norm": 4096,
    "sandwich": 4096,
    "ada_ln_zero": 4096,
    "group_norm_silu": 512,
    "batch_norm_relu": 256,
    "qk_norm": 128,
    "two_norms": 4096,
    "dropout_residual": 4096,
}
# Other extents, in the order in which they are replaced.
EXTENTS = {
    "qk_norm": {"1920, 80, 1": "12288, 128, 1", "8x80x": "32x128x", "<80x": "<128x", "h = 8, d = 80": "h = 32, d = 128"},
    "ada_ln_zero": {"9x": "128x", "s = 9": "s = 128"},
    "batch_norm_relu": {"49": "3136"},
    "group_norm_silu": {"49": "2304"},
}
DECLARED = re.compile(r'tensor<([^>]*)> \{norm\.name = "(\w+)"(?:, norm\.strides = array<i64: ([\d, ]+)>)?')


@dataclass(frozen=True)
class Argument:
    """As its kernel declares it, with the first extent in place of `?`;
    `strides` in elements, or None where rows follow each other."""

    name: str
    dtype: str
    shape: tuple
    strides: tuple | None
    is_result: bool

    @property
    def element_bytes(self):
        return int(re.search(r"\d+", self.dtype)[0]) // 8

    @property
    def elements(self):
        return math.prod(self.shape)

    @property
    def bytes(self):
        return self.element_bytes * self.elements

    @property
    def memory(self):
        """The bytes that it lies in."""
        return self.shape[0] * self.strides[0] * self.element_bytes if self.strides else self.bytes


def text(op, dtype):
    found = (PATTERNS / f"{op}.mlir").read_text()
    for old, new in {**EXTENTS.get(op, {}), "1000": str(FUSED[op]), "bf16": dtype}.items():
        found = found.replace(old, new)
    return found


def arguments(op, dtype, first):
    """Operands and results, with `first` rows or samples."""
    declaration = text(op, dtype)
    results = declaration.index("->")
    for found in DECLARED.finditer(declaration):
        kind, name, strides = found.groups()
        *extents, element = kind.split("x")
        shape = tuple(first if extent == "?" else int(extent) for extent in extents)
        strides = tuple(map(int, strides.split(","))) if strides else None
        yield Argument(name, element, shape, strides, found.start() > results)


def bytes_of(op, dtype, first):
    """Every operand read once and every result written once."""
    return sum(argument.bytes for argument in arguments(op, dtype, first))


def first_extent(op, dtype, total):
    """How many rows or samples it takes to move about `total` bytes."""
    once, twice = bytes_of(op, dtype, 1), bytes_of(op, dtype, 2)
    return max(1, total // (twice - once))

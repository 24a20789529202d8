"""Norms at work: their .mlir text, random data, and what should come out.

The reference is written here from the formulas of the contract, in NumPy's long
double, and shares nothing with normc but .npy files. The bound is the
contract's: |y - exact| <= ulp(y) / 2 + 16 u T, with u the unit roundoff of the
compute type and T the sum of magnitudes before the last addition.
"""

import os
import subprocess
import sys

import numpy as np

Real = np.longdouble
RNG = np.random.default_rng(7)
SOFTMAX = os.path.join(os.path.dirname(__file__), "..", "..", "examples", "custom", "softmax.mlir")


# --- element types -----------------------------------------------------------

DTYPES = {"f32": np.float32, "f64": np.float64, "f16": np.float16, "bf16": None}
STORED = DTYPES | {"i64": np.int64}  # In files; norms are not of integers.


def to_bf16(values):
    """Bits of float32 values rounded to nearest, ties to even."""
    values = np.asarray(values, np.float32)
    bits = np.atleast_1d(values).view(np.uint32)
    bits = (bits + np.uint32(0x7FFF) + (bits >> np.uint32(16) & np.uint32(1)))
    return (bits >> np.uint32(16)).astype(np.uint16).reshape(values.shape)


def from_bf16(bits):
    wide = np.atleast_1d(bits).astype(np.uint32) << np.uint32(16)
    return wide.view(np.float32).reshape(bits.shape)


def from_f8e4m3fn(bits):
    """Sign, 4 bits of exponent, 3 of significand; NaN where those are all ones."""
    exponent, fraction = (bits >> 3) & 15, (bits & 7).astype(np.float32)
    values = np.where(exponent == 0, fraction, 8 + fraction)
    values = np.ldexp(values, np.maximum(exponent, 1).astype(np.int32) - 10)
    values = np.where(bits & 127 == 127, np.nan, values)
    return np.where(bits & 128, -values, values)


def store(path, values, dtype, fortran):
    """Writes a .npy file; returns the values that it holds."""
    order = "F" if fortran else "C"
    if dtype == "bf16":
        bits = to_bf16(values)
        np.save(path, np.asarray(bits, order=order).view("V2"))
        return from_bf16(bits).astype(Real)
    array = np.asarray(values, STORED[dtype], order=order)
    np.save(path, array)
    return array.astype(Real)


def load(path, dtype):
    array = np.load(path)
    if dtype == "bf16":
        return from_bf16(np.ascontiguousarray(array).view(np.uint16)).astype(Real)
    if dtype == "f8E4M3FN":
        return from_f8e4m3fn(np.ascontiguousarray(array).view(np.uint8)).astype(Real)
    assert array.dtype == STORED[dtype], (path, array.dtype)
    return array.astype(Real)


def half_ulp(values, dtype):
    digits, least = {"f32": (24, -149), "f64": (53, -1074), "f16": (11, -24),
                     "bf16": (8, -133), "f8E4M3FN": (4, -9)}[dtype]
    with np.errstate(divide="ignore"):
        exponent = np.floor(np.log2(np.abs(values)))
    exponent = np.maximum(exponent, least + digits - 1)
    return np.exp2((exponent - digits).astype(Real))


# --- what the norms mean -----------------------------------------------------


def moments(x, axes):
    mean = x.mean(axis=axes, keepdims=True)
    return mean, ((x - mean) ** 2).mean(axis=axes, keepdims=True)


def along(parameter, axes, rank):
    """`parameter`, which lives on `axes` in rising order, with rank axes."""
    shape = [1] * rank
    for extent, axis in zip(parameter.shape, axes):
        shape[axis] = extent
    return parameter.reshape(shape)


def affine(x_hat, scale, shift):
    return x_hat * scale + shift, np.abs(x_hat * scale) + np.abs(shift)


class Case:
    """One preset at work: shapes, options and the reference."""

    def __init__(self, preset, layout):
        self.preset, self.layout = preset, layout
        self.channels = -1 if layout == "channels_last" else 1

    def shape(self):
        if self.preset == "softmax":
            return (15, 131)
        if self.preset.startswith(("batch", "instance", "group", "ada_instance")):
            return (3, 5, 7, 12) if self.layout == "channels_last" else (3, 12, 5, 7)
        return (3, 5, 131) if self.preset != "weight_norm" else (7, 5, 131)

    def options(self):
        special = {"group_norm": ["--groups", "4"], "lp_norm": ["--p", "2.5"]}
        return special.get(self.preset, [])

    def operands(self):
        """Names, axes of x, and whether the value is a statistic."""
        rank = len(self.shape())
        last, channel = [rank - 1], [self.channels % rank]
        scale_shift = lambda axes: [("scale", axes), ("shift", axes)]
        return {
            "layer_norm": scale_shift(last),
            "rms_norm": [("scale", last)],
            "scale_norm": [("scale", [])],
            "l2_norm": [],
            "lp_norm": [],
            "weight_norm": [("scale", [0])],
            "dynamic_tanh": [("alpha", [])] + scale_shift(last),
            "ada_layer_norm": scale_shift([0] + last),
            "ada_layer_norm_zero": [("residual", [0, 1, 2]), ("residual_gate", [0] + last)]
            + scale_shift([0] + last),
            "ada_instance_norm": scale_shift([0] + channel),
            "batch_norm_inference": [("mean", channel), ("variance", channel)]
            + scale_shift(channel),
            "batch_norm_training": scale_shift(channel),
            "instance_norm": scale_shift(channel),
            "group_norm": scale_shift(channel),
            "softmax": [],
        }[self.preset]

    def reference(self, x, given):
        """y, its sum of magnitudes, and further results by name."""
        rank = x.ndim
        axes = dict(self.operands())
        value = {name: along(v, axes[name], rank) for name, v in given.items()}
        scale, shift = value.get("scale", Real(1)), value.get("shift", Real(0))
        channel = self.channels % rank
        spatial = tuple(a for a in range(1, rank) if a != channel)
        further = {}
        if self.preset == "softmax":
            below = x - x.max(axis=-1, keepdims=True)
            y = np.exp(below) / np.exp(below).sum(axis=-1, keepdims=True)
            return y, y * (1 + np.abs(below)), further  # Of an error in `below`.
        if self.preset == "ada_layer_norm_zero":
            gated = value["residual_gate"] * x
            self.terms = np.abs(value["residual"]) + np.abs(gated)
            x = value["residual"] + gated
            further = {"residual_out": x}
        if self.preset in ("layer_norm", "ada_layer_norm", "ada_layer_norm_zero"):
            mean, variance = moments(x, (rank - 1,))
            eps = Real(1e-5) if self.preset == "layer_norm" else Real(1e-6)
            x_hat = (x - mean) / np.sqrt(variance + eps)
            if self.preset != "layer_norm":
                scale = scale + 1
        elif self.preset == "rms_norm":
            x_hat = x / np.sqrt((x * x).mean(axis=-1, keepdims=True) + Real(1e-6))
        elif self.preset in ("scale_norm", "l2_norm", "lp_norm"):
            p = Real(2.5 if self.preset == "lp_norm" else 2)
            norm = (np.abs(x) ** p).sum(axis=-1, keepdims=True) ** (1 / p)
            x_hat = x / np.maximum(norm, Real(1e-5 if self.preset == "scale_norm" else 1e-12))
        elif self.preset == "weight_norm":
            x_hat = x / np.sqrt((x * x).sum(axis=(1, 2), keepdims=True))
        elif self.preset == "dynamic_tanh":
            x_hat = np.tanh(value["alpha"] * x)
        elif self.preset == "batch_norm_inference":
            a = scale / np.sqrt(value["variance"] + Real(1e-5))
            y = (x - value["mean"]) * a + shift
            return y, np.abs(a * x) + np.abs(a * value["mean"]) + np.abs(shift), further
        elif self.preset == "group_norm":
            x_hat = self.by_group(x, channel)
        else:
            batch = self.preset == "batch_norm_training"
            mean, variance = moments(x, ((0,) if batch else ()) + spatial)
            x_hat = (x - mean) / np.sqrt(variance + Real(1e-5))
            if batch:
                further = {"mean": mean.ravel(), "variance": variance.ravel()}
        y, magnitude = affine(x_hat, scale, shift)
        if self.preset == "ada_layer_norm_zero":  # The sum rounds, too.
            magnitude = magnitude + np.abs(scale) * self.terms / np.sqrt(variance + eps)
        return y, magnitude, further

    def by_group(self, x, channel, groups=4):
        first = np.moveaxis(x, channel, 1)
        rows = first.reshape(x.shape[0] * groups, -1)
        mean, variance = moments(rows, (1,))
        rows = (rows - mean) / np.sqrt(variance + Real(1e-5))
        return np.moveaxis(rows.reshape(first.shape), 1, channel)


# --- one problem ---------------------------------------------------------------


class Problem:
    """A case with an element type, as text, and its data in .npy files."""

    def __init__(self, normc, folder, case, dtype, parameter, strides, dynamic):
        self.folder, self.case, self.dtype = folder, case, dtype
        self.text = self.write(normc, parameter, strides, dynamic)
        self.compute = "f64" if dtype == "f64" else "f32"
        fortran = strides == "any"
        self.x = store(self.path("x"), RNG.normal(0.25, 1, case.shape()), dtype, fortran)
        self.inputs = ["x"]
        given = {}
        for name, axes in case.operands():
            values = RNG.normal(0.5, 1, [case.shape()[axis] for axis in axes])
            if name == "variance":
                values = values**2 + 0.1
            kind = {"mean": self.compute, "variance": self.compute,
                    "residual": dtype}.get(name, parameter)
            given[name] = store(self.path(name), values, kind, fortran)
            self.inputs.append(name)
        self.y, self.magnitude, self.further = case.reference(self.x, given)
        self.outputs = ["y", *self.further]

    def path(self, name):
        """The .npy file of an input, or of an output that is to be written."""
        prefix = "out_" if name in getattr(self, "outputs", []) else ""
        return os.path.join(self.folder, prefix + name + ".npy")

    def output(self, name):
        """The element type and the shape of an output."""
        if name == "y":
            return self.dtype, self.y.shape
        kind = self.dtype if name == "residual_out" else self.compute
        return kind, self.further[name].shape

    def write(self, normc, parameter, strides, dynamic):
        if self.case.preset == "softmax":
            with open(SOFTMAX, "rb") as file:
                return file.read()
        where = "x".join("?" if dynamic else str(extent) for extent in self.case.shape())
        spec = [normc, "preset", self.case.preset, "--shape", where, "--dtype", self.dtype,
                "--param-dtype", parameter, "--strides", strides] + self.case.options()
        if self.case.layout == "channels_last":
            spec += ["--layout", "channels_last"]
        return subprocess.run(spec, check=True, capture_output=True).stdout

    def error(self):
        """The largest error of the outputs' files, as a share of the bound."""
        unit = Real(2.0 ** (-53 if self.dtype == "f64" else -24))
        got = load(self.path("y"), self.dtype)
        errors = np.abs(got - self.y) / (
            half_ulp(self.y, self.dtype) + 16 * unit * self.magnitude)
        for name, exact in self.further.items():
            kind, _ = self.output(name)
            got = load(self.path(name), kind)
            spread = {"mean": self.x.max() - self.x.min(),
                      "residual_out": getattr(self.case, "terms", None)}.get(name, exact)
            errors = np.append(errors, np.abs(got - exact) / (
                8 * unit * np.abs(spread) + half_ulp(exact, kind)))
        return float(errors.max())


class Tally:
    """Counts problems, and says which ones fail."""

    def __init__(self):
        self.cases = self.failures = 0

    def check(self, what, run):
        """`run` returns an error as a share of the bound."""
        try:
            share = run()
        except subprocess.CalledProcessError as error:
            share = float("nan")
            print((error.stderr or b"").decode(), file=sys.stderr)
        self.cases += 1
        if not share <= 1:
            self.failures += 1
            print(f"{what}: the error is {share:.3g} times the bound")

    def end(self, what):
        print(f"{what}: {self.cases - self.failures} of {self.cases} agree with the reference")
        return self.failures != 0

#!/usr/bin/env python3
"""Runs `normc preset P ... | normc run -` and compares with NumPy.

usage: presets.py NORMC PRESET

For one preset, every element type and layout, with static extents on this
machine and with dynamic ones as x86-64-v2 and -v3. The reference is written here from the formulas of the contract, in
NumPy's long double, and shares nothing with normc but .npy files. The bound is
the contract's: |y - exact| <= ulp(y) / 2 + 16 u T, with u the unit roundoff of
the compute type and T the sum of magnitudes before the last addition.
"""

import itertools
import os
import subprocess
import sys
import tempfile

import numpy as np

Real = np.longdouble
RNG = np.random.default_rng(7)


# --- element types -----------------------------------------------------------

DTYPES = {"f32": np.float32, "f64": np.float64, "f16": np.float16, "bf16": None}


def to_bf16(values):
    """Bits of float32 values rounded to nearest, ties to even."""
    values = np.asarray(values, np.float32)
    bits = np.atleast_1d(values).view(np.uint32)
    bits = (bits + np.uint32(0x7FFF) + (bits >> np.uint32(16) & np.uint32(1)))
    return (bits >> np.uint32(16)).astype(np.uint16).reshape(values.shape)


def from_bf16(bits):
    wide = np.atleast_1d(bits).astype(np.uint32) << np.uint32(16)
    return wide.view(np.float32).reshape(bits.shape)


def store(path, values, dtype, fortran):
    """Writes a .npy file; returns the values that it holds."""
    order = "F" if fortran else "C"
    if dtype == "bf16":
        bits = to_bf16(values)
        np.save(path, np.asarray(bits, order=order).view("V2"))
        return from_bf16(bits).astype(Real)
    array = np.asarray(values, DTYPES[dtype], order=order)
    np.save(path, array)
    return array.astype(Real)


def load(path, dtype):
    array = np.load(path)
    if dtype == "bf16":
        return from_bf16(np.ascontiguousarray(array).view(np.uint16)).astype(Real)
    assert array.dtype == DTYPES[dtype], (path, array.dtype)
    return array.astype(Real)


def half_ulp(values, dtype):
    digits, least = {"f32": (24, -149), "f64": (53, -1074), "f16": (11, -24),
                     "bf16": (8, -133)}[dtype]
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
            "ada_instance_norm": scale_shift([0] + channel),
            "batch_norm_inference": [("mean", channel), ("variance", channel)]
            + scale_shift(channel),
            "batch_norm_training": scale_shift(channel),
            "instance_norm": scale_shift(channel),
            "group_norm": scale_shift(channel),
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
        if self.preset in ("layer_norm", "ada_layer_norm"):
            mean, variance = moments(x, (rank - 1,))
            eps = Real(1e-5) if self.preset == "layer_norm" else Real(1e-6)
            x_hat = (x - mean) / np.sqrt(variance + eps)
            if self.preset == "ada_layer_norm":
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
        return y, magnitude, further

    def by_group(self, x, channel, groups=4):
        first = np.moveaxis(x, channel, 1)
        rows = first.reshape(x.shape[0] * groups, -1)
        mean, variance = moments(rows, (1,))
        rows = (rows - mean) / np.sqrt(variance + Real(1e-5))
        return np.moveaxis(rows.reshape(first.shape), 1, channel)


# --- one run -----------------------------------------------------------------


def run(normc, case, dtype, parameter, strides, dynamic, target):
    shape = case.shape()
    where = "x".join("?" if dynamic else str(extent) for extent in shape)
    spec = [normc, "preset", case.preset, "--shape", where, "--dtype", dtype,
            "--param-dtype", parameter, "--strides", strides] + case.options()
    if case.layout == "channels_last":
        spec += ["--layout", "channels_last"]
    text = subprocess.run(spec, check=True, capture_output=True).stdout
    compute = "f64" if dtype == "f64" else "f32"
    with tempfile.TemporaryDirectory() as folder:
        path = lambda name: os.path.join(folder, name + ".npy")
        command = [normc, "run", "-", "--target", target]
        fortran = strides == "any"
        x = store(path("x"), RNG.normal(0.25, 1, shape), dtype, fortran)
        command += ["--in", "x=" + path("x")]
        given = {}
        for name, axes in case.operands():
            values = RNG.normal(0.5, 1, [shape[axis] for axis in axes])
            if name == "variance":
                values = values**2 + 0.1
            kind = compute if name in ("mean", "variance") else parameter
            given[name] = store(path(name), values, kind, fortran)
            command += ["--in", f"{name}={path(name)}"]
        y, magnitude, further = case.reference(x, given)
        for name in ["y", *further]:
            command += ["--out", f"{name}={path('out_' + name)}"]
        subprocess.run(command, check=True, input=text)
        unit = Real(2.0 ** (-53 if dtype == "f64" else -24))
        got = load(path("out_y"), dtype)
        errors = np.abs(got - y) / (half_ulp(y, dtype) + 16 * unit * magnitude)
        for name, exact in further.items():
            got = load(path("out_" + name), compute)
            spread = x.max() - x.min() if name == "mean" else exact
            errors = np.append(errors, np.abs(got - exact) / (
                8 * unit * spread + half_ulp(exact, compute)))
    return float(errors.max())


def main():
    normc, preset = sys.argv[1:]
    layouts = ["plain"]
    if Case(preset, "plain").shape() == (3, 12, 5, 7):
        layouts.append("channels_last")
    failures = cases = 0
    for layout, dtype, strides, dynamic in itertools.product(
            layouts, DTYPES, ["contiguous", "any"], [False, True]):
        parameter = "f32" if dynamic and dtype != "f64" else dtype
        # Each target sees every type, the ones without FMA and AVX too.
        target = ("x86-64-v2" if strides == "any" else "x86-64-v3") if dynamic else "native"
        what = f"{preset} {dtype} {layout} strides {strides} {target} " + (
            "dynamic" if dynamic else "static")
        try:
            share = run(normc, Case(preset, layout), dtype, parameter, strides, dynamic, target)
        except subprocess.CalledProcessError as error:
            share = float("nan")
            print((error.stderr or b"").decode(), file=sys.stderr)
        cases += 1
        if not share <= 1:
            failures += 1
            print(f"{what}: the error is {share:.3g} times the bound")
    print(f"{preset}: {cases - failures} of {cases} agree with the reference")
    return failures != 0


if __name__ == "__main__":
    sys.exit(main())

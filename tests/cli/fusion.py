#!/usr/bin/env python3
"""Blocks of networks that are one kernel, beside a reference in NumPy.

    fusion.py NORMC BLOCKS.test

runs the blocks of tests/lit/pipeline/fusion.test (whose IR that test checks), on
random data of two shapes each. A bound is half a unit in the last place of the
result, and 32 u of the magnitudes behind it.
"""

import math
import os
import re
import subprocess
import sys
import tempfile

import numpy as np

from norm_cases import RNG, Real, Tally, from_bf16, half_ulp, load, store, to_bf16

U = Real(2.0 ** -24)


def rms_of(x, epsilon):
    return np.sqrt((x * x).mean(axis=-1, keepdims=True) + Real(epsilon))


def rms(x, epsilon):
    return x / rms_of(x, epsilon)


def centred(x, epsilon, axes=(-1,)):
    """The normalized values, and 1 / sigma."""
    mean = x.mean(axis=axes, keepdims=True)
    rstd = 1 / np.sqrt(((x - mean) ** 2).mean(axis=axes, keepdims=True) + Real(epsilon))
    return (x - mean) * rstd, rstd


def rounded(x):
    """To bf16, as arithmetic on it rounds."""
    return from_bf16(to_bf16(np.asarray(x, np.float32))).astype(Real)


# Each returns the results by name, as (values, magnitudes).


def quantized(x, r, bias, g, z):
    h = x + bias + r
    y = rms(h, 1e-6) * g * z / (1 + np.exp(-z))
    # An error of the sum is one of y, as large beside the sum's terms.
    moved = (np.abs(x) + np.abs(bias) + np.abs(r)) / rms_of(h, 1e-6)
    magnitude = np.abs(y) + moved * np.abs(g * z / (1 + np.exp(-z)))
    step = np.abs(y).max(axis=-1) / 448
    scaled = step[:, np.newaxis]
    return {"q": (y / scaled, magnitude / scaled), "qs": (step, magnitude.max(axis=-1) / 448),
            "h": (h, np.abs(x) + np.abs(bias) + np.abs(r))}


def gelu(x, r, g, b):
    x_hat, rstd = centred(x + r, 1e-5)
    n = x_hat * g + b
    erf = np.vectorize(math.erf)(np.asarray(n * Real(0.70710677), float)).astype(Real)
    moved = (np.abs(x) + np.abs(r)) * rstd * np.abs(g)
    return {"y": (n * (1 + erf) / 2, np.abs(x_hat * g) + np.abs(b) + moved)}


def post(x, r, g):
    y = rms(rounded(x + r), 1e-6) * g
    return {"y": (y, np.abs(y))}


def sandwich(x, g, k):
    t = np.tanh(rms(x, 1e-6) * g)
    m, rstd = centred(t, 1e-6)
    return {"y": (x + m * k, np.abs(x) + np.abs(m * k) + np.abs(k) * rstd)}


def adaln(x, r, gate, a, b):
    h = r + gate * x
    x_hat, rstd = centred(h, 1e-6)
    sum_h = np.abs(r) + np.abs(gate * x)
    magnitude = np.abs(x_hat * (1 + a)) + np.abs(x_hat) + np.abs(b)
    return {"h": (h, sum_h), "y": (x_hat * (1 + a) + b, magnitude + sum_h * rstd * np.abs(1 + a))}


def group(x, g, b):
    rows = x.reshape(*x.shape[:2], 32, -1)
    x_hat = centred(rows, 1e-5, (1, 3))[0].reshape(x.shape)
    n = x_hat * g + b
    return {"y": (n / (1 + np.exp(-n)), np.abs(x_hat * g) + np.abs(b))}


def batch(x, m, v, g, b, r):
    a = g / np.sqrt(v + Real(1e-5))
    magnitude = np.abs(a * x) + np.abs(a * m) + np.abs(b) + np.abs(r)
    return {"y": (np.maximum((x - m) * a + b + r, 0), magnitude)}


def qk(q, g):
    n = rms(q, 1e-6) * g
    scale = rounded(0.08838)
    # The norm is rounded on the way, to one side or the other.
    return {"y": (n * scale, np.abs(n * scale) + 2 * half_ulp(n, "bf16") * scale / (32 * U))}


def two(x, g, h):
    results = {"y": rms(x, 1e-5) * g, "z": rms(x, 1e-6) * h}
    return {name: (value, np.abs(value)) for name, value in results.items()}


def philox(seed, offset, numbers):
    """Words of 32 bits: Philox4x32-10 (Salmon et al., 2011) of blocks of four."""
    numbers = np.asarray(numbers, np.uint64)
    counter = np.uint64(offset) + numbers // np.uint64(4)
    low = np.uint64(0xFFFFFFFF)
    shift = np.uint64(32)
    c = [counter & low, counter >> shift, np.zeros_like(counter), np.zeros_like(counter)]
    keys = [seed & 0xFFFFFFFF, seed >> 32]
    for _ in range(10):
        a, b = c[0] * np.uint64(0xD2511F53), c[2] * np.uint64(0xCD9E8D57)
        k0, k1 = (np.uint64(key) for key in keys)
        c = [(b >> shift) ^ c[1] ^ k0, b & low, (a >> shift) ^ c[3] ^ k1, a & low]
        keys = [(keys[0] + 0x9E3779B9) & 0xFFFFFFFF, (keys[1] + 0xBB67AE85) & 0xFFFFFFFF]
    return np.choose(numbers.astype(np.int64) % 4, c)


def dropout(x, r, seed, offset, g, b):
    words = philox(int(seed), int(offset), np.arange(x.size)).reshape(x.shape)
    kept = np.where(words >= 2**30, x / Real(0.75), 0)
    h = r + kept
    x_hat, rstd = centred(h, 1e-5)
    sum_h = np.abs(r) + np.abs(kept)
    magnitude = np.abs(x_hat * g) + np.abs(b) + sum_h * rstd * np.abs(g)
    return {"h": (h, sum_h), "y": (x_hat * g + b, magnitude)}


BLOCKS = {f.__name__: f for f in (quantized, gelu, post, sandwich, adaln, group, batch, qk, two, dropout)}
# What `?` stands for.
ROWS = {"adaln": [{"x": (3, 7), "r": (3, 7), "gate": (3,), "a": (3,), "b": (3,)},
                  {"x": (1, 1), "r": (1, 1), "gate": (1,), "a": (1,), "b": (1,)}]}


def arguments(text):
    """Names, shapes ('?' as None) and element types, of inputs and of results."""
    head = text[: text.index("{\n")]
    found = re.findall(r'%?(?:\w+: )?tensor<([^>]*)>\s*\{norm.name = "(\w+)"', head)
    parsed = []
    for kind, name in found:
        *dims, dtype = kind.split("x")
        parsed.append((name, [None if d == "?" else int(d) for d in dims], dtype))
    count = head[: head.index("->")].count("norm.name")
    return parsed[:count], parsed[count:]


def draw(name, shape):
    values = RNG.normal(0.25, 1, shape)
    if name == "v":
        return values**2 + 0.1
    if name in ("seed", "offset"):
        return np.asarray(RNG.integers(2**62))
    return values


def run(normc, folder, text, block, rows):
    """The largest error, as a share of its bound."""
    source = os.path.join(folder, block + ".mlir")
    with open(source, "w", encoding="utf-8") as file:
        file.write(text)
    inputs, outputs = arguments(text)
    command, given = [normc, "run", source], {}
    for name, shape, dtype in inputs:
        open_extents = iter(rows[name] if isinstance(rows, dict) else [rows] * len(shape))
        known = [next(open_extents) if extent is None else extent for extent in shape]
        path = os.path.join(folder, name + ".npy")
        given[name] = store(path, draw(name, known), dtype, False)
        command += ["--in", f"{name}={path}"]
    for name, _, _ in outputs:
        command += ["--out", f"{name}={os.path.join(folder, name + '_out.npy')}"]
    subprocess.run(command, check=True, capture_output=True)
    worst = 0.0
    exact = BLOCKS[block](**given)
    for name, _, dtype in outputs:
        got = load(os.path.join(folder, name + "_out.npy"), dtype)
        value, magnitude = exact[name]
        share = np.abs(got - value) / (half_ulp(value, dtype) + 32 * U * magnitude)
        worst = max(worst, float(share.max())) if np.isfinite(share).all() else math.inf
    return worst


def main():
    normc, blocks = sys.argv[1:]
    with open(blocks, encoding="utf-8") as file:
        sections = dict(re.findall(r"^//--- (\w+)\.mlir\n(.*?)(?=^//---|\Z)", file.read(), re.M | re.S))
    tally = Tally()
    with tempfile.TemporaryDirectory() as folder:
        for block in BLOCKS:
            for rows in ROWS.get(block, [5, 37] if block != "group" else [1, 3]):
                tally.check(f"{block}, {rows}",
                            lambda: run(normc, folder, sections[block], block, rows))
    return tally.end("fused blocks")


if __name__ == "__main__":
    sys.exit(main())

"""Our kernels as text, and as artifacts. Needs the normc command only."""

import hashlib
import subprocess

from . import fused
from .cases import EPSILON


def preset_text(normc, case, any_batch=False):
    """The declaration of a named norm, as `normc preset` writes it; of images
    too the first extent is left open where `any_batch` says so. Few rows are
    told: long ones are then cut."""
    options = ["--dtype", case.dtype, "--epsilon", str(EPSILON)]
    if case.layout == "rows":
        rows = case.shape[0] if case.group == "few" else "?"
        options += ["--shape", f"{rows}x{case.shape[1]}"]
    else:
        n, c, h, w = case.shape
        last = case.layout == "nhwc"
        extents = (n, h, w, c) if last else (n, c, h, w)
        options += ["--shape", "x".join(["?" if any_batch else str(n), *map(str, extents[1:])])]
        options += ["--layout", "channels_last" if last else "channels_first"]
    done = subprocess.run([normc, "preset", case.op, *options], capture_output=True, text=True)
    if done.returncode != 0:
        raise RuntimeError(done.stderr.strip())
    return done.stdout


def backward_text(case):
    """The backward pass of LayerNorm, or RMSNorm, with the gradients of its
    parameters, from the saved statistics."""
    layer = case.op.startswith("layer")
    t, n = case.dtype, case.shape[1]
    wide = f"tensor<?x{n}x{t}>"
    param = f"tensor<{n}x{t}>"
    args = [("x", "xi", wide, "[i], [j]"), ("dy", "di", wide, "[i], [j]"), ("scale", "gi", param, "[j]")]
    args += [("mean", "me", "tensor<?xf32>", "[i]")] if layer else []
    args += [("rstd", "re", "tensor<?xf32>", "[i]")]
    results = [("dx", wide, "[i], [j]"), ("dscale", param, "[j]")]
    results += [("dshift", param, "[j]")] if layer else []
    values = {"xi": "%xi", "di": "%di", "gi": "%gi"}
    body = []
    if t != "f32":
        for value in values:
            body.append(f"%{value}w = arith.extf %{value} : {t} to f32")
            values[value] = f"%{value}w"
    x, d, g = values["xi"], values["di"], values["gi"]
    if layer:
        body.append(f"%c = arith.subf {x}, %me : f32")
        x = "%c"
    body += [
        f"%xh = arith.mulf {x}, %re : f32",
        f"%g = arith.mulf {d}, {g} : f32",
        "%gx = arith.mulf %g, %xh : f32",
        "%m2 = norm.reduce mean %gx over [j] : f32",
        "%b = arith.mulf %m2, %re : f32",
        "%bb = arith.mulf %b, %re : f32",
        "%bn = arith.negf %bb : f32",
    ]
    # dx = r·g - r·E[g] - (x - mean)·r²·E[g·xh], with what a row has once made
    # once; errors are no larger than those of r·((g - E[g]) - xh·E[g·xh]).
    if layer:
        body += [
            "%m1 = norm.reduce mean %g over [j] : f32",
            "%a = arith.mulf %m1, %re : f32",
            "%an = arith.negf %a : f32",
            "%u = math.fma %g, %re, %an : f32",
        ]
    else:
        body.append("%u = arith.mulf %g, %re : f32")
    body += [
        f"%o = math.fma {x}, %bn, %u : f32",
        f"%p = arith.mulf {d}, %xh : f32",
        "%sg = norm.reduce add %p over [i] : f32",
    ]
    yields = ["%o", "%sg"]
    if layer:
        body.append(f"%sb = norm.reduce add {d} over [i] : f32")
        yields.append("%sb")
    if t != "f32":
        body += [f"%y{i} = arith.truncf {value} : f32 to {t}" for i, value in enumerate(yields)]
        yields = [f"%y{i}" for i in range(len(yields))]
    types = ", ".join(kind for _, kind, _ in results)
    return "\n".join(
        [
            f"func.func @{case.op}(" + ", ".join(f'%{a}: {k} {{norm.name = "{a}"}}' for a, _, k, _ in args) + ")",
            "    -> (" + ", ".join(f'{k} {{norm.name = "{r}"}}' for r, k, _ in results) + ") {",
            f"  %r:{len(results)} = norm.kernel dims(i = ?, j = {n})",
            "      ins(" + ", ".join(f"%{v} = %{a} by [{m}] : {k}" for a, v, k, m in args) + ")",
            "      outs(" + ", ".join(f"by [{m}] : {k}" for _, k, m in results) + ") {",
            *("    " + line for line in body),
            f"    norm.yield {', '.join(yields)} : " + ", ".join([t] * len(yields)),
            "  }",
            "  return " + ", ".join(f"%r#{i}" for i in range(len(results))) + f" : {types}",
            "}",
            "",
        ]
    )


def compile_artifact(normc, case, folder, target="native", any_batch=False):
    """The path of the case's artifact."""
    if case.group == "fused":
        text = fused.text(case.op, case.dtype)
    elif case.is_backward:
        text = backward_text(case)
    else:
        text = preset_text(normc, case, any_batch)
    key = hashlib.sha256((target + text).encode()).hexdigest()[:16]
    path = folder / f"{case.op}-{key}.norm"
    command = [normc, "compile", "-", "--emit=artifact", f"--target={target}", "-o", str(path)]
    done = subprocess.run(command, input=text, capture_output=True, text=True)
    if done.returncode != 0:
        raise RuntimeError(done.stderr.strip())
    return path

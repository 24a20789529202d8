"""Our kernels: their text, their artifacts, their calls."""

import ctypes
import hashlib
import subprocess

from .buffers import EPSILON
from .native import Tensor


def preset_text(normc, case):
    """The declaration of a named norm, as `normc preset` writes it."""
    options = ["--dtype", case.dtype, "--epsilon", str(EPSILON)]
    if case.layout == "rows":
        options += ["--shape", f"?x{case.shape[1]}"]
    else:
        n, c, h, w = case.shape
        last = case.layout == "nhwc"
        extents = (n, h, w, c) if last else (n, c, h, w)
        options += ["--shape", "x".join(map(str, extents))]
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
        "%t = arith.mulf %xh, %m2 : f32",
    ]
    if layer:
        body += ["%m1 = norm.reduce mean %g over [j] : f32", "%u = arith.subf %g, %m1 : f32"]
    body += [
        f"%v = arith.subf {'%u' if layer else '%g'}, %t : f32",
        "%o = arith.mulf %v, %re : f32",
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


def compile_artifact(normc, case, folder):
    """The path of the case's artifact, for this processor."""
    text = backward_text(case) if case.is_backward else preset_text(normc, case)
    key = hashlib.sha256(text.encode()).hexdigest()[:16]
    path = folder / f"{case.op}-{key}.norm"
    done = subprocess.run(
        [normc, "compile", "-", "--emit=artifact", "-o", str(path)],
        input=text,
        capture_output=True,
        text=True,
    )
    if done.returncode != 0:
        raise RuntimeError(done.stderr.strip())
    return path


class Ours:
    """normc's kernel for a case, called through its C interface."""

    name = "normc"

    def __init__(self, context, case, buffers):
        self.library = context.library
        path = compile_artifact(context.normc, case, context.work)
        self.kernel, names = self.library.load(path)
        dtypes = {"mean": "f32", "variance": "f32", "rstd": "f32"}
        self.tensors = (Tensor * len(names))(
            *(
                Tensor.contiguous(buffers[name].data_ptr(), dtypes.get(name, case.dtype), buffers.memory_shape(name))
                for name in names
            )
        )
        self.buffers = buffers

    def time(self, repeats):
        dll = self.library.dll
        seconds = dll.bench_kernel(
            self.kernel, self.tensors, len(self.tensors), self.library.executor, repeats
        )
        if seconds < 0:
            raise RuntimeError(self.library.last_error())
        return seconds

    def result(self):
        self.time(1)
        return self.buffers["dx" if self.buffers.case.is_backward else "y"]

    def close(self):
        self.library.dll.normc_free(self.kernel)


class Copy:
    """The streaming copy of as many bytes."""

    def __init__(self, context, case, buffers, name="copy"):
        self.name, self.library = name, context.library
        self.half = (case.bytes // 2 + 63) // 64 * 64
        self.to = buffers.arena.copy_to.data_ptr()
        self.source = buffers.arena.copy_from.data_ptr()

    def time(self, repeats):
        return self.library.dll.bench_copy(self.to, self.source, self.half, self.library.executor, repeats)

    def result(self):
        self.time(1)
        return None


class Control:
    """RMSNorm by hand-written intrinsics."""

    name = "intrinsics"

    def __init__(self, context, case, buffers):
        if case.op != "rms_norm" or case.dtype != "f32":
            raise NotImplementedError("RMSNorm f32 only")
        self.library, self.buffers = context.library, buffers
        rows, n = case.shape
        addresses = [buffers[name].data_ptr() for name in ("x", "scale", "y")]
        self.arguments = (*addresses, rows, n, ctypes.c_float(EPSILON), self.library.executor)

    def time(self, repeats):
        seconds = self.library.dll.bench_control_rms_norm(*self.arguments, repeats)
        if seconds < 0:
            raise NotImplementedError("no AVX-512")
        return seconds

    def result(self):
        self.time(1)
        return self.buffers["y"]

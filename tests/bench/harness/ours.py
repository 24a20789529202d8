"""What the bench library runs: our kernels, the copy, the control."""

import ctypes

from .buffers import Buffers, FusedBuffers
from .cases import EPSILON, Case
from .kernels import compile_artifact
from .native import Tensor


class Ours:
    """normc's kernel for a case, called through its C interface."""

    name = "normc"

    def __init__(self, context, case, buffers):
        self.library = context.library
        path = compile_artifact(context.normc, case, context.work)
        self.kernel, names = self.library.load(path)
        self.tensors = (Tensor * len(names))(*(self.tensor(case, buffers, name) for name in names))
        self.buffers = buffers

    @staticmethod
    def tensor(case, buffers, name):
        dtypes = {"mean": "f32", "variance": "f32", "rstd": "f32"}
        return Tensor.of(buffers[name].data_ptr(), dtypes.get(name, case.dtype), buffers.memory_shape(name))

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


class Fused(Ours):
    """A pattern's kernel. The numerics tests say that it is right."""

    @staticmethod
    def tensor(case, buffers, name):
        argument = buffers.arguments[name]
        return Tensor.of(buffers[name].data_ptr(), argument.dtype, argument.shape, argument.strides)

    def result(self):
        self.time(1)
        return None


class Plain(Ours):
    """RMSNorm of rows as long, which moves as many bytes as the case."""

    name = "plain"

    def __init__(self, context, case, buffers):
        n = case.shape[1]
        rows = Case("rows", "rms_norm", case.dtype, (case.elements // n, n))
        super().__init__(context, rows, Buffers(buffers.arena, rows))

    def result(self):
        self.time(1)
        return None


class Cached:
    """Our kernel on no more than the nearest caches hold: what the whole would
    take if memory took no time. On one thread: so little is not divided."""

    name = "in caches"

    def __init__(self, context, case, buffers):
        if case.warm or context.threads > 1:
            raise NotImplementedError("all of it is warm, or more than one thread")
        few = case.in_caches()
        is_fused = case.group == "fused"
        self.buffers = (FusedBuffers if is_fused else Buffers)(buffers.arena, few)
        self.ours = (Fused if is_fused else Ours)(context, few, self.buffers)
        self.parts = case.bytes / few.bytes

    def time(self, repeats):
        self.ours.time(1)
        return repeats * self.parts * self.ours.time(min(20, max(1, int(self.parts))))

    def result(self):
        self.time(1)
        return None

    def close(self):
        self.ours.close()


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

"""What the bench library runs: our kernels, the copy, the control."""

import ctypes

from .buffers import Buffers, FusedBuffers
from .cases import DIFFUSION_GROUPS, EPSILON, SIZES, Case
from .kernels import compile_artifact
from .native import Tensor
from .threads import Alone, OnOurPool


class Ours(OnOurPool):
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


class Cached(Alone):
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


class Copy(OnOurPool):
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


class Streams(OnOurPool):
    """The memory traffic of a case without its arithmetic: its tensors of full
    size are read and written side by side. Where statistics need them before,
    they are read twice: by samples or planes, or the whole. Not where that is
    the copy, nor for tensors with gaps."""

    name = "same streams"
    NOTHING, BLOCK, ALL = range(3)

    def __init__(self, context, case, buffers):
        self.library = context.library
        first, blocks = self.plan(case)
        if first == self.BLOCK and blocks < context.threads:
            first = self.ALL
        if first != self.BLOCK:  # Parts of a megabyte.
            blocks = max(case.bytes >> 20, context.threads)
        streams = list(self.tensors(case, buffers))
        reads = [s for s in streams if not s[2]]
        ordered = reads + [s for s in streams if s[2]]
        addresses = (ctypes.c_void_p * len(ordered))(*(s[0] for s in ordered))
        sizes = (ctypes.c_int64 * len(ordered))(*(s[1] for s in ordered))
        elements = streams[0][3]
        self.arguments = (addresses, sizes, len(reads), len(ordered) - len(reads), elements, blocks, first)

    def plan(self, case):
        """What is read first, and in how many parts."""
        if case.is_backward:
            return self.NOTHING, 1
        if case.group == "fused":
            is_image = case.op == "group_norm_silu"
            return (self.BLOCK, case.shape[0]) if is_image else (self.NOTHING, 1)
        if case.group == "channels" and case.op == "batch_norm_training":
            return self.ALL, 1
        if case.group == "channels" and case.op in ("group_norm", "instance_norm"):
            samples, channels = case.shape[:2]
            planes = DIFFUSION_GROUPS if case.op == "group_norm" else channels
            return self.BLOCK, samples * (planes if case.layout == "nchw" else 1)
        raise NotImplementedError("as the copy")

    def tensors(self, case, buffers):
        """(address, bytes of an element, whether it is written, elements)"""
        if case.group == "fused":
            most = max(argument.elements for argument in buffers.arguments.values())
            for name, argument in buffers.arguments.items():
                if argument.strides:
                    raise NotImplementedError("gaps")
                if argument.elements == most:
                    yield buffers[name].data_ptr(), argument.element_bytes, argument.is_result, most
            return
        for name in ("x", "dy", "dx", "y"):
            if name in buffers.tensors:
                yield buffers[name].data_ptr(), SIZES[case.dtype], name in ("dx", "y"), case.elements

    def time(self, repeats):
        seconds = self.library.dll.bench_streams(*self.arguments, self.library.executor, repeats)
        if seconds < 0:
            raise NotImplementedError("no AVX-512")
        return seconds

    def result(self):
        self.time(1)
        return None


class Control(OnOurPool):
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

"""oneDNN 3 by its C interface, from any libdnnl.so.3: its numbers are those of
oneapi/dnnl/dnnl_types.h, which a major version does not change."""

import ctypes
import os
from ctypes import POINTER, byref, c_float, c_int, c_int64, c_uint, c_void_p
from pathlib import Path

from .cases import DIFFUSION_GROUPS, EPSILON
from .threads import OnOpenMp

CPU, RUNTIME_OMP = 1, 2
FORWARD_TRAINING, FORWARD_INFERENCE, BACKWARD = 64, 96, 128
TYPES = {"f32": 3, "bf16": 2}
GLOBAL_STATS, SCALE, SHIFT, RMS = 0x1, 0x2, 0x4, 0x20
N_CHW16C = 78
SRC, DST, MEAN, VARIANCE, GAMMA, BETA = 1, 17, 49, 50, 51, 52
DIFF_SRC, DIFF_DST, DIFF_GAMMA, DIFF_BETA = 129, 145, 255, 256
# What the packaged build for SYCL needs and its own folder has, in order. Its
# oneTBB is newer than Debian's; our kernels then run on it too.
BESIDE = ("libtbb.so.12", "libintlc.so.5", "libimf.so", "libirng.so", "libsvml.so", "libOpenCL.so.1", "libsycl.so.9")


class Version(ctypes.Structure):
    _fields_ = [("numbers", c_int * 3), ("hash", ctypes.c_char_p), ("cpu", c_uint), ("gpu", c_uint)]


class Argument(ctypes.Structure):
    """dnnl_exec_arg_t."""

    _fields_ = [("index", c_int), ("memory", c_void_p)]


class Refused(NotImplementedError):
    """oneDNN does not do it."""


class Dnnl:
    """A loaded oneDNN with its engine and stream."""

    def __init__(self, path):
        path = Path(path)
        driver = path.parent / "libintelocl.so"
        if driver.exists():
            os.environ.setdefault("OCL_ICD_FILENAMES", str(driver))
        for name in BESIDE:
            if (path.parent / name).exists():
                ctypes.CDLL(str(path.parent / name), mode=ctypes.RTLD_GLOBAL)
        self.dll = ctypes.CDLL(str(path))
        self.dll.dnnl_version.restype = POINTER(Version)
        version = self.dll.dnnl_version().contents
        numbers, self.is_on_tbb = version.numbers, version.cpu != RUNTIME_OMP
        if numbers[0] != 3:
            raise Refused(f"expected oneDNN 3, but got {numbers[0]}.{numbers[1]}")
        self.name = f"oneDNN {numbers[0]}.{numbers[1]}"
        self.engine = self.make("dnnl_engine_create", c_int(CPU), ctypes.c_size_t(0))
        self.stream = self.make("dnnl_stream_create", self.engine, c_uint(1))

    def make(self, function, *arguments):
        """What the function writes through its first parameter."""
        made = c_void_p()
        status = getattr(self.dll, function)(byref(made), *arguments)
        if status != 0:
            raise Refused(f"{function}: status {status}")
        return made

    def describe(self, shape, dtype, layout="plain"):
        dims = (c_int64 * 12)(*shape)
        rank = c_int(len(shape))
        if layout == "blocked":
            return self.make("dnnl_memory_desc_create_with_tag", rank, dims, c_int(TYPES[dtype]), c_int(N_CHW16C))
        order = (0, 2, 3, 1) if layout == "nhwc" else range(len(shape))
        strides, stride = [0] * len(shape), 1
        for axis in reversed(order):
            strides[axis] = stride
            stride *= shape[axis]
        return self.make(
            "dnnl_memory_desc_create_with_strides", rank, dims, c_int(TYPES[dtype]), (c_int64 * 12)(*strides)
        )

    def memory(self, description, tensor):
        return self.make("dnnl_memory_create", description, self.engine, c_void_p(tensor.data_ptr()))


class OneDnn(OnOpenMp):
    """A primitive on the shared buffers. `blocked`: on nChw16c, a layout of its
    own. What is `informative` is timed but no rival. Runs on PyTorch's OpenMP or
    on oneTBB, which the SYCL build does, too."""

    def __init__(self, dnnl, context, case, buffers, blocked=False):
        if blocked and (case.layout != "nchw" or not case.op.startswith("batch_norm")):
            raise Refused("BatchNorm only")
        self.name = dnnl.name + (" nChw16c" if blocked else "")
        # oneDNN 3.13 also subtracts the mean of dy * scale, which is the gradient
        # of another function.
        self.informative = blocked or case.op == "rms_norm_backward"
        self.dnnl, self.library, self.case, self.buffers = dnnl, context.library, case, buffers
        self.layout = "blocked" if blocked else "nhwc" if case.layout == "nhwc" else "plain"
        self.kept = []
        self.wide = dnnl.describe(case.shape, case.dtype, self.layout)
        description, self.memories = self._forward() if not case.is_backward else self._backward()
        self.primitive = dnnl.make("dnnl_primitive_create", description)
        self.arguments = (Argument * len(self.memories))(*(Argument(i, m.value) for i, m in self.memories.items()))

    def _vector(self, name):
        """The memory of a parameter or of statistics, in f32: with bf16 ones
        oneDNN 3.6 runs its reference."""
        self.kept.append(self.buffers[name].float())
        tensor = self.kept[-1]
        return self.dnnl.memory(self.dnnl.describe(tuple(tensor.shape), "f32"), tensor)

    def _forward(self):
        case, make = self.case, self.dnnl.make
        engine, null, epsilon = self.dnnl.engine, c_void_p(), c_float(EPSILON)
        is_row = case.layout == "rows"
        flags = SCALE if case.op == "rms_norm" else SCALE | SHIFT
        flags |= RMS if case.op == "rms_norm" else 0
        flags |= GLOBAL_STATS if case.op == "batch_norm_inference" else 0
        is_training = case.op == "batch_norm_training"
        kind = c_int(FORWARD_TRAINING if is_training else FORWARD_INFERENCE)
        if is_row:
            name = "dnnl_layer_normalization_forward_primitive_desc_create_v2"
            rest = (null, c_int(TYPES["f32"]), epsilon, c_uint(flags), null)
            description = make(name, engine, kind, self.wide, self.wide, *rest)
        elif case.op.startswith("batch_norm"):
            name = "dnnl_batch_normalization_forward_primitive_desc_create"
            description = make(name, engine, kind, self.wide, self.wide, epsilon, c_uint(flags), null)
        else:
            name = "dnnl_group_normalization_forward_primitive_desc_create"
            groups = case.params if case.op == "instance_norm" else DIFFUSION_GROUPS
            rest = (c_int64(groups), epsilon, c_uint(flags), null)
            description = make(name, engine, kind, self.wide, self.wide, *rest)
        memories = {
            SRC: self.dnnl.memory(self.wide, self.buffers["x"]),
            DST: self.dnnl.memory(self.wide, self.buffers["y"]),
            GAMMA: self._vector("scale"),
        }
        if flags & SHIFT:
            memories[BETA] = self._vector("shift")
        if case.op.startswith("batch_norm"):
            memories[MEAN] = self._vector("mean")
            memories[VARIANCE] = self._vector("variance")
        return description, memories

    def _backward(self):
        case, make = self.case, self.dnnl.make
        engine, null, epsilon = self.dnnl.engine, c_void_p(), c_float(EPSILON)
        is_rms = case.op.startswith("rms")
        flags = c_uint(SCALE | RMS if is_rms else SCALE | SHIFT)
        params = c_int(TYPES["f32"])
        statistics = self.dnnl.describe((case.shape[0],), "f32")
        hint = make(
            "dnnl_layer_normalization_forward_primitive_desc_create_v2",
            *(engine, c_int(FORWARD_TRAINING), self.wide, self.wide, statistics, params, epsilon, flags, null),
        )
        description = make(
            "dnnl_layer_normalization_backward_primitive_desc_create_v2",
            *(engine, c_int(BACKWARD), self.wide, self.wide, self.wide, statistics),
            *(params, params, epsilon, flags, hint, null),
        )
        memories = {
            SRC: self.dnnl.memory(self.wide, self.buffers["x"]),
            DIFF_DST: self.dnnl.memory(self.wide, self.buffers["dy"]),
            DIFF_SRC: self.dnnl.memory(self.wide, self.buffers["dx"]),
            GAMMA: self._vector("scale"),
            DIFF_GAMMA: self._vector("dscale"),
            VARIANCE: self._variance(),
        }
        if not is_rms:
            memories[MEAN] = self._vector("mean")
            memories[DIFF_BETA] = self._vector("dshift")
        return description, memories

    def _variance(self):
        """Of RMSNorm the mean of the squares, from which oneDNN takes rstd."""
        if self.case.op.startswith("rms"):
            self.buffers["variance"].copy_(self.buffers["rstd"].pow(-2) - EPSILON)
        return self._vector("variance")

    def time(self, repeats):
        dll = self.dnnl.dll
        seconds = self.library.dll.bench_dnnl(
            ctypes.cast(dll.dnnl_primitive_execute, c_void_p),
            ctypes.cast(dll.dnnl_stream_wait, c_void_p),
            *(self.primitive, self.dnnl.stream, len(self.arguments), self.arguments, repeats),
        )
        if seconds < 0:
            raise Refused("a call was refused")
        return seconds

    def wake(self):
        if self.dnnl.is_on_tbb:
            self.library.wake_tbb()
        else:
            super().wake()

    def result(self):
        self.time(1)
        return None if self.informative else self.buffers["dx" if self.case.is_backward else "y"]

    def close(self):
        for memory in self.memories.values():
            self.dnnl.dll.dnnl_memory_destroy(memory)
        self.dnnl.dll.dnnl_primitive_destroy(self.primitive)

"""The bench library and normc's C interface by ctypes."""

import ctypes
from ctypes import POINTER, c_char_p, c_double, c_float, c_int, c_int32, c_int64, c_void_p

DTYPES = {"f16": 0, "bf16": 1, "f32": 2, "f64": 3, "f8E4M3FN": 4, "f8E5M2": 5, "i8": 6, "i32": 7, "i64": 8}


class Tensor(ctypes.Structure):
    """normc_tensor."""

    _fields_ = [
        ("data", c_void_p),
        ("dtype", c_int32),
        ("rank", c_int32),
        ("read_only", c_int32),
        ("shape", c_int64 * 8),
        ("strides", c_int64 * 8),
    ]

    @staticmethod
    def of(address, dtype, shape, strides=None):
        """Contiguous, unless there are strides."""
        tensor = Tensor(address, DTYPES[dtype], len(shape), 0)
        stride = 1
        for axis in reversed(range(len(shape))):
            tensor.shape[axis] = shape[axis]
            tensor.strides[axis] = strides[axis] if strides else stride
            stride *= shape[axis]
        return tensor


class Argument(ctypes.Structure):
    """normc_argument."""

    _fields_ = [
        ("name", c_char_p),
        ("dtype", c_int32),
        ("rank", c_int32),
        ("is_output", c_int32),
        ("alignment", c_int64),
    ]


class Library:
    """libnormc-bench.so on a pool of `threads` threads."""

    def __init__(self, path, threads):
        self.dll = ctypes.CDLL(str(path))
        signatures = {
            "bench_executor": (c_void_p, [c_int]),
            "bench_tbb": (c_void_p, []),
            "bench_kernel": (c_double, [c_void_p, POINTER(Tensor), c_int32, c_void_p, c_int64]),
            "bench_copy": (c_double, [c_void_p, c_void_p, c_int64, c_void_p, c_int64]),
            "bench_control_rms_norm": (
                c_double,
                [c_void_p, c_void_p, c_void_p, c_int64, c_int64, c_float, c_void_p, c_int64],
            ),
            "bench_streams": (
                c_double,
                [POINTER(c_void_p), POINTER(c_int64), c_int32, c_int32, c_int64, c_int64, c_int, c_void_p, c_int64],
            ),
            "bench_dnnl": (
                c_double,
                [c_void_p, c_void_p, c_void_p, c_void_p, c_int, c_void_p, c_int64],
            ),
            "bench_wake": (None, [c_void_p]),
            "bench_flush": (c_int, [c_void_p, c_int64]),
            "bench_core_latency": (c_double, [c_int, c_int]),
            "normc_load_file": (c_int, [c_char_p, POINTER(c_void_p)]),
            "normc_argument_count": (c_int32, [c_void_p]),
            "normc_get_argument": (c_int, [c_void_p, c_int32, POINTER(Argument)]),
            "normc_last_error": (c_char_p, []),
            "normc_free": (None, [c_void_p]),
        }
        for name, (result, arguments) in signatures.items():
            function = getattr(self.dll, name)
            function.restype, function.argtypes = result, arguments
        self.threads = threads
        self.executor = self.dll.bench_executor(threads)

    def load(self, path):
        """A kernel and the names of its arguments."""
        kernel = c_void_p()
        if self.dll.normc_load_file(str(path).encode(), ctypes.byref(kernel)) != 0:
            raise RuntimeError(self.last_error())
        names = []
        for index in range(self.dll.normc_argument_count(kernel)):
            argument = Argument()
            self.dll.normc_get_argument(kernel, index, ctypes.byref(argument))
            names.append(argument.name.decode())
        return kernel, names

    def wake(self):
        """For the next call: the threads of our pool, which are those of our kernels,
        the copy and the controls."""
        self.dll.bench_wake(self.executor)

    def wake_tbb(self):
        """For the next call: the threads of oneTBB."""
        self.dll.bench_wake(self.dll.bench_tbb())

    def last_error(self):
        return self.dll.normc_last_error().decode()

    def latency(self, processors):
        """Nanoseconds between the first two of them; None where there is one."""
        if len(processors) < 2:
            return None
        return self.dll.bench_core_latency(processors[0], processors[1])

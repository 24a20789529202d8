"""The buffers that all contestants of a case share."""

import torch

from . import fused
from .cases import EPSILON

TYPES = {"f32": torch.float32, "bf16": torch.bfloat16}


def aligned(elements, dtype):
    """Uninitialized; the address is a multiple of 4096."""
    size = torch.empty(0, dtype=dtype).element_size()
    raw = torch.empty(elements * size + 4096, dtype=torch.uint8)
    skip = -raw.data_ptr() % 4096
    return raw[skip : skip + elements * size].view(dtype)


class Arena:
    """Memory for the largest case, made once: making it takes longer than
    measuring. Inputs are normal numbers, which no call changes."""

    def __init__(self, cases):
        largest = max(case.elements * TYPES[case.dtype].itemsize for case in cases)
        torch.manual_seed(1)
        self.memory = {}
        for name in ("x", "dy"):
            source = torch.randn(1 << 20)
            for dtype in sorted({case.dtype for case in cases}):
                flat = aligned(largest // TYPES[dtype].itemsize, TYPES[dtype])
                for start in range(0, flat.numel(), source.numel() - 1):
                    part = flat[start : start + source.numel()]
                    part.copy_(source[: part.numel()])
                self.memory[name, dtype] = flat
        self.y = aligned(largest, torch.uint8)
        # A copy moves as many bytes as its case: of three streams, more.
        half = max(case.bytes for case in cases) // 2 + 64
        self.copy_from = aligned(half, torch.uint8).fill_(1)
        self.copy_to = aligned(half, torch.uint8).fill_(1)
        # Twice a large L3: reading it leaves little else there.
        self.other = torch.ones(64 << 20, dtype=torch.uint8)


class Buffers:
    """A case's tensors, by the names of the arguments of our kernels. Those of
    channels-last cases are views [n, c, h, w] whose memory is [n, h, w, c]."""

    def __init__(self, arena, case):
        self.case, self.arena = case, arena
        dtype = TYPES[case.dtype]
        shaped = self._shape_of(case)
        count = case.elements
        generator = torch.Generator().manual_seed(2)

        def random(elements, kind):
            return aligned(elements, kind).copy_(torch.randn(elements, generator=generator))

        self.tensors = {"x": shaped(arena.memory["x", case.dtype][:count])}
        out = shaped(arena.y[: count * dtype.itemsize].view(dtype))
        self.tensors["scale"] = random(case.params, dtype)
        self.tensors["shift"] = random(case.params, dtype)
        rows = case.shape[0] if case.layout == "rows" else case.params
        self.tensors["mean"] = aligned(rows, torch.float32)
        self.tensors["rstd"] = aligned(rows, torch.float32)
        self.tensors["variance"] = aligned(rows, torch.float32)
        if case.is_backward:
            self.tensors["dy"] = shaped(arena.memory["dy", case.dtype][:count])
            self.tensors["dx"] = out
            self.tensors["dscale"] = aligned(case.params, dtype)
            self.tensors["dshift"] = aligned(case.params, dtype)
            self._save_statistics()
        else:
            self.tensors["y"] = out
        if case.op == "batch_norm_inference":
            self.tensors["mean"].copy_(0.1 * torch.randn(rows, generator=generator))
            self.tensors["variance"].copy_(0.5 + torch.rand(rows, generator=generator))

    @staticmethod
    def _shape_of(case):
        if case.layout != "nhwc":
            return lambda flat: flat.view(case.shape)
        n, c, h, w = case.shape
        return lambda flat: flat.view(n, h, w, c).permute(0, 3, 1, 2)

    def _save_statistics(self):
        mean, rstd, variance = (self.tensors[name] for name in ("mean", "rstd", "variance"))
        for start in range(0, self.case.shape[0], 8192):
            part = self.tensors["x"][start : start + 8192].float()
            span = slice(start, start + len(part))
            mean[span] = part.mean(1)
            variance[span] = part.var(1, correction=0)
            centred = variance[span] if self.case.op.startswith("layer") else part.square().mean(1)
            rstd[span] = (centred + EPSILON).rsqrt()

    def flush(self, library):
        """Drops from the caches what the case's next call reads and writes.
        PyTorch's own results are only displaced."""
        self.arena.other.max()
        for tensor in self.tensors.values():
            library.dll.bench_flush(tensor.data_ptr(), tensor.numel() * tensor.element_size())
        for tensor in (self.arena.copy_from, self.arena.copy_to):
            library.dll.bench_flush(tensor.data_ptr(), self.case.bytes // 2)

    def spoil(self):
        """No result is left over for the next contestant's check: NaNs."""
        self.arena.y.fill_(255)

    def __getitem__(self, name):
        return self.tensors[name]

    def memory_shape(self, name):
        """The extents in the order of memory."""
        shape = tuple(self.tensors[name].shape)
        if len(shape) == 4 and self.case.layout == "nhwc":
            return (shape[0], shape[2], shape[3], shape[1])
        return shape


class FusedBuffers(Buffers):
    """The tensors of a pattern, as bytes: normal numbers, or positive ones, in
    what is read."""

    def __init__(self, arena, case):
        self.case, self.arena = case, arena
        self.arguments = {a.name: a for a in fused.arguments(case.op, case.dtype, case.shape[0])}
        self.tensors = {name: aligned(a.memory, torch.uint8) for name, a in self.arguments.items()}
        source = torch.randn(1 << 20, generator=torch.Generator().manual_seed(2))
        for name, argument in self.arguments.items():
            tensor = self.tensors[name]
            if argument.dtype not in TYPES:  # Results, a seed and an offset.
                tensor.zero_()
                continue
            flat = tensor.view(TYPES[argument.dtype])
            for start in range(0, flat.numel(), source.numel() - 1):
                part = flat[start : start + source.numel()]
                part.copy_(source[: part.numel()])
            if name == "variance":
                flat.abs_()

    def spoil(self):
        """Nothing is compared."""

"""PyTorch, as its users call it: eager, and compiled by torch.compile."""

import time

import torch
import torch.nn.functional as F

from .cases import DIFFUSION_GROUPS, EPSILON
from .threads import OnOpenMp

ATEN = torch.ops.aten


def forward(case):
    """(function, names of its arguments)"""
    n = (case.shape[1],)
    if case.op == "rms_norm":
        return lambda x, g: F.rms_norm(x, n, g, EPSILON), ("x", "scale")
    if case.op == "layer_norm":
        return lambda x, g, b: F.layer_norm(x, n, g, b, EPSILON), ("x", "scale", "shift")
    if case.op == "batch_norm_inference":
        return (
            lambda x, m, v, g, b: F.batch_norm(x, m, v, g, b, False, 0.0, EPSILON),
            ("x", "mean", "variance", "scale", "shift"),
        )
    calls = {
        "batch_norm_training": lambda x, g, b: F.batch_norm(x, None, None, g, b, True, 0.0, EPSILON),
        "group_norm": lambda x, g, b: F.group_norm(x, DIFFUSION_GROUPS, g, b, EPSILON),
        "instance_norm": lambda x, g, b: F.instance_norm(x, None, None, g, b, True, 0.0, EPSILON),
    }
    return calls[case.op], ("x", "scale", "shift")


def layer_norm_backward(case):
    n = [case.shape[1]]

    def call(dy, x, mean, rstd, g, b):
        return ATEN.native_layer_norm_backward(dy, x, n, mean, rstd, g, b, [True, True, True])

    return call, ("dy", "x", "mean", "rstd", "scale", "shift")


def rms_norm_backward(dy, x, rstd, g):
    """By its formula, for the compiler."""
    xhat = x.float() * rstd
    gradient = dy.float() * g.float()
    mean = (gradient * xhat).mean(1, keepdim=True)
    dx = (gradient - xhat * mean) * rstd
    return dx.to(x.dtype), (dy.float() * xhat).sum(0).to(g.dtype)


class Torch(OnOpenMp):
    """One call of PyTorch on the shared inputs; it allocates its results itself,
    from memory that the process keeps."""

    def __init__(self, context, case, buffers, compiled=False):
        self.name = "PyTorch compiled" if compiled else "PyTorch"
        self.case = case
        if case.op == "rms_norm_backward" and not compiled:
            self.call, self.arguments = self._eager_rms_norm_backward(buffers), ()
            return
        if case.op == "rms_norm_backward":
            function, names = rms_norm_backward, ("dy", "x", "rstd", "scale")
        elif case.op == "layer_norm_backward":
            function, names = layer_norm_backward(case)
        else:
            function, names = forward(case)
        self.saved = {}
        if case.op == "layer_norm_backward":
            parameters = (buffers["scale"], buffers["shift"], EPSILON)
            _, mean, rstd = ATEN.native_layer_norm(buffers["x"], [case.shape[1]], *parameters)
            self.saved = {"mean": mean, "rstd": rstd}  # In a type of its own.
        self.arguments = tuple(self._argument(buffers, name) for name in names)
        if compiled:
            torch._dynamo.reset()
            function = torch.compile(function, dynamic=False)
        self.call = function

    def _argument(self, buffers, name):
        if name in self.saved:
            return self.saved[name]
        tensor = buffers[name]
        if name == "rstd":
            return tensor.view(-1, 1)
        # Parameters and statistics share a type there.
        if self.case.op == "batch_norm_inference" and name in ("scale", "shift"):
            return tensor.float()
        return tensor

    def _eager_rms_norm_backward(self, buffers):
        """There is no such op: what autograd runs, without the forward pass."""
        x = buffers["x"].detach().requires_grad_()
        scale = buffers["scale"].detach().requires_grad_()
        dy = buffers["dy"]
        with torch.enable_grad():
            y = F.rms_norm(x, (self.case.shape[1],), scale, EPSILON)
        return lambda: torch.autograd.grad(y, (x, scale), dy, retain_graph=True)

    def time(self, repeats):
        call, arguments = self.call, self.arguments
        with torch.no_grad():
            start = time.perf_counter()
            for _ in range(repeats):
                call(*arguments)
            return (time.perf_counter() - start) / repeats

    def result(self):
        with torch.no_grad():
            result = self.call(*self.arguments)
        return result[0] if isinstance(result, tuple) else result


class Compiled(Torch):
    def __init__(self, context, case, buffers):
        super().__init__(context, case, buffers, compiled=True)

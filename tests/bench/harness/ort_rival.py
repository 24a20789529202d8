"""ONNX Runtime: a model of one node, bound to the shared buffers."""

import time

import numpy as np
import onnxruntime
from onnx import TensorProto, helper

from .cases import DIFFUSION_GROUPS, EPSILON

NODES = {
    "layer_norm": ("LayerNormalization", ("x", "scale", "shift"), {"axis": -1}),
    "rms_norm": ("SimplifiedLayerNormalization", ("x", "scale"), {"axis": -1}),
    "group_norm": ("GroupNormalization", ("x", "scale", "shift"), {"num_groups": DIFFUSION_GROUPS}),
    "instance_norm": ("InstanceNormalization", ("x", "scale", "shift"), {}),
    "batch_norm_inference": ("BatchNormalization", ("x", "scale", "shift", "mean", "variance"), {}),
}


def model(case):
    kind, inputs, attributes = NODES[case.op]
    node = helper.make_node(kind, inputs, ["y"], epsilon=EPSILON, **attributes)
    value = helper.make_tensor_value_info
    shapes = {name: (case.params,) for name in inputs} | {"x": case.shape}
    graph = helper.make_graph(
        [node],
        "norm",
        [value(name, TensorProto.FLOAT, shapes[name]) for name in inputs],
        [value("y", TensorProto.FLOAT, case.shape)],
    )
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21)])
    made.ir_version = 10
    return made.SerializeToString()


class OnnxRuntime:
    """Its CPU kernels are of f32, channels first, forward."""

    name = "ONNX Runtime"

    def __init__(self, context, case, buffers):
        if case.op not in NODES or case.dtype != "f32" or case.layout == "nhwc":
            raise NotImplementedError("no such kernel")
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = context.threads
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        self.session = onnxruntime.InferenceSession(model(case), options, providers=["CPUExecutionProvider"])
        self.binding = self._bind(case, buffers, buffers["x"].data_ptr(), buffers["y"].data_ptr())
        arena = buffers.arena
        self.elsewhere = self._bind(case, buffers, arena.copy_from.data_ptr(), arena.copy_to.data_ptr())
        self.buffers = buffers

    def _bind(self, case, buffers, x, y):
        binding = self.session.io_binding()
        for name in NODES[case.op][1]:
            tensor = buffers[name]
            address = x if name == "x" else tensor.data_ptr()
            binding.bind_input(name, "cpu", 0, np.float32, tuple(tensor.shape), address)
        binding.bind_output("y", "cpu", 0, np.float32, tuple(buffers["y"].shape), y)
        return binding

    def wake(self):
        """Its threads, which sleep after 25 ms, by a call on other memory."""
        self.session.run_with_iobinding(self.elsewhere)

    def time(self, repeats):
        run, binding = self.session.run_with_iobinding, self.binding
        start = time.perf_counter()
        for _ in range(repeats):
            run(binding)
        return (time.perf_counter() - start) / repeats

    def result(self):
        self.time(1)
        return self.buffers["y"]

"""Free the fixed 640x640 input of YuNet: the network is convolutional, only its declared shapes are fixed.

Any height and width that are multiples of 32 then work, and a batch too.
"""

import numpy as np
import onnx
from onnx import numpy_helper


def free(value, names):
    for dimension, name in zip(value.type.tensor_type.shape.dim, names, strict=True):
        if name:
            dimension.dim_param = name


def convert(data):
    model = onnx.load_from_string(data)
    graph = model.graph
    free(graph.input[0], ("N", "", "H", "W"))
    for output in graph.output:
        free(output, ("N", f"cells_{output.name.rsplit('_', 1)[1]}", ""))
    shapes = {n.input[1] for n in graph.node if n.op_type == "Reshape"}
    for initializer in graph.initializer:
        if initializer.name in shapes:
            shape = numpy_helper.to_array(initializer).copy()
            shape[0] = 0  # the batch as it came
            initializer.CopyFrom(numpy_helper.from_array(np.ascontiguousarray(shape), initializer.name))
    del graph.value_info[:]
    onnx.checker.check_model(model, full_check=True)
    return model.SerializeToString(deterministic=True)

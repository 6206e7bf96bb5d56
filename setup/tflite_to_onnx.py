"""Convert the two MediaPipe TFLite graphs of the model pack to ONNX.

A small converter for exactly the operators those graphs use, on the TFLite schema (PyPI `tflite`) and `onnx`.
No TensorFlow, and the same bytes every time, so the result can be pinned by its sha256.

Layouts: an image graph (`nchw`) is rewritten channels-first with one transpose at its input, because ONNX Runtime's
CPU convolutions are channels-first; weights are transposed here, and `blocked_layout` then replaces what its blocked
layout has no kernel for. A graph without images (`flat`) keeps its layout and
its 1x1 convolutions become matrix products. Half-precision weights are widened to float32.

    tflite_to_onnx.py MODEL.tflite OUT.onnx
"""

import sys
from pathlib import Path

import blocked_layout
import numpy as np
import onnx
import tflite
from onnx import TensorProto, helper, numpy_helper

OPSET, IR_VERSION = 17, 8
OPERATORS = {code: name for name, code in vars(tflite.BuiltinOperator).items() if isinstance(code, int)}
DTYPES = {
    tflite.TensorType.FLOAT32: np.float32,
    tflite.TensorType.FLOAT16: np.float16,
    tflite.TensorType.INT32: np.int32,
}


class UnsupportedGraph(Exception):
    """The TFLite file holds something this converter does not know."""


def options(operator, kind):
    """The operator's option table as `kind`, the generated class of the schema."""
    table = operator.BuiltinOptions()
    parsed = kind()
    parsed.Init(table.Bytes, table.Pos)
    return parsed


class Graph:
    """One TFLite subgraph while it is rewritten: nodes and constants by TFLite tensor index."""

    def __init__(self, data, channels_first):
        self.model = tflite.Model.GetRootAs(data, 0)
        self.sub = self.model.Subgraphs(0)
        self.channels_first = channels_first
        self.nodes, self.initializers, self.constants = [], {}, {}
        self.padded = []  # channels that go into each PAD, in order

    def shape(self, index):
        tensor = self.sub.Tensors(index)
        return tuple(int(n) for n in tensor.ShapeAsNumpy()) if tensor.ShapeLength() else ()

    def constant(self, index):
        """The tensor's value if it is a constant of the file (or dequantised from one), else None."""
        if index in self.constants:
            return self.constants[index]
        tensor = self.sub.Tensors(index)
        buffer = self.model.Buffers(tensor.Buffer())
        if buffer.DataLength() == 0:
            return None
        value = np.frombuffer(buffer.DataAsNumpy().tobytes(), DTYPES[tensor.Type()]).reshape(self.shape(index))
        self.constants[index] = value
        return value

    def needs_constant(self, index):
        value = self.constant(index)
        if value is None:
            raise UnsupportedGraph(f"tensor {index} is not a constant")
        return value

    def initializer(self, name, value):
        self.initializers.setdefault(name, numpy_helper.from_array(np.ascontiguousarray(value), name))
        return name

    def value(self, index):
        """Name of the tensor as an input of an ONNX node; constants become initializers."""
        value = self.constant(index)
        return f"t{index}" if value is None else self.initializer(f"c{index}", value)

    def add(self, kind, inputs, output, **attributes):
        self.nodes.append(helper.make_node(kind, inputs, [output], name=f"n{len(self.nodes)}_{kind}", **attributes))
        return output

    def activate(self, code, name, output):
        """Adds a fused activation from `name` to `output`."""
        if code == tflite.ActivationFunctionType.RELU:
            self.add("Relu", [name], output)
        else:
            raise UnsupportedGraph(f"fused activation {code}")

    def fused(self, code, output):
        """Where a node writes: its own name when an activation follows, else the output itself."""
        return output if code == tflite.ActivationFunctionType.NONE else f"{output}_linear"


def same_pads(padding, size, kernel, stride):
    """ONNX pads [top, left, bottom, right] of TFLite's SAME or VALID; SAME puts the odd pixel below and right."""
    if padding == tflite.Padding.VALID:
        return [0, 0, 0, 0]
    total = [max(0, (-(-n // s) - 1) * s + k - n) for n, k, s in zip(size, kernel, stride)]
    before = [t // 2 for t in total]
    return before + [t - b for t, b in zip(total, before)]


def convolve(graph, operator, inputs, output, depthwise):
    table = options(operator, tflite.DepthwiseConv2DOptions if depthwise else tflite.Conv2DOptions)
    weights, bias = graph.needs_constant(inputs[1]), graph.needs_constant(inputs[2])
    if (table.DilationHFactor(), table.DilationWFactor()) != (1, 1):
        raise UnsupportedGraph("dilated convolution")
    activation = table.FusedActivationFunction()
    target = graph.fused(activation, output)
    if graph.channels_first:
        # TFLite keeps [out, h, w, in], and [1, h, w, channels] for a depthwise convolution.
        order = (3, 0, 1, 2) if depthwise else (0, 3, 1, 2)
        stride, kernel = [table.StrideH(), table.StrideW()], list(weights.shape[1:3])
        graph.add(
            "Conv",
            [graph.value(inputs[0]), graph.initializer(f"{output}_w", weights.transpose(order)),
             graph.initializer(f"{output}_b", bias)],
            target,
            kernel_shape=kernel,
            strides=stride,
            pads=same_pads(table.Padding(), graph.shape(inputs[0])[1:3], kernel, stride),
            group=weights.shape[3] if depthwise else 1,
        )
    else:
        if depthwise or weights.shape[1:3] != (1, 1):
            raise UnsupportedGraph("only 1x1 convolutions in a graph without images")
        matrix = graph.initializer(f"{output}_w", weights[:, 0, 0, :].T)
        product = graph.add("MatMul", [graph.value(inputs[0]), matrix], f"{output}_product")
        graph.add("Add", [product, graph.initializer(f"{output}_b", bias)], target)
    if target != output:
        graph.activate(activation, target, output)


def arithmetic(graph, operator, inputs, output, kind, table):
    activation = options(operator, table).FusedActivationFunction()
    target = graph.fused(activation, output)
    graph.add(kind, [graph.value(i) for i in inputs], target)
    if target != output:
        graph.activate(activation, target, output)


def pool(graph, operator, inputs, output):
    table = options(operator, tflite.Pool2DOptions)
    kernel, stride = [table.FilterHeight(), table.FilterWidth()], [table.StrideH(), table.StrideW()]
    pads = same_pads(table.Padding(), graph.shape(inputs[0])[1:3], kernel, stride)
    graph.add("MaxPool", [graph.value(inputs[0])], output, kernel_shape=kernel, strides=stride, pads=pads)


def pad(graph, inputs, output):
    amounts = graph.needs_constant(inputs[1])[[0, 3, 1, 2]]
    pads = graph.initializer(f"{output}_pads", amounts.T.reshape(-1).astype(np.int64))
    graph.add("Pad", [graph.value(inputs[0]), pads], output)
    graph.padded.append(graph.shape(inputs[0])[3])


def prelu(graph, inputs, output):
    slope = graph.needs_constant(inputs[1]).reshape(-1, 1, 1)
    graph.add("PRelu", [graph.value(inputs[0]), graph.initializer(f"{output}_slope", slope)], output)


def reduce(graph, operator, inputs, output, kind):
    axes = [int(a) for a in graph.needs_constant(inputs[1]).reshape(-1)]
    keep = int(options(operator, tflite.ReducerOptions).KeepDims())
    if kind == "ReduceSum":  # from opset 13 its axes are an input
        axes = graph.initializer(f"{output}_axes", np.array(axes, np.int64))
        graph.add(kind, [graph.value(inputs[0]), axes], output, keepdims=keep)
    else:
        graph.add(kind, [graph.value(inputs[0])], output, axes=axes, keepdims=keep)


def strided_slice(graph, operator, inputs, output):
    table = options(operator, tflite.StridedSliceOptions)
    begin, end, stride = (graph.needs_constant(i).astype(np.int64) for i in inputs[1:4])
    if table.EllipsisMask() or table.NewAxisMask():
        raise UnsupportedGraph("slice with an ellipsis or a new axis")
    axes = range(len(begin))
    starts = np.array([0 if table.BeginMask() >> a & 1 else begin[a] for a in axes], np.int64)
    ends = np.array([np.iinfo(np.int64).max if table.EndMask() >> a & 1 else end[a] for a in axes], np.int64)
    dropped = [a for a in axes if table.ShrinkAxisMask() >> a & 1]
    ends[dropped] = starts[dropped] + 1
    names = [graph.initializer(f"{output}_{k}", v) for k, v in
             (("starts", starts), ("ends", ends), ("axes", np.arange(len(begin))), ("steps", stride))]
    target = f"{output}_slice" if dropped else output
    graph.add("Slice", [graph.value(inputs[0]), *names], target)
    if dropped:
        axes_name = graph.initializer(f"{output}_dropped", np.array(dropped, np.int64))
        graph.add("Squeeze", [target, axes_name], output)


def reshape(graph, index, inputs, output):
    shape = np.array(graph.shape(index), np.int64)
    if graph.channels_first:
        shape[0] = -1  # the batch stays free
    graph.add("Reshape", [graph.value(inputs[0]), graph.initializer(f"{output}_shape", shape)], output)


def convert_operator(graph, operator):
    kind = OPERATORS[graph.model.OperatorCodes(operator.OpcodeIndex()).BuiltinCode()]
    inputs, index = [int(i) for i in operator.InputsAsNumpy()], int(operator.OutputsAsNumpy()[0])
    output = f"t{index}"
    names = lambda: [graph.value(i) for i in inputs]
    match kind:
        case "DEQUANTIZE":
            graph.constants[index] = graph.needs_constant(inputs[0]).astype(np.float32)
        case "CONV_2D" | "DEPTHWISE_CONV_2D":
            convolve(graph, operator, inputs, output, kind.startswith("DEPTHWISE"))
        case "ADD" | "SUB" | "MUL" | "DIV":
            table = getattr(tflite, f"{kind.title()}Options")
            arithmetic(graph, operator, inputs, output, kind.title(), table)
        case "PRELU":
            prelu(graph, inputs, output)
        case "MAX_POOL_2D":
            pool(graph, operator, inputs, output)
        case "PAD":
            pad(graph, inputs, output)
        case "LOGISTIC" | "NEG" | "SQRT":
            graph.add({"LOGISTIC": "Sigmoid", "NEG": "Neg", "SQRT": "Sqrt"}[kind], names(), output)
        case "RSQRT":
            graph.add("Reciprocal", [graph.add("Sqrt", names(), f"{output}_sqrt")], output)
        case "SQUARED_DIFFERENCE":
            difference = graph.add("Sub", names(), f"{output}_difference")
            graph.add("Mul", [difference, difference], output)
        case "MEAN" | "SUM":
            reduce(graph, operator, inputs, output, "ReduceMean" if kind == "MEAN" else "ReduceSum")
        case "TRANSPOSE":
            graph.add("Transpose", names()[:1], output, perm=[int(a) for a in graph.needs_constant(inputs[1])])
        case "CONCATENATION":
            graph.add("Concat", names(), output, axis=options(operator, tflite.ConcatenationOptions).Axis())
        case "RESHAPE":
            reshape(graph, index, inputs, output)
        case "STRIDED_SLICE":
            strided_slice(graph, operator, inputs, output)
        case _:
            raise UnsupportedGraph(f"operator {kind}")


def finish(graph, name, inputs, outputs):
    """The ONNX model with its nodes in file order; unused constants were never added."""
    made = helper.make_graph(graph.nodes, name, inputs, outputs, [graph.initializers[k] for k in graph.initializers])
    model = helper.make_model(made, opset_imports=[helper.make_opsetid("", OPSET)], producer_name="biometry-setup")
    model.ir_version = IR_VERSION
    onnx.checker.check_model(model, full_check=True)
    return model


def convert_mesh(data):
    """`input_12` [N,256,256,3] RGB 0-1 -> `Identity` [N,478,3] crop pixels, `Identity_1` [N,1] face presence (a logit).

    The graph's third output, tongue-out (`Identity_2`), is kept as [N,1] too.
    """
    graph = Graph(data, channels_first=True)
    source = int(graph.sub.InputsAsNumpy()[0])
    graph.add("Transpose", ["input_12"], f"t{source}", perm=[0, 3, 1, 2])
    for i in range(graph.sub.OperatorsLength()):
        convert_operator(graph, graph.sub.Operators(i))
    shapes = {"Identity": [478, 3], "Identity_1": [1], "Identity_2": [1]}
    outputs = []
    for index in (int(i) for i in graph.sub.OutputsAsNumpy()):
        name = graph.sub.Tensors(index).Name().decode()
        shape = graph.initializer(f"{name}_shape", np.array([-1, *shapes[name]], np.int64))
        graph.add("Reshape", [f"t{index}", shape], name)
        outputs.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, ["N", *shapes[name]]))
    entry = helper.make_tensor_value_info("input_12", TensorProto.FLOAT, ["N", 256, 256, 3])
    return blocked_layout.rewrite(finish(graph, "face_mesh", [entry], outputs), graph.padded)


def convert_blendshapes(data):
    """`points` [1,146,2] mesh points in pixels -> `scores` [52] in 0-1."""
    graph = Graph(data, channels_first=False)
    source, result = int(graph.sub.InputsAsNumpy()[0]), int(graph.sub.OutputsAsNumpy()[0])
    graph.add("Identity", ["points"], f"t{source}")
    for i in range(graph.sub.OperatorsLength()):
        convert_operator(graph, graph.sub.Operators(i))
    graph.add("Identity", [f"t{result}"], "scores")
    entry = helper.make_tensor_value_info("points", TensorProto.FLOAT, [1, 146, 2])
    outputs = [helper.make_tensor_value_info("scores", TensorProto.FLOAT, [52])]
    return finish(graph, "blendshapes", [entry], outputs)


def convert(data):
    """Picks the graph by its input rank: an image is [1,h,w,3]."""
    sub = tflite.Model.GetRootAs(data, 0).Subgraphs(0)
    is_image = sub.Tensors(int(sub.InputsAsNumpy()[0])).ShapeLength() == 4
    return (convert_mesh if is_image else convert_blendshapes)(data).SerializeToString(deterministic=True)


if __name__ == "__main__":
    Path(sys.argv[2]).write_bytes(convert(Path(sys.argv[1]).read_bytes()))

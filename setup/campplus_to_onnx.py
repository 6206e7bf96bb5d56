"""Convert the CAM++ speaker embedding (3D-Speaker, zh+en 16 kHz advanced) from its PyTorch weights to ONNX.

Numpy and `onnx.helper` alone, and the same bytes every time. The network is that of Wang et al. 2023 (CAM++,
arXiv 2303.00332). Batch normalisation after a convolution is folded into it. The context of a masking layer, the mean
of the utterance plus the mean of its 100-frame segment, is one product with an averaging matrix; the mask is then
computed once a segment, not once a frame. One-dimensional convolutions are written as [B,C,1,T], because ONNX Runtime
has its blocked layout for two dimensions only.

    campplus_to_onnx.py WEIGHTS.pt OUT.onnx
"""

import sys
from pathlib import Path

import numpy as np
import onnx
import torch_archive
from onnx import TensorProto, helper, numpy_helper

OPSET, IR_VERSION = 17, 8
EPSILON = 1e-5
SEGMENT = 100
BLOCKS = ((12, 1), (24, 2), (16, 2))  # layers and dilation of the three dense blocks


class Builder:
    """Nodes and weights in the order they are added."""

    def __init__(self, weights):
        self.weights, self.nodes, self.initializers = weights, [], {}

    def constant(self, name, value):
        self.initializers.setdefault(name, numpy_helper.from_array(np.ascontiguousarray(value), name))
        return name

    def ints(self, *values):
        return self.constant("i_" + "_".join(map(str, values)), np.array(values, np.int64))

    def add(self, kind, inputs, **attributes):
        output = f"{kind.lower()}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, inputs, [output], name=output, **attributes))
        return output

    def norm(self, name):
        """Scale and shift, in float64, of a batch normalisation (which may have no weights of its own)."""
        mean, variance = (self.weights[f"{name}.running_{k}"].astype(np.float64) for k in ("mean", "var"))
        scale = self.weights.get(f"{name}.weight", np.ones_like(mean)) / np.sqrt(variance + EPSILON)
        return scale, self.weights.get(f"{name}.bias", np.zeros_like(mean)) - mean * scale

    def conv(self, x, name, norm=None, relu=False, **attributes):
        """A convolution with the batch normalisation that follows it folded in."""
        kernel, bias = self.weights[f"{name}.weight"].astype(np.float64), self.weights.get(f"{name}.bias")
        if norm:
            scale, bias = self.norm(norm)
            kernel = kernel * scale.reshape(-1, *[1] * (kernel.ndim - 1))
        if kernel.ndim == 3:
            kernel = kernel[:, :, None]
        inputs = [x, self.constant(f"{name}.weight", kernel.astype(np.float32))]
        if bias is not None:
            inputs.append(self.constant(f"{name}.bias", bias.astype(np.float32)))
        y = self.add("Conv", inputs, kernel_shape=list(kernel.shape[2:]), **attributes)
        return self.add("Relu", [y]) if relu else y

    def norm_relu(self, x, name):
        parts = [self.weights[f"{name}.{k}"] for k in ("weight", "bias", "running_mean", "running_var")]
        inputs = [self.constant(f"{name}.{i}", p) for i, p in enumerate(parts)]
        return self.add("Relu", [self.add("BatchNormalization", [x, *inputs], epsilon=EPSILON)])


def residual_block(net, x, name, stride):
    y = net.conv(x, f"{name}.conv1", f"{name}.bn1", relu=True, pads=[1, 1, 1, 1], strides=[stride, 1])
    y = net.conv(y, f"{name}.conv2", f"{name}.bn2", pads=[1, 1, 1, 1])
    if stride > 1:
        x = net.conv(x, f"{name}.shortcut.0", f"{name}.shortcut.1", strides=[stride, 1])
    return net.add("Relu", [net.add("Add", [y, x])])


def head(net, feats):
    """The 2-D front end: [B,T,80] -> [B,320,1,T]."""
    x = net.add("Unsqueeze", [net.add("Transpose", [feats], perm=[0, 2, 1]), net.ints(1)])
    x = net.conv(x, "head.conv1", "head.bn1", relu=True, pads=[1, 1, 1, 1])
    for layer in ("head.layer1", "head.layer2"):
        x = residual_block(net, residual_block(net, x, f"{layer}.0", 2), f"{layer}.1", 1)
    x = net.conv(x, "head.conv2", "head.bn2", relu=True, pads=[1, 1, 1, 1], strides=[2, 1])
    return net.add("Reshape", [x, net.ints(0, 320, 1, -1)])


def segments(net, x):
    """For T frames in S segments: the averaging matrix [T,S] (utterance mean + segment mean), the matrix [S,T] that
    gives every frame its segment's value, and T as float."""
    length = net.add("Slice", [net.add("Shape", [x]), net.ints(3), net.ints(4)])
    count = net.add("Cast", [length], to=TensorProto.FLOAT)
    zero, one = net.constant("zero", np.int64(0)), net.constant("one", np.int64(1))
    frames = net.add("Range", [zero, net.add("Squeeze", [length]), one])
    segment = net.add("Div", [frames, net.constant("segment", np.int64(SEGMENT))])
    last = net.add("ReduceMax", [segment], keepdims=0)
    columns = net.add("Range", [zero, net.add("Add", [last, one]), one])
    member = net.add("Equal", [net.add("Unsqueeze", [segment, net.ints(1)]), net.add("Unsqueeze", [columns, net.ints(0)])])
    member = net.add("Cast", [member], to=TensorProto.FLOAT)
    sizes = net.add("ReduceSum", [member, net.ints(0)], keepdims=1)
    average = net.add("Add", [net.add("Div", [member, sizes]), net.add("Reciprocal", [count])])
    return average, net.add("Transpose", [member], perm=[1, 0]), count


def masked_layer(net, x, name, dilation, average, spread):
    """One densely connected layer with its context-aware mask: [B,C,1,T] -> [B,32,1,T]."""
    y = net.norm_relu(x, f"{name}.nonlinear1.batchnorm")
    y = net.conv(y, f"{name}.linear1", f"{name}.nonlinear2.batchnorm", relu=True)
    local = net.conv(y, f"{name}.cam_layer.linear_local", pads=[0, dilation] * 2, dilations=[1, dilation])
    context = net.conv(net.add("MatMul", [y, average]), f"{name}.cam_layer.linear1", relu=True)
    mask = net.add("Sigmoid", [net.conv(context, f"{name}.cam_layer.linear2")])
    masked = net.add("Mul", [local, net.add("MatMul", [mask, spread])])
    # Times one: a convolution is what brings the product back into the blocked layout, and with it the concatenation.
    ones = net.constant("ones", np.ones((32, 1, 1, 1), np.float32))
    return net.add("Conv", [masked, ones], kernel_shape=[1, 1], group=32)


def statistics(net, x, count):
    """Mean and unbiased standard deviation over time: [B,C,1,T] -> [B,2C,1,1]."""
    mean = net.add("ReduceMean", [x], axes=[3])
    off = net.add("Sub", [x, mean])
    squares = net.add("ReduceSum", [net.add("Mul", [off, off]), net.ints(3)])
    variance = net.add("Div", [squares, net.add("Sub", [count, net.constant("one_f", np.float32(1))])])
    return net.add("Concat", [mean, net.add("Sqrt", [variance])], axis=1)


def build(weights):
    net = Builder(weights)
    x = head(net, "feats")
    x = net.conv(x, "xvector.tdnn.linear", "xvector.tdnn.nonlinear.batchnorm", relu=True, pads=[0, 2, 0, 2], strides=[1, 2])
    average, spread, count = segments(net, x)
    for block, (layers, dilation) in enumerate(BLOCKS, 1):
        for layer in range(1, layers + 1):
            y = masked_layer(net, x, f"xvector.block{block}.tdnnd{layer}", dilation, average, spread)
            x = net.add("Concat", [x, y], axis=1)
        x = net.norm_relu(x, f"xvector.transit{block}.nonlinear.batchnorm")
        x = net.conv(x, f"xvector.transit{block}.linear")
    x = statistics(net, net.norm_relu(x, "xvector.out_nonlinear.batchnorm"), count)
    x = net.conv(x, "xvector.dense.linear", "xvector.dense.nonlinear.batchnorm")
    net.nodes.append(helper.make_node("Squeeze", [x, net.ints(2, 3)], ["embedding"], name="embedding"))
    return net


def convert(data):
    """`feats` [B,T,80] Kaldi log-mels minus their mean -> `embedding` [B,192], not normalised."""
    net = build(torch_archive.read(data))
    entry = helper.make_tensor_value_info("feats", TensorProto.FLOAT, ["B", "T", 80])
    result = helper.make_tensor_value_info("embedding", TensorProto.FLOAT, ["B", 192])
    graph = helper.make_graph(net.nodes, "campplus", [entry], [result], list(net.initializers.values()))
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], producer_name="biometry-setup")
    model.ir_version = IR_VERSION
    onnx.checker.check_model(model, full_check=True)
    return model.SerializeToString(deterministic=True)


if __name__ == "__main__":
    Path(sys.argv[2]).write_bytes(convert(Path(sys.argv[1]).read_bytes()))

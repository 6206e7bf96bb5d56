"""Rewrite a convolutional ONNX graph so that ONNX Runtime keeps its blocked CPU layout from end to end.

The runtime's fast convolutions keep tensors in blocks of channels, and it leaves that layout (a reorder each way, and
slower kernels) at every operator it has no blocked form for. In the face mesh PRelu alone cost three times what all
the convolutions cost together. Every step here is exact but for float32 rounding:

* weights that are listed as graph inputs become constants, so that they can be folded and reordered beforehand;
* PRelu with a slope a a channel is x + (1 - a) * relu(-x): two 1x1 depthwise convolutions, the first with its Relu
  fused, the second with the addition fused;
* PRelu after a narrow convolution W and before a depthwise one K and a pointwise one P doubles the channels instead:
  relu([W; -W]) holds relu(x) and relu(-x), K becomes [K; -aK] and P becomes [P, P]. The blocked layout pads narrow
  convolutions to 16 channels anyway, so this costs nothing;
* padding with zero channels is a 1x1 convolution with part of the identity, which then takes the addition that follows.
"""

import numpy as np
import onnx
from onnx import helper, numpy_helper

NARROW = 8


class Rewriter:
    def __init__(self, model):
        self.graph = model.graph
        self.values = {i.name: numpy_helper.to_array(i) for i in self.graph.initializer}
        self.producer = {n.output[0]: n for n in self.graph.node}
        self.consumers = {}
        for node in self.graph.node:
            for name in node.input:
                self.consumers.setdefault(name, []).append(node)
        self.replaced = {}  # id of a node -> nodes in its place

    def set(self, name, value):
        self.values[name] = np.ascontiguousarray(value.astype(np.float32))
        return name

    def scale(self, source, factor, output):
        """A 1x1 depthwise convolution: one factor a channel."""
        weights = self.set(f"{output}_w", factor.reshape(-1, 1, 1, 1))
        attributes = {"group": factor.size, "kernel_shape": [1, 1]}
        return helper.make_node("Conv", [source, weights], [output], name=output, **attributes)

    def only_consumer(self, node):
        found = self.consumers.get(node.output[0], [])
        return found[0] if len(found) == 1 else None

    def narrow_pattern(self, prelu):
        """The convolutions around it, if they are a narrow one, a depthwise and a pointwise one; else None."""
        before, after = self.producer.get(prelu.input[0]), self.only_consumer(prelu)
        last = self.only_consumer(after) if after is not None else None
        if not all(n is not None and n.op_type == "Conv" and len(n.input) == 3 for n in (before, after, last)):
            return None
        width = self.values[before.input[1]].shape[0]
        is_depthwise = self.values[after.input[1]].shape[:2] == (width, 1)
        return (before, after, last) if width <= NARROW and is_depthwise and self.only_consumer(before) is prelu else None

    def double_channels(self, prelu, before, after, last):
        name, slope = prelu.output[0], self.values[prelu.input[1]].reshape(-1, 1, 1, 1)
        w, b = (self.values[i] for i in before.input[1:])
        k, c = (self.values[i] for i in after.input[1:])
        p = self.values[last.input[1]]
        before.input[1] = self.set(f"{name}_w2", np.concatenate([w, -w]))
        before.input[2] = self.set(f"{name}_b2", np.concatenate([b, -b]))
        after.input[1] = self.set(f"{name}_k2", np.concatenate([k, -slope * k]))
        after.input[2] = self.set(f"{name}_c2", np.concatenate([c, np.zeros_like(c)]))
        next(a for a in after.attribute if a.name == "group").i *= 2
        last.input[1] = self.set(f"{name}_p2", np.concatenate([p, p], axis=1))
        self.replaced[id(prelu)] = [helper.make_node("Relu", [prelu.input[0]], [name], name=f"{name}_relu")]

    def split_prelu(self, prelu):
        x, name, slope = prelu.input[0], prelu.output[0], self.values[prelu.input[1]].reshape(-1)
        self.replaced[id(prelu)] = [
            self.scale(x, -np.ones_like(slope), f"{name}_minus"),
            helper.make_node("Relu", [f"{name}_minus"], [f"{name}_negative"], name=f"{name}_negative"),
            self.scale(f"{name}_negative", 1 - slope, f"{name}_rest"),
            helper.make_node("Add", [f"{name}_rest", x], [name], name=f"{name}_sum"),
        ]

    def pad_by_convolution(self, pad, channels):
        """Only zeros, only after the channels that are there."""
        amounts = self.values[pad.input[1]]
        assert amounts[5] == amounts.sum() and len(amounts) == 8, "only channel padding is known here"
        eye = np.eye(channels + int(amounts[5]), channels).reshape(-1, channels, 1, 1)
        name, output = pad.name, pad.output[0]
        inputs = [pad.input[0], self.set(f"{output}_eye", eye)]
        self.replaced[id(pad)] = [helper.make_node("Conv", inputs, [output], name=name, kernel_shape=[1, 1])]

    def finish(self):
        nodes = [new for node in self.graph.node for new in self.replaced.get(id(node), [node])]
        used = {name for node in nodes for name in node.input}
        inputs = [i for i in self.graph.input if i.name not in self.values]
        kept = [numpy_helper.from_array(v, k) for k, v in self.values.items() if k in used]
        del self.graph.node[:], self.graph.initializer[:], self.graph.input[:]
        self.graph.node.extend(nodes)
        self.graph.initializer.extend(kept)
        self.graph.input.extend(inputs)


def rewrite(model, padded_channels=()):
    """Changes `model` in place. `padded_channels`: the channels that go into each Pad node, in order."""
    rewriter = Rewriter(model)
    for node in [n for n in model.graph.node if n.op_type == "PRelu"]:
        pattern = rewriter.narrow_pattern(node)
        if pattern:
            rewriter.double_channels(node, *pattern)
        else:
            rewriter.split_prelu(node)
    pads = [n for n in model.graph.node if n.op_type == "Pad"] if padded_channels else []
    for node, channels in zip(pads, padded_channels, strict=bool(padded_channels)):
        rewriter.pad_by_convolution(node, channels)
    rewriter.finish()
    return model


def convert(data):
    """The rewritten bytes of an ONNX file; inputs and outputs keep their names and shapes."""
    model = rewrite(onnx.load_from_string(data))
    onnx.checker.check_model(model, full_check=True)
    return model.SerializeToString(deterministic=True)

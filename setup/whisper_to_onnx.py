"""Convert Whisper base (multilingual) from its CTranslate2 file to two ONNX networks and a token list.

Numpy and `onnx.helper` alone, and the same bytes every time. The network is that of Radford et al. 2022 (arXiv
2212.04356). Matrix weights become 8-bit integers with one scale for each output channel; their range is cut to 7 bits,
because processors without VNNI add two 8-bit products in 16 bits and would overflow. Convolutions, norms and biases stay
float32.

The encoder computes the keys and values that the decoder's cross-attention needs, so they are made once for each clip.
Names of the cached tensors are those of the Moonshine decoder, so one program runs both.

    whisper_to_onnx.py MODEL.bin TOKENIZER.json OUT_FOLDER
"""

import json
import struct
import sys
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

OPSET, IR_VERSION = 20, 9
CONTRIB = "com.microsoft"
LAYERS, HEADS, HEAD, WIDTH, MELS = 6, 8, 64, 512, 80
EPSILON = 1e-5
WEIGHT_RANGE = 63  # 7 bits; see above
DTYPES = {0: np.float32, 1: np.int8, 2: np.int16, 3: np.int32, 4: np.float16}
FLOAT, INT64 = TensorProto.FLOAT, TensorProto.INT64


def read_weights(data):
    """Name -> array of a CTranslate2 model file, version 6."""
    at = 0

    def take(form):
        nonlocal at
        values = struct.unpack_from("<" + form, data, at)
        at += struct.calcsize("<" + form)
        return values if len(values) > 1 else values[0]

    def text():
        nonlocal at
        length = take("H")
        at += length
        return data[at - length : at - 1].decode()

    version, spec = take("I"), text()
    if version != 6 or spec != "WhisperSpec":
        raise ValueError(f"not a Whisper model of CTranslate2's format 6: {spec} {version}")
    _revision, count = take("II")
    weights = {}
    for _ in range(count):
        name, rank = text(), take("B")
        shape = [take("I") for _ in range(rank)]
        kind, size = take("B"), take("I")
        weights[name] = np.frombuffer(data, DTYPES[kind], size // np.dtype(DTYPES[kind]).itemsize, at).reshape(shape)
        at += size
    return weights


class Builder:
    """Nodes and weights in the order they are added."""

    def __init__(self, weights):
        self.weights, self.nodes, self.initializers = weights, [], {}

    def weight(self, name):
        return self.weights[name].astype(np.float32)

    def constant(self, name, value):
        self.initializers.setdefault(name, numpy_helper.from_array(np.ascontiguousarray(value), name))
        return name

    def ints(self, *values):
        return self.constant("i_" + "_".join(map(str, values)), np.array(values, np.int64))

    def add(self, kind, inputs, outputs=1, name=None, **attributes):
        name = name or f"{kind.lower()}_{len(self.nodes)}"
        names = [name] if outputs == 1 else [f"{name}_{i}" for i in range(outputs)]
        domain = CONTRIB if kind.startswith("DynamicQuantize") else ""
        self.nodes.append(helper.make_node(kind, inputs, names, name=name, domain=domain, **attributes))
        return name if outputs == 1 else names

    def linear(self, x, name):
        weight, scale = quantize(self.weight(f"{name}/weight").T)
        inputs = [x, self.constant(f"{name}/weight", weight), self.constant(f"{name}/scale", scale), "",
                  self.constant(f"{name}/bias", self.weight(f"{name}/bias"))]
        return self.add("DynamicQuantizeMatMul", inputs)

    def norm(self, x, name):
        inputs = [x, *(self.constant(f"{name}/{k}", self.weight(f"{name}/{k}")) for k in ("gamma", "beta"))]
        return self.add("LayerNormalization", inputs, epsilon=EPSILON)

    def conv(self, x, name, stride):
        inputs = [x, *(self.constant(f"{name}/{k}", self.weight(f"{name}/{k}")) for k in ("weight", "bias"))]
        return self.add("Gelu", [self.add("Conv", inputs, kernel_shape=[3], pads=[1, 1], strides=[stride])])

    def feed_forward(self, x, name):
        y = self.linear(self.norm(x, f"{name}/layer_norm"), f"{name}/linear_0")
        return self.add("Add", [x, self.linear(self.add("Gelu", [y]), f"{name}/linear_1")])

    def heads(self, x, output=None):
        """[B,L,512] -> [B,8,L,64]."""
        split = self.add("Reshape", [x, self.ints(0, -1, HEADS, HEAD)])
        return self.add("Transpose", [split], perm=[0, 2, 1, 3], name=output)

    def attention(self, query, key, value, mask=None):
        scaled = self.add("Mul", [query, self.constant("scale", np.float32(HEAD**-0.5))])
        scores = self.add("MatMul", [scaled, self.add("Transpose", [key], perm=[0, 1, 3, 2])])
        if mask:
            scores = self.add("Add", [scores, mask])
        mixed = self.add("MatMul", [self.add("Softmax", [scores], axis=-1), value])
        return self.add("Reshape", [self.add("Transpose", [mixed], perm=[0, 2, 1, 3]), self.ints(0, -1, WIDTH)])

    def size(self, x, axis):
        return self.add("Shape", [x], start=axis, end=axis + 1)


def quantize(weight):
    """8-bit integers [in, out] and one scale for each column."""
    scale = np.abs(weight).max(0).clip(1e-8) / WEIGHT_RANGE
    return np.rint(weight / scale).astype(np.int8), scale.astype(np.float32)


def cache_names(layer, owner, prefix):
    return [f"{prefix}.{layer}.{owner}.{half}" for half in ("key", "value")]


def encoder(data):
    """`mels` [1,80,T] -> the keys and values of the decoder's cross-attention, `present.N.encoder.*` [1,8,T/2,64]."""
    net = Builder(read_weights(data))
    x = net.conv(net.conv("mels", "encoder/conv1", 1), "encoder/conv2", 2)
    x = net.add("Transpose", [x], perm=[0, 2, 1])
    positions = net.constant("positions", net.weight("encoder/position_encodings/encodings"))
    x = net.add("Add", [x, net.add("Slice", [positions, net.ints(0), net.size(x, 1)])])
    for layer in range(LAYERS):
        name = f"encoder/layer_{layer}"
        fused = net.linear(net.norm(x, f"{name}/self_attention/layer_norm"), f"{name}/self_attention/linear_0")
        parts = net.add("Split", [fused], outputs=3, axis=2, num_outputs=3)
        y = net.attention(*map(net.heads, parts))
        x = net.add("Add", [x, net.linear(y, f"{name}/self_attention/linear_1")])
        x = net.feed_forward(x, f"{name}/ffn")
    x = net.norm(x, "encoder/layer_norm")
    outputs = []
    for layer in range(LAYERS):
        parts = net.add("Split", [net.linear(x, f"decoder/layer_{layer}/attention/linear_1")], outputs=2, axis=2, num_outputs=2)
        names = cache_names(layer, "encoder", "present")
        outputs += [tensor(net.heads(part, name), 1, "S") for part, name in zip(parts, names)]
    mels = helper.make_tensor_value_info("mels", FLOAT, [1, MELS, "T"])
    return finish(net, "whisper_encoder", [mels], outputs)


def decoder(data):
    """`input_ids` [B,L] after the cached tokens -> `logits` [B,1,51865] of what follows the last, and the new cache."""
    net = Builder(read_weights(data))
    table, scale = quantize(net.weight("decoder/embeddings/weight").T)
    table = net.constant("embeddings", table.T)
    scale = net.constant("embeddings/scale", scale)
    rows = net.add("Cast", [net.add("Gather", [table, "input_ids"])], to=FLOAT)
    scales = net.add("Unsqueeze", [net.add("Gather", [scale, "input_ids"]), net.ints(-1)])
    past = net.size("past_key_values.0.decoder.key", 2)
    total = net.add("Add", [past, net.size("input_ids", 1)])
    positions = net.constant("positions", net.weight("decoder/position_encodings/encodings"))
    x = net.add("Add", [net.add("Mul", [rows, scales]), net.add("Slice", [positions, past, total])])
    mask = causal_mask(net, past, total)
    inputs, outputs = [helper.make_tensor_value_info("input_ids", INT64, ["B", "L"])], []
    for layer in range(LAYERS):
        name = f"decoder/layer_{layer}"
        fused = net.linear(net.norm(x, f"{name}/self_attention/layer_norm"), f"{name}/self_attention/linear_0")
        query, *new = map(net.heads, net.add("Split", [fused], outputs=3, axis=2, num_outputs=3))
        own = [net.add("Concat", [old, part], axis=2, name=present) for old, part, present in
               zip(cache_names(layer, "decoder", "past_key_values"), new, cache_names(layer, "decoder", "present"))]
        y = net.attention(query, *own, mask)
        x = net.add("Add", [x, net.linear(y, f"{name}/self_attention/linear_1")])
        query = net.heads(net.linear(net.norm(x, f"{name}/attention/layer_norm"), f"{name}/attention/linear_0"))
        cross = cache_names(layer, "encoder", "past_key_values")
        x = net.add("Add", [x, net.linear(net.attention(query, *cross), f"{name}/attention/linear_2")])
        x = net.feed_forward(x, f"{name}/ffn")
        inputs += [tensor(n, "B", "P") for n in cache_names(layer, "decoder", "past_key_values")]
        inputs += [tensor(n, 1, "S") for n in cross]
        outputs += [tensor(n, "B", "P+L") for n in own]
    last = net.add("Slice", [net.norm(x, "decoder/layer_norm"), net.ints(-1), net.ints(2**31), net.ints(1)])
    across = net.add("Transpose", [table], perm=[1, 0])
    net.add("DynamicQuantizeMatMul", [last, across, scale], name="logits")
    logits = helper.make_tensor_value_info("logits", FLOAT, ["B", 1, len(net.weights["decoder/embeddings/weight"])])
    return finish(net, "whisper_decoder", inputs, [logits, *outputs])


def causal_mask(net, past, total):
    """[L, P+L]: 0 where a token may look, a large negative number at later tokens."""
    zero, one = net.constant("zero", np.int64(0)), net.constant("one", np.int64(1))
    start, end = net.add("Squeeze", [past]), net.add("Squeeze", [total])
    rows = net.add("Unsqueeze", [net.add("Range", [start, end, one]), net.ints(1)])
    later = net.add("Greater", [net.add("Range", [zero, end, one]), rows])
    return net.add("Where", [later, net.constant("never", np.float32(-1e9)), net.constant("nothing", np.float32(0))])


def tensor(name, batch, length):
    return helper.make_tensor_value_info(name, FLOAT, [batch, HEADS, length, HEAD])


def finish(net, name, inputs, outputs):
    graph = helper.make_graph(net.nodes, name, inputs, outputs, list(net.initializers.values()))
    opsets = [helper.make_opsetid("", OPSET), helper.make_opsetid(CONTRIB, 1)]
    model = helper.make_model(graph, opset_imports=opsets, producer_name="biometry-setup")
    model.ir_version = IR_VERSION
    onnx.checker.check_model(model)
    return model.SerializeToString(deterministic=True)


def tokenizer(data):
    """The byte strings of all text tokens by id, each after its length (two bytes from 128 on): Moonshine's format."""
    vocabulary = json.loads(data)["model"]["vocab"]
    printable = {character: byte for byte, character in byte_characters().items()}
    pieces = sorted((token, bytes(printable[c] for c in text)) for text, token in vocabulary.items()
                    if all(c in printable for c in text) and not text.startswith("<|"))
    if [token for token, _ in pieces] != list(range(len(pieces))):
        raise ValueError("the text tokens are not numbered without gaps")
    return b"".join(length_prefix(len(piece)) + piece for _, piece in pieces)


def length_prefix(length):
    return bytes([length]) if length < 128 else bytes([length & 127 | 128, length // 128])


def byte_characters():
    """Byte -> the printable character by which byte-level BPE writes it (GPT-2's table)."""
    printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = [byte for byte in range(256) if byte not in printable]
    return {b: chr(b) for b in printable} | {b: chr(256 + i) for i, b in enumerate(others)}


if __name__ == "__main__":
    model, words, out = Path(sys.argv[1]).read_bytes(), Path(sys.argv[2]).read_bytes(), Path(sys.argv[3])
    (out / "whisper_encoder.onnx").write_bytes(encoder(model))
    (out / "whisper_decoder.onnx").write_bytes(decoder(model))
    (out / "whisper_tokenizer.bin").write_bytes(tokenizer(words))

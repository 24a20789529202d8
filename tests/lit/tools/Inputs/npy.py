"""npy.py write FILE DESCR SHAPE VALUE ... | npy.py show FILE

A .npy file from values, or its header and values as text. DESCR is <f2, <f4 or
<f8, or bf16 for the upper halves of f32 values as <V2. SHAPE is as in Python,
with an F before it for Fortran order: "(2, 3)", "F(2, 3)". Values are repeated
to fill the shape."""

import ast
import struct
import sys

FORMATS = {"<f2": "e", "<f4": "f", "<f8": "d"}


def pack(descr, value):
    if descr == "bf16":
        return struct.pack("<f", value)[2:]
    return struct.pack("<" + FORMATS[descr], value)


def write(path, descr, shape, *values):
    fortran = shape.startswith("F")
    shape = ast.literal_eval(shape.removeprefix("F"))
    count = 1
    for extent in shape:
        count *= extent
    name = "<V2" if descr == "bf16" else descr
    header = str({"descr": name, "fortran_order": fortran, "shape": shape}) + "\n"
    with open(path, "wb") as file:
        file.write(b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header.encode())
        for i in range(count):
            file.write(pack(descr, float(values[i % len(values)])))


def show(path):
    with open(path, "rb") as file:
        data = file.read()
    length = struct.unpack("<H", data[8:10])[0]
    header = ast.literal_eval(data[10 : 10 + length].decode())
    elements = data[10 + length :]
    if header["descr"] == "<V2":
        pairs = [elements[i : i + 2] for i in range(0, len(elements), 2)]
        values = [struct.unpack("<f", b"\0\0" + pair)[0] for pair in pairs]
    else:
        values = [v for (v,) in struct.iter_unpack("<" + FORMATS[header["descr"]], elements)]
    print(header["descr"], header["shape"], " ".join(f"{value:.4g}" for value in values))


{"write": write, "show": show}[sys.argv[1]](*sys.argv[2:])

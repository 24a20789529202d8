"""near.py A B: checks that two .npy files of <f4 have the same header, and
values that differ by no more than 2^-20 of the largest."""

import struct
import sys


def read(path):
    with open(path, "rb") as file:
        data = file.read()
    size = 10 + struct.unpack("<H", data[8:10])[0]
    values = data[size:]
    return data[:size], struct.unpack(f"<{len(values) // 4}f", values)


(header, expected), (other, found) = read(sys.argv[1]), read(sys.argv[2])
assert header == other, (header, other)
largest = max(map(abs, expected))
assert largest > 0
for index, (a, b) in enumerate(zip(expected, found)):
    assert abs(a - b) <= 2**-20 * largest, (index, a, b)

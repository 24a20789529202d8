"""bench.py FILE KEY=VALUE ...: checks that FILE is a JSON object with exactly
the keys that normc bench promises, in order, that its numbers make sense
together, and that it has these values."""

import json
import sys

KEYS = "name target dtype shape threads time_us bytes gb_s ceiling_gb_s ratio compile_ms".split()

with open(sys.argv[1]) as file:
    found = json.load(file)
assert list(found) == KEYS, list(found)
for argument in sys.argv[2:]:
    key, value = argument.split("=")
    assert str(found[key]) == value, (key, found[key])
for key in KEYS[4:]:
    assert found[key] > 0, (key, found[key])


def near(a, b):
    return abs(a - b) <= 1e-6 * abs(b)


assert near(found["gb_s"], found["bytes"] / found["time_us"] * 1e-3), found
assert near(found["ratio"], found["gb_s"] / found["ceiling_gb_s"]), found

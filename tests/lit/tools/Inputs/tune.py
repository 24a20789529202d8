"""tune.py FILE KEY=VALUE ...: checks that FILE is a JSON object with exactly
the keys that normc tune promises, in order, that its numbers make sense
together, and that it has these values. Its kernel started from a schedule of
half of a quarter of a vector, so that something must have been gained."""

import json
import sys

KEYS = (
    "name target dtype shape threads bytes cold budget_s spent_s tried not_tried changes "
    "start_us tuned_us gain spread rounds"
).split()
OUTCOMES = ("taken", "no gain", "same code", "refused", "other results")

with open(sys.argv[1]) as file:
    found = json.load(file)
assert list(found) == KEYS, list(found)
for argument in sys.argv[2:]:
    key, value = argument.split("=")
    assert str(found[key]) == value, (key, found[key])

tried = {}
for trial in found["tried"]:
    tried.setdefault(trial["parameter"], []).append(trial)
    outcome = trial["outcome"]
    assert outcome in OUTCOMES and trial["from"] != trial["to"], trial
    assert ("gain" in trial) == (outcome in ("taken", "no gain")), trial
    assert ("why" in trial) == (outcome in ("refused", "other results")), trial
    if outcome == "taken":
        assert trial["gain"] >= 0.01 and trial["gain"] > trial["spread"], trial
    # Nothing that is tried here is wrong.
    assert outcome not in ("refused", "other results"), trial
assert set(tried) | {name.split()[0] for name in found["not_tried"]} == set(
    "rows prefetch stream unroll width chunk".split()
), tried

assert found["changes"], "nothing was gained"
assert found["tuned_us"] < found["start_us"]
assert found["gain"] >= 0.01 and found["gain"] > found["spread"], found

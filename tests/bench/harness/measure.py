"""Rounds in which the copy, our kernel and the rivals take turns."""

import statistics
import threading
import time
from dataclasses import dataclass
from pathlib import Path

# How much may change within a case before it is measured again, and marked if
# it changes each time: the time of the copy, between the halves of the rounds and
# between the first and the last of a round, and the latency between the cores.
COPY_DRIFT = 0.10
LATENCY_DRIFT = 1.5
TRIES = 3


@dataclass
class Effort:
    rounds: int = 9
    min_rounds: int = 5
    seconds: float = 3.0  # No new round after these, but for `min_rounds`.
    sample: float = 1e-3  # A warm sample repeats shorter calls.


def is_busy():
    """Whether another thread of this process runs, or could. (The process's CPU
    time would not tell: for a thread on another processor it is as old as that
    one's last tick.)"""
    own = threading.get_native_id()
    for task in Path("/proc/self/task").iterdir():
        try:
            state = (task / "stat").read_text().rpartition(")")[2].split()[0]
        except OSError:  # It has ended.
            continue
        if state == "R" and int(task.name) != own:
            return True
    return False


def settle(limit=0.1):
    """Waits until no other thread of this process is busy, at most so many
    seconds, and says whether that is so: after a call on two threads those of
    OpenMP spin for 4 ms, those of ONNX Runtime for 25, on the processor that the
    next contestant needs."""
    end = time.perf_counter() + limit
    time.sleep(2e-3)
    while is_busy():
        if time.perf_counter() > end:
            return False
        time.sleep(1e-3)
    return True


def spread(samples):
    """As tools/measure: the middle, and the quarters around it."""
    ordered = sorted(samples)
    last = len(ordered) - 1
    return {
        "median": statistics.median(ordered),
        "low": ordered[last // 4],
        "high": ordered[last - last // 4],
        "samples": len(ordered),
    }


class Turn:
    """A contestant and its samples."""

    def __init__(self, contestant, effort, warm):
        self.contestant, self.warm = contestant, warm
        self.seconds = []
        self.disturbed = 0  # Samples beside a thread that did not stop.
        settle()
        self.once = contestant.time(1)
        if self.once < 5:  # The first call also finds memory and code.
            self.once = min(self.once, contestant.time(1))
        self.repeats = self.count_repeats(effort.sample) if warm else 1

    def count_repeats(self, seconds):
        """How many calls take so long, going by the shortest of ten and more: the
        first ones find memory and code, and threads that sleep."""
        calls = [self.once]
        while len(calls) < 10 or sum(calls) < 2 * seconds:
            calls.append(max(self.contestant.time(1), 1e-8))
        shortest = min(calls)
        return max(1, min(int(seconds / shortest), 100_000))

    def sample(self, flush):
        is_quiet = settle()
        if self.warm:  # Threads that sleep take 100 us to come.
            self.contestant.time(max(1, self.repeats // 4))
        elif flush:
            flush()
            is_quiet = settle()  # It left a thread of OpenMP's spinning.
            self.contestant.wake()
        self.disturbed += not is_quiet
        self.seconds.append(self.contestant.time(self.repeats))


def is_hopeless(turn, turns, effort):
    """So slow that one call says enough: a rival that is not the best one. The
    copy and our kernel, the first two and the last, are always measured."""
    if turn in (turns[0], turns[1], turns[-1]):
        return False
    fastest = min(other.once for other in turns[1:-1])
    return turn.once > 5 * fastest and turn.once * effort.rounds > 0.3


def rounds_of(turns, effort, flush):
    start = time.perf_counter()
    for number in range(effort.rounds):
        if number >= effort.min_rounds and time.perf_counter() - start > effort.seconds:
            break
        # The copies are first and last, by turns; between them the order turns.
        between, ends = turns[1:-1], (turns[0], turns[-1])
        shift = number % max(len(between), 1)
        first, last = ends if number % 2 == 0 else ends[::-1]
        for turn in [first, *between[shift:], *between[:shift], last]:
            if not is_hopeless(turn, turns, effort):
                turn.sample(flush)
            elif number == 0:
                turn.seconds.append(turn.once)


def by_itself(copy, again):
    return statistics.median(copy.seconds) / statistics.median(again.seconds)


def unsteady(copy, again, latencies):
    """Why the figures of a case can't be trusted; empty where they can."""
    faults = []
    both = [statistics.median(pair) for pair in zip(copy.seconds, again.seconds)]
    half = len(both) // 2
    early, late = statistics.median(both[:half]), statistics.median(both[-half:])
    if max(early, late) > (1 + COPY_DRIFT) * min(early, late):
        faults.append(f"the copy went from {1e6 * early:.1f} to {1e6 * late:.1f} us")
    itself = by_itself(copy, again)
    if max(itself, 1 / itself) > 1 + COPY_DRIFT:
        faults.append(f"the copy against itself is {itself:.2f}")
    known = [latency for latency in latencies if latency]
    if known and max(known) > LATENCY_DRIFT * min(known):
        faults.append(f"the cores' latency went from {known[0]:.0f} to {known[-1]:.0f} ns")
    return faults


def measure(contestants, case, effort, latency, flush):
    """The figures of all contestants, of which the first and the last are both
    the copy; `latency` and `flush` are functions."""
    turns = [Turn(contestant, effort, case.warm) for contestant in contestants]
    for attempt in range(TRIES):
        for turn in turns:
            turn.seconds.clear()
            turn.disturbed = 0
        settle()
        before = latency()
        rounds_of(turns, effort, flush if case.flushes else None)
        settle()
        latencies = [before, latency()]
        faults = unsteady(turns[0], turns[-1], latencies)
        if disturbed := sum(turn.disturbed for turn in turns):
            faults.append(f"a thread kept spinning beside {disturbed} samples")
        if not faults:
            break
    both = turns[0].seconds + turns[-1].seconds
    copy = spread(both)
    figures = {}
    for turn in turns[:-1]:
        figure = copy if turn is turns[0] else spread(turn.seconds)
        figure["gb_s"] = case.bytes / figure["median"] / 1e9
        figure["share"] = copy["median"] / figure["median"]
        if getattr(turn.contestant, "informative", False):
            figure["informative"] = True
        if getattr(turn.contestant, "differs", 0) > INEXACT[case.dtype]:
            figure["differs"] = turn.contestant.differs
        figures[turn.contestant.name] = figure
    record = {"figures": figures, "copy_by_itself": by_itself(turns[0], turns[-1])}
    record |= {"latency_ns": latencies}
    return record | {"attempts": attempt + 1, "unsteady": faults}


def sample_of(tensor, layout):
    """The first and the last million elements, in the order of our memory."""
    import torch  # Here, since the rest is tested without.

    if layout == "nhwc":
        tensor = tensor.permute(0, 2, 3, 1)
    flat = tensor.reshape(-1)
    return torch.cat([flat[: 1 << 20].float(), flat[-(1 << 20) :].float()])


# How far a result may be from ours, as a share of 1 + its size. Beyond the first
# a rival is noted as inexact; beyond the second it computes something else.
INEXACT = {"f32": 1e-4, "bf16": 2e-2}
OTHER = {"f32": 1e-2, "bf16": 1e-1}


def difference(result, expected):
    """The largest one, as a share of 1 + the expected size; NaN counts as all."""
    error = ((result - expected).abs() / (1 + expected.abs())).nan_to_num(nan=float("inf"))
    return error.max().item()

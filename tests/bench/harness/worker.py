"""Measures cases in a process of its own, which the driver has given its
processors: no library sees more threads than the others.

    python3 -m harness.worker JOB.json     (started by rivals.py)
"""

import json
import os
import sys
import time
from dataclasses import dataclass
from pathlib import Path

JOB = json.loads(Path(sys.argv[1]).read_text()) if len(sys.argv) > 1 else {}
if JOB:  # Before any library counts the processors.
    os.sched_setaffinity(0, JOB["processors"])

import torch  # noqa: E402

from . import measure  # noqa: E402
from .buffers import Arena, Buffers, FusedBuffers  # noqa: E402
from .cases import Case  # noqa: E402
from .native import Library  # noqa: E402
from .ours import Cached, Control, Copy, Fused, Ours, Plain, Streams  # noqa: E402


@dataclass
class Context:
    """What contestants are made with."""

    library: Library
    normc: str
    work: Path
    threads: int


def find_rivals(job):
    """Makers of contestants, and why others are absent."""
    makers, absent = [Cached, Streams, Control], {}
    wanted = set(job["rivals"])
    if "torch" in wanted:
        from .torch_rival import Compiled, Torch

        makers.append(Torch)
        if job["compiled"]:
            makers.append(Compiled)
    if "ort" in wanted:
        try:
            from .ort_rival import OnnxRuntime

            makers.append(OnnxRuntime)
        except ImportError as error:
            absent["ONNX Runtime"] = str(error)
    if "dnnl" in wanted:
        from .dnnl_rival import Dnnl, OneDnn

        for path in job["dnnl"]:
            try:
                dnnl = Dnnl(path)
            except (OSError, NotImplementedError) as error:
                absent[path] = str(error)
                continue
            for blocked in (False, True):
                makers.append(lambda *a, d=dnnl, b=blocked: OneDnn(d, *a, blocked=b))
    return makers, absent


def check(contestant, expected, buffers, case):
    """A sample of its results, which are those of ours; `differs` says how
    nearly."""
    buffers.spoil()
    result = contestant.result()
    if result is None:
        return None
    sample = measure.sample_of(result, case.layout)
    if expected is not None:
        contestant.differs = measure.difference(sample, expected)
        if contestant.differs > measure.OTHER[case.dtype]:
            raise ValueError(f"differs from ours by {contestant.differs:.3g}")
    return sample


def line_up(context, case, buffers, makers):
    """The contestants of a case, and why others are absent."""
    ours = (Fused if case.group == "fused" else Ours)(context, case, buffers)
    expected = check(ours, None, buffers, case)
    contestants, absent = [Copy(context, case, buffers), ours], {}
    for maker in makers:
        label = getattr(maker, "name", getattr(maker, "__name__", "oneDNN"))
        try:
            contestant = maker(context, case, buffers)
            label = contestant.name
            check(contestant, expected, buffers, case)
            contestants.append(contestant)
        except NotImplementedError:
            pass  # It has no such kernel.
        except Exception as error:  # A rival's own failure is a figure too.
            absent[label] = f"{type(error).__name__}: {error}"[:200]
    contestants.append(Copy(context, case, buffers, "copy again"))
    return contestants, absent


def run_case(context, case, arena, makers, effort, processors):
    if case.group == "fused":
        makers, buffers = [Cached, Streams, Plain], FusedBuffers(arena, case)
    else:
        buffers = Buffers(arena, case)
    contestants, absent = line_up(context, case, buffers, makers)
    record = {"absent": absent}
    if effort.rounds:
        latency = lambda: context.library.latency(processors)  # noqa: E731
        flush = lambda: buffers.flush(context.library)  # noqa: E731
        record |= measure.measure(contestants, case, effort, latency, flush)
    for contestant in contestants:
        getattr(contestant, "close", lambda: None)()
    return record


def main():
    torch.set_num_threads(JOB["threads"])
    cases = [Case(**{**fields, "shape": tuple(fields["shape"])}) for fields in JOB["cases"]]
    makers, absent = find_rivals(JOB)  # First: see BESIDE in dnnl_rival.py.
    library = Library(JOB["library"], JOB["threads"])
    context = Context(library, JOB["normc"], Path(JOB["work"]), JOB["threads"])
    arena = Arena(cases)
    effort = measure.Effort(**JOB["effort"])
    with open(JOB["out"], "a", encoding="utf-8") as out:
        out.write(json.dumps({"absent": absent}) + "\n")
        for number, (case, fields) in enumerate(zip(cases, JOB["cases"])):
            out.write(json.dumps({"begin": case.name}) + "\n")
            out.flush()
            start = time.perf_counter()
            try:
                record = run_case(context, case, arena, makers, effort, JOB["processors"])
            except Exception as error:  # The other cases go on.
                record = {"error": f"{type(error).__name__}: {error}"[:400]}
            record |= {"name": case.name, "case": fields, "bytes": case.bytes}
            record |= {"threads": JOB["threads"], "took_s": time.perf_counter() - start}
            out.write(json.dumps(record) + "\n")
            out.flush()
            progress = f"[{number + 1}/{len(cases)}] {case.name}, {JOB['threads']} threads"
            print(f"{progress}: {record['took_s']:.1f} s", file=sys.stderr)


if __name__ == "__main__":
    main()

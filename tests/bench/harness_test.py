#!/usr/bin/env python3
"""What the harness concludes from figures, without measuring any."""

import hashlib
import sys
import threading
import time
import unittest
from dataclasses import asdict
from pathlib import Path
from types import SimpleNamespace
from unittest import mock

sys.path.insert(0, str(Path(__file__).resolve().parent))

from harness import fused as patterns  # noqa: E402
from harness import measure, micro, report  # noqa: E402
from harness.cases import Case, Plan, goal_of  # noqa: E402

ROW = Case("rows", "rms_norm", "f32", (32768, 1024))


def record(case, threads=1, **microseconds):
    """A record of these times; the copy takes 100 us."""
    times = {"copy": 100, **{name.replace("_", " "): time for name, time in microseconds.items()}}
    figures = {
        name: {"median": 1e-6 * time, "low": 1e-6 * time, "high": 1e-6 * time, "samples": 5}
        | {"gb_s": case.bytes / time / 1e3, "share": 100 / time}
        for name, time in times.items()
    }
    return {
        "name": case.name, "case": asdict(case), "bytes": case.bytes, "threads": threads, "figures": figures,
        "copy_by_itself": 1.01, "latency_ns": [None, None], "attempts": 1, "unsteady": [],
    }


def holds(case, threads=1, **microseconds):
    return report.Line(record(case, threads, **microseconds)).holds()


class GoalTest(unittest.TestCase):
    def test_share_of_the_copy(self):
        self.assertIs(holds(ROW, normc=117, PyTorch=400), True)
        self.assertIs(holds(ROW, normc=119, PyTorch=400), False)
        long = Case("rows", "rms_norm", "f32", (8192, 4096))
        self.assertIs(holds(long, normc=130, PyTorch=400), True)
        self.assertIs(holds(long, threads=2, normc=130, PyTorch=400), False)

    def test_best_rival(self):
        """1.3 times a rival below 70% of the copy, 1.1 times a faster one."""
        self.assertIs(holds(ROW, normc=117, PyTorch=150), False)
        self.assertIs(holds(ROW, normc=117, PyTorch=155), True)
        self.assertIs(holds(ROW, normc=100, PyTorch=112), True)
        self.assertIs(holds(ROW, normc=100, PyTorch=108), False)
        self.assertIs(holds(ROW, normc=100, PyTorch=400, oneDNN=105), False)

    def test_controls_and_informative_figures_are_no_rivals(self):
        self.assertIs(holds(ROW, normc=100, PyTorch=400, intrinsics=90), True)
        line = record(ROW, normc=100, PyTorch=400, oneDNN=50)
        line["figures"]["oneDNN"]["informative"] = True
        self.assertIs(report.Line(line).holds(), True)

    def test_without_a_rival(self):
        self.assertIsNone(holds(ROW, normc=100))
        self.assertIs(holds(ROW, normc=200), False)

    def test_pytorch_in_cache(self):
        cached = Case("cache", "rms_norm", "f32", (64, 1024), warm=True)
        self.assertIs(holds(cached, normc=100, PyTorch=160, oneDNN=100), True)
        self.assertIs(holds(cached, normc=100, PyTorch=140, oneDNN=100), False)
        self.assertIs(holds(cached, normc=100, PyTorch=160, oneDNN=99), False)

    def test_fused_beside_a_plain_norm(self):
        """1.10 times what its bytes take at the plain norm's rate; no rivals."""
        fused = Case("fused", "post_norm", "bf16", (8, 4096))
        self.assertIs(holds(fused, normc=109, plain=100), True)
        self.assertIs(holds(fused, normc=112, plain=100), False)
        self.assertIsNone(holds(fused, normc=100))

    def test_thresholds_of_images(self):
        def share(op, layout):
            return goal_of(Case("channels", op, "f32", (32, 64, 8, 8), layout), 1).share

        self.assertEqual(share("group_norm", "nhwc"), 0.70)
        self.assertEqual(share("batch_norm_training", "nchw"), 0.70)
        self.assertEqual(share("batch_norm_training", "nhwc"), 0.55)
        self.assertEqual(share("batch_norm_inference", "nhwc"), 0.88)

    def test_an_error_does_not_hold(self):
        failed = {"case": asdict(ROW), "threads": 1, "name": ROW.name, "bytes": 1, "error": "no | kernel"}
        self.assertIs(report.Line(failed).holds(), False)
        self.assertIn("**no**: no / kernel", report.row_of(report.Line(failed))[-1])


class ReasonTest(unittest.TestCase):
    def test_streams_alone(self):
        """Asked is 100 / 0.85 = 118 us; of fused cases 110 where plain takes 100."""
        self.assertEqual(self.why(normc=130, PyTorch=400, in_caches=110, same_streams=120), "streams")
        self.assertEqual(self.why(normc=130, PyTorch=400, in_caches=110, same_streams=116), "computing")
        self.assertEqual(self.why(normc=110, PyTorch=400, same_streams=120), "")
        self.assertEqual(self.why(normc=150, PyTorch=400, in_caches=140, same_streams=120), "computing")
        self.assertEqual(self.why(normc=110, PyTorch=110, in_caches=85, same_streams=105), "streams")
        fused = Case("fused", "post_norm", "bf16", (8, 4096))
        line = report.Line(record(fused, normc=130, plain=100, same_streams=112))
        self.assertEqual(line.why_not(), "streams")

    def why(self, **microseconds):
        (line,) = report.lines_of({"records": [record(ROW, **microseconds)]})
        return line.why_not()

    def test_memory_or_computing(self):
        """Asked is 100 / 0.85 = 118 us; in the caches it should take 1 / 1.1 of it."""
        self.assertEqual(self.why(normc=130, PyTorch=400, in_caches=90), "memory")
        self.assertEqual(self.why(normc=130, PyTorch=400, in_caches=110), "computing")
        self.assertEqual(self.why(normc=130, PyTorch=400), "")
        self.assertEqual(self.why(normc=110, PyTorch=400, in_caches=110), "")

    def test_a_rival_asks_for_more(self):
        """1.1 times as fast as 110 us is 100."""
        self.assertEqual(self.why(normc=110, PyTorch=110, in_caches=95), "computing")
        self.assertEqual(self.why(normc=110, PyTorch=110, in_caches=85), "memory")

    def test_two_threads_compute_twice_as_much(self):
        records = [record(ROW, normc=100, PyTorch=400, in_caches=150), record(ROW, 2, normc=130, PyTorch=400)]
        one, two = report.lines_of({"records": records})
        self.assertAlmostEqual(two.cached, 2 * one.cached)
        self.assertEqual(two.why_not(), "memory")

    def test_what_the_caches_hold(self):
        few = ROW.in_caches()
        self.assertEqual((few.shape, few.warm), ((63, 1024), True))  # 512 KB but for scale.
        image = Case("channels", "group_norm", "f32", (2, 320, 96, 96), "nhwc")
        self.assertEqual(image.in_caches().shape, (1, 320, 96, 96))


class TableTest(unittest.TestCase):
    def test_a_line(self):
        made = record(ROW, 2, normc=119, PyTorch=400, intrinsics=130)
        made |= {"latency_ns": [150, 160], "unsteady": ["the copy against itself is 0.70"]}
        text = report.markdown({"machine": {"processor": "P", "cores": 2}, "megabytes": 256, "records": [made]})
        self.assertIn("Large rows, forward: 0 of 1 hold.", text)
        self.assertIn("marked ~ in the end: 1.", text)
        (line,) = (line for line in text.splitlines() if line.startswith("| rms_norm"))
        for cell in ("32768x1024", "155", "119 ±0%", "84% (≥ 85%)", "3.36 (≥ 1.3)", "1.09", "**no** ~"):
            self.assertIn(f" {cell} |", line)

    def test_an_inexact_rival_is_marked(self):
        made = record(ROW, normc=100, PyTorch=400)
        made["figures"]["PyTorch"]["differs"] = 1e-3
        line = report.Line(made)
        self.assertTrue(report.row_of(line)[-5].startswith("PyTorch"))
        self.assertTrue(report.row_of(line)[-5].endswith("*"))
        self.assertIs(line.holds(), True)

    def test_every_section_says_where_its_reasons_are(self):
        text = (Path(__file__).resolve().parents[2] / "docs/shortfalls.md").read_text(encoding="utf-8")
        for title in [*report.TITLES.values(), report.MICRO_TITLE]:
            self.assertIn(f"\n## {title}\n", text)
        self.assertIn("](../shortfalls.md#few-rows-warm)", report.shortfalls("Few rows, warm"))

    def test_every_figure(self):
        text = report.every_figure([report.Line(record(ROW, normc=100, oneDNN=200))])
        self.assertIn("| case | threads | copy | normc | oneDNN |", text)


class BytesTest(unittest.TestCase):
    def test_mandatory_bytes(self):
        self.assertEqual(Case("rows", "rms_norm", "bf16", (8, 64)).bytes, 2 * 2 * 512 + 2 * 64)
        backward = Case("backward", "layer_norm_backward", "f32", (8, 64))
        self.assertEqual(backward.bytes, 3 * 4 * 512 + 3 * 4 * 64 + 2 * 4 * 8)

    def test_bytes_of_patterns(self):
        def moved(op, dtype, first):
            return Case("fused", op, dtype, (first, patterns.FUSED[op])).bytes

        self.assertEqual(moved("post_norm", "bf16", 3), 3 * 3 * 2 * 4096 + 2 * 2 * 4096)
        self.assertEqual(moved("post_norm", "f32", 3), 3 * 3 * 4 * 4096 + 2 * 4 * 4096)
        # Keys and values beside the queries are not read.
        self.assertEqual(moved("qk_norm", "bf16", 5), 2 * 2 * 5 * 32 * 128 + 2 * 128)
        self.assertEqual(moved("batch_norm_relu", "bf16", 2), 3 * 2 * 2 * 3136 * 256 + 2 * (4 + 2) * 256)
        # x, residual and sum; gate; y; a scale per row; bias and scale.
        self.assertEqual(moved("rms_norm_gate_quantize", "bf16", 2), 2 * (3 * 2 + 4 + 1) * 4096 + 2 * 4 + 2 * 2 * 4096)

    def test_patterns_are_declared(self):
        for op in patterns.FUSED:
            declared = patterns.text(op, "bf16").count("norm.name")
            self.assertEqual(len(list(patterns.arguments(op, "bf16", 1))), declared, op)

    def test_every_case_has_a_name_of_its_own(self):
        names = [case.name for case in Plan().cases()]
        self.assertEqual(len(names), len(set(names)))
        quick = {case.name for case in Plan(quick=True).cases()}
        self.assertLess(quick, set(names))


class SteadyTest(unittest.TestCase):
    def faults(self, seconds, latencies=(None, None)):
        turn = SimpleNamespace(seconds=seconds)
        return measure.unsteady(turn, turn, latencies)

    def test_the_copy_drifts(self):
        self.assertEqual(self.faults([1.0, 1.05, 1.0, 1.02]), [])
        self.assertIn("the copy went from", self.faults([1.0, 1.0, 1.2, 1.2])[0])

    def test_the_copy_differs_from_itself(self):
        copy, again = SimpleNamespace(seconds=[1.0] * 4), SimpleNamespace(seconds=[1.3] * 4)
        self.assertEqual(measure.by_itself(copy, copy), 1.0)
        self.assertEqual(measure.unsteady(copy, again, [None, None]), ["the copy against itself is 0.77"])

    def test_the_cores_move(self):
        self.assertEqual(self.faults([1.0] * 4, [30, 35]), [])
        self.assertIn("latency went from 30 to 160 ns", self.faults([1.0] * 4, [30, 160])[0])

    def test_quartiles(self):
        self.assertEqual(measure.spread([5, 1, 3, 2, 4]), {"median": 3, "low": 2, "high": 4, "samples": 5})


class HopelessTest(unittest.TestCase):
    def test_only_rivals_far_behind(self):
        """Beside kernels: a copy is faster than any of them."""
        turns = [SimpleNamespace(once=once) for once in (0.001, 0.9, 0.1, 0.6, 0.2, 0.001)]
        effort = measure.Effort(rounds=9)
        hopeless = [measure.is_hopeless(turn, turns, effort) for turn in turns]
        self.assertEqual(hopeless, [False, False, False, True, False, False])

    def test_short_calls_are_repeated(self):
        turns = [SimpleNamespace(once=once) for once in (1e-6, 1e-6, 1e-6, 1e-4, 1e-6)]
        self.assertFalse(measure.is_hopeless(turns[3], turns, measure.Effort(rounds=9)))


class SettleTest(unittest.TestCase):
    def sleeps(self, busy):
        """How often it sleeps where another thread is busy, or not, after each."""
        with (
            mock.patch.object(measure, "is_busy", side_effect=busy),
            mock.patch.object(measure.time, "sleep") as sleep,
        ):
            self.assertTrue(measure.settle())
        return sleep.call_count

    def test_says_that_a_thread_does_not_stop(self):
        with mock.patch.object(measure, "is_busy", return_value=True):
            self.assertFalse(measure.settle(limit=0.01))

    def test_waits_while_a_thread_spins(self):
        self.assertEqual(self.sleeps([False]), 1)
        self.assertEqual(self.sleeps([True, True, False]), 3)

    def test_sees_a_thread_that_runs(self):
        self.assertFalse(measure.is_busy())
        # It computes without the interpreter's lock.
        work = threading.Thread(target=hashlib.pbkdf2_hmac, args=("sha256", b"", b"", 2_000_000))
        work.start()
        seen = False
        while work.is_alive() and not seen:
            time.sleep(1e-3)
            seen = measure.is_busy()
        work.join()
        self.assertTrue(seen)
        # It is joined before it has left the kernel.
        measure.settle(limit=5)
        self.assertFalse(measure.is_busy())


class TurnTest(unittest.TestCase):
    def sample(self, warm, flush):
        done = mock.Mock()
        done.time.return_value = 1e-3
        with mock.patch.object(measure, "settle", done.settle):
            turn = measure.Turn(done, measure.Effort(), warm)
            done.reset_mock()
            turn.sample(done.flush if flush else None)
        return [call[0] for call in done.mock_calls]

    def test_cold_caches_but_threads_awake(self):
        self.assertEqual(self.sample(warm=False, flush=True), ["settle", "flush", "settle", "wake", "time"])

    def test_what_is_large_displaces_itself(self):
        self.assertEqual(self.sample(warm=False, flush=False), ["settle", "time"])

    def test_warm_is_called_before(self):
        self.assertEqual(self.sample(warm=True, flush=True), ["settle", "time", "time"])

    def test_samples_beside_a_thread_are_counted(self):
        turn = measure.Turn(SimpleNamespace(time=lambda repeats: 1e-3), measure.Effort(), warm=True)
        for quiet in (True, False):
            with mock.patch.object(measure, "settle", return_value=quiet):
                turn.sample(None)
        self.assertEqual(turn.disturbed, 1)

    def test_first_calls_say_little(self):
        """A thread that comes after 30 calls makes later ones 4 times as fast."""
        calls = 0

        def seconds(repeats):
            nonlocal calls
            slow = max(0, min(30 - calls, repeats))
            calls += repeats
            return (slow * 20e-6 + (repeats - slow) * 5e-6) / repeats

        with mock.patch.object(measure, "settle"):
            turn = measure.Turn(SimpleNamespace(time=seconds), measure.Effort(sample=1e-3), warm=True)
            self.assertGreaterEqual(turn.repeats, 100)
            self.assertLessEqual(turn.repeats, 200)
            calls = 0
            turn.sample(None)
        self.assertAlmostEqual(turn.seconds[0], 5e-6)


class MicroTest(unittest.TestCase):
    def test_goals(self):
        def compiled(p50, p99):
            return micro.holds({"name": "compileNew/a", "p50_ms": p50, "p99_ms": p99})

        self.assertIs(compiled(9.0, 20.0), True)
        self.assertIs(compiled(11.0, 20.0), False)
        self.assertIs(compiled(9.0, 26.0), False)
        call = {"name": "callWith3Arguments", "real_time": 7000.0, "time_unit": "ns"}
        self.assertIs(micro.holds(call | {"overhead_ns": 75.0, "overhead_p99_ns": 900.0}), True)
        self.assertIs(micro.holds(call | {"overhead_ns": 301.0, "overhead_p99_ns": 900.0}), False)
        self.assertIs(micro.holds(call | {"error_message": "no kernel"}), False)
        self.assertIsNone(micro.holds({"name": "loadKernel", "real_time": 3, "time_unit": "us"}))

    def test_shows_the_call_and_not_the_batch_of_calls(self):
        record = {"name": "lookUp/a", "real_time": 3500.0, "time_unit": "ns", "p50_ns": 98.6, "p99_ns": 178.0}
        *_, line = micro.rows([record])
        self.assertEqual(line, ["lookUp/a", "98.6 ns (≤ 200)", "178 ns", "yes"])



if __name__ == "__main__":
    unittest.main()

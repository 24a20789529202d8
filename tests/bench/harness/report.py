"""The table of a run, with what must hold beside what was measured."""

import statistics

from . import micro
from .cases import GROUPS, Case, goal_of

TITLES = {
    "rows": "Large rows, forward",
    "cache": "Cache-sized rows, forward",
    "backward": "Large rows, backward, with the parameters' gradients",
    "channels": "Norms of images",
    "few": "Few rows, warm",
    "fused": "Norms with their neighbours, as one kernel",
}
MICRO_TITLE = "Compiling and calling"
OWN = ("copy", "normc", "in caches", "same streams", "plain", "intrinsics")
# Why a line does not hold, as the summary says it.
REASONS = {
    "streams": "ask for more than their streams reach",
    "computing": "wait for computing",
    "memory": "wait for memory",
}


class Line:
    """A case on some threads, judged. Ratios hold as they are printed."""

    def __init__(self, record):
        self.record = record
        self.case = Case(**{**record["case"], "shape": tuple(record["case"]["shape"])})
        self.figures = record.get("figures", {})
        rivals = {
            name: figure
            for name, figure in self.figures.items()
            if name not in OWN and not figure.get("informative")
        }
        self.best_name = max(rivals, key=lambda name: rivals[name]["gb_s"], default=None)
        self.best = rivals.get(self.best_name)
        self.goal = goal_of(self.case, record["threads"])
        self.cached = None  # Of the copy's rate; see lines_of.

    @property
    def ours(self):
        return self.figures["normc"]

    def ratio(self, other):
        return round(other["median"] / self.ours["median"], 2) if other else None

    def judgements(self):
        """(asked, got) of each goal; got None where there was no rival."""
        goal = self.goal
        if goal.share:
            yield goal.share, round(self.ours["share"], 3)
        if goal.best:
            yield goal.best_for(self.best["share"] if self.best else 0), self.ratio(self.best)
        if goal.torch:
            yield goal.torch, self.ratio(self.figures.get("PyTorch"))
        if goal.plain:
            yield goal.plain, self.ratio(self.figures.get("plain"))

    def holds(self):
        if not self.figures:
            return False
        judged = list(self.judgements())
        if any(got is not None and got < asked for asked, got in judged):
            return False
        return None if any(got is None for _, got in judged) else True

    def streams_fall_short(self):
        """Whether what is asked of the rate is out of reach without computing."""
        alone = self.figures.get("same streams")
        if not alone:
            return False
        best, plain = self.best, self.figures.get("plain")
        rates = [(self.goal.share, alone["share"])]
        rates += [(self.goal.best_for(best["share"]), best["median"] / alone["median"])] if best else []
        rates += [(self.goal.plain, plain["median"] / alone["median"])] if plain else []
        return any(asked and round(got, 3) < asked for asked, got in rates)

    def computes_longer_than_streams(self):
        return bool(self.cached) and self.cached < self.figures["same streams"]["share"]

    def why_not(self):
        """What keeps the line from holding: "streams" where its memory traffic
        alone takes longer than is asked, and than computing; "computing" where the
        kernel would be too slow, or hardly fast enough, if memory took no time;
        "memory" where it would not; empty where nothing is known."""
        if self.holds() is not False or not self.figures:
            return ""
        if self.streams_fall_short() and not self.computes_longer_than_streams():
            return "streams"
        if not self.cached:
            return ""
        most = max(asked / got for asked, got in self.judgements() if got is not None)
        return "computing" if self.cached < 1.1 * most * self.ours["share"] else "memory"


def lines_of(figures):
    """Computing is divided among threads; what it takes is measured on one."""
    lines = [Line(record) for record in figures["records"]]
    rates = {line.case.name: line.figures.get("in caches", {}).get("gb_s") for line in lines if line.record["threads"] == 1}
    for line in lines:
        rate_of_one = rates.get(line.case.name)
        if rate_of_one and line.figures:
            line.cached = line.record["threads"] * rate_of_one / line.figures["copy"]["gb_s"]
    return lines


def self_proof(figures):
    """What the harness says of itself."""
    lines = [line for line in lines_of(figures) if line.figures]
    if not lines:
        return ["nothing was measured"]
    selves = sorted(line.record["copy_by_itself"] for line in lines)
    quarter = len(selves) // 4
    texts = [
        f"The copy against itself: {statistics.median(selves):.3f}, half of the cases within "
        f"{selves[quarter]:.3f} to {selves[-1 - quarter]:.3f}, all within {selves[0]:.3f} to {selves[-1]:.3f}."
    ]
    probes = sorted(value for line in lines for value in line.record["latency_ns"] if value)
    if probes:
        texts.append(
            f"Core-to-core latency beside the two-thread cases: median {statistics.median(probes):.0f} ns, "
            f"{probes[0]:.0f} to {probes[-1]:.0f} ns."
        )
    repeated = sum(line.record["attempts"] > 1 for line in lines)
    marked = sum(bool(line.record["unsteady"]) for line in lines)
    texts.append(f"Measured again, since the machine changed meanwhile: {repeated} cases; marked ~ in the end: {marked}.")
    return texts


def summary(figures):
    lines = lines_of(figures)
    texts = []
    for group in GROUPS:
        chosen = [line for line in lines if line.case.group == group]
        if chosen:
            held = sum(line.holds() is True for line in chosen)
            reasons = [line.why_not() for line in chosen]
            short = ", ".join(f"{reasons.count(why)} {text}" for why, text in REASONS.items() if why in reasons)
            texts.append(f"{TITLES[group]}: {held} of {len(chosen)} hold" + (f"; {short}." if short else "."))
    asked = [verdict for verdict in map(micro.holds, figures.get("micro", [])) if verdict is not None]
    if asked:
        texts.append(f"{MICRO_TITLE}: {asked.count(True)} of {len(asked)} hold.")
    return "\n".join(texts + self_proof(figures))


def percent(value):
    return f"{100 * value:.0f}%" if value is not None else "-"


def times(value):
    return f"{value:.2f}" if value is not None else "-"


def rate(figure):
    """GB/s; * where the results are inexact."""
    return f"{figure['gb_s']:.1f}" + ("*" if "differs" in figure else "")


def microseconds(figure):
    value = 1e6 * figure["median"]
    spread = 50 * (figure["high"] - figure["low"]) / figure["median"]
    return f"{value:.4g} ±{spread:.0f}%"


def row_of(line):
    case, record = line.case, line.record
    shape = "x".join(map(str, case.shape)) + ("" if case.layout == "rows" else " " + case.layout.upper())
    start = [case.op, case.dtype, shape, "warm" if case.warm else "cold", str(record["threads"])]
    if not line.figures:
        return start + ["-"] * 12 + ["**no**: " + record["error"].replace("|", "/").splitlines()[0]]
    goal, best = line.goal, line.best
    asked = goal.best_for(best["share"] if best else 0)
    verdict = {True: "yes", False: "**no**", None: "no rival"}[line.holds()]
    torch = line.ratio(line.figures.get("PyTorch"))
    probes = [value for value in record["latency_ns"] if value]
    return start + [
        f"{sum(probes) / len(probes):.0f}" if probes else "",
        f"{line.figures['copy']['gb_s']:.1f}",
        f"{line.ours['gb_s']:.1f}",
        microseconds(line.ours),
        percent(line.ours["share"]) + (f" (≥ {percent(goal.share)})" if goal.share else ""),
        percent(line.cached),
        times(line.ratio(line.figures.get("same streams"))),
        times(line.ratio(line.figures.get("plain"))) + (f" (≥ {goal.plain:g})" if goal.plain else ""),
        f"{line.best_name} {rate(best)}" if best else "-",
        times(line.ratio(best)) + (f" (≥ {asked:g})" if asked else ""),
        times(torch) + (f" (≥ {goal.torch:g})" if goal.torch else ""),
        times(line.ratio(line.figures.get("intrinsics"))),
        " ".join(filter(None, (verdict, line.why_not(), "~" if record["unsteady"] else ""))),
    ]


HEADER = (
    "kernel", "type", "shape", "caches", "threads", "cores ns", "copy GB/s", "normc GB/s", "normc µs", "share of the copy", "in caches", "× same streams", "× plain",
    "best rival GB/s", "× best rival", "× PyTorch", "× intrinsics", "holds",
)


def as_table(rows):
    return "\n".join("| " + " | ".join(row) + " |" for row in rows)


def table(lines):
    return as_table([HEADER, ["---"] * len(HEADER), *(row_of(line) for line in lines)])


def every_figure(lines):
    """GB/s of every contestant."""
    names = sorted({name for line in lines for name in line.figures})
    names.sort(key=lambda name: (name not in OWN, name))
    rows = [["case", "threads", *names], ["---"] * (len(names) + 2)]
    for line in lines:
        values = [rate(line.figures[name]) if name in line.figures else "" for name in names]
        rows.append([line.record["name"], str(line.record["threads"]), *values])
    return as_table(rows)


def anchor(title):
    """Of a heading, as GitHub makes it."""
    return "".join(c for c in title.lower().replace(" ", "-") if c.isalnum() or c == "-")


def shortfalls(title):
    """Where it is said why goals of a section are missed."""
    return f"Why goals are missed, and what was tried: [{title}](../shortfalls.md#{anchor(title)})."


def is_long(lines):
    """Whether a group's table has a file of its own."""
    return len(lines) > 150


def markdown(figures):
    lines = lines_of(figures)
    where = figures["machine"]
    has_rows = any(line.case.group == "rows" for line in lines)
    parts = [
        "# Speed beside rivals",
        f"{where['processor']}, {where['cores']} cores. A large case reads and writes {figures['megabytes']} MB. "
        "Medians; ± is half the distance of the quartiles. In brackets what must hold. How it is measured: "
        "`tests/bench/README.md`.",
        "![Cost per byte against the row's length](rows.png)" if has_rows else "",
        "\n".join("- " + text for text in summary(figures).splitlines()),
    ]
    for group in GROUPS:
        chosen = [line for line in lines if line.case.group == group]
        if chosen:
            apart = f"{len(chosen)} cases: [{group}.md]({group}.md)."
            parts += [f"## {TITLES[group]}", shortfalls(TITLES[group])]
            parts += [apart if is_long(chosen) else table(chosen)]
    if figures.get("micro"):
        parts += [f"## {MICRO_TITLE}", shortfalls(MICRO_TITLE), as_table(micro.rows(figures["micro"]))]
    parts.append("Every contestant's figure: [every.md](every.md).")
    return "\n\n".join(part for part in parts if part) + "\n"


def write(figures, folder):
    (folder / "README.md").write_text(markdown(figures), encoding="utf-8")
    for group in GROUPS:
        chosen = [line for line in lines_of(figures) if line.case.group == group]
        if is_long(chosen):
            text = f"# {TITLES[group]}\n\n{table(chosen)}\n"
            (folder / f"{group}.md").write_text(text, encoding="utf-8")
    every = "# Every contestant, GB/s\n\n" + every_figure(lines_of(figures)) + "\n"
    (folder / "every.md").write_text(every, encoding="utf-8")
    from . import picture

    rows = [line for line in lines_of(figures) if line.case.group == "rows" and line.figures]
    picture.draw(rows, folder / "rows.png")

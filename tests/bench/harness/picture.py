"""The picture of a run: what a byte costs against the row's length."""

import sys

COLOURS = {"copy": "0.5", "normc": "tab:red", "intrinsics": "tab:brown"}


def draw(lines, path):
    """Nothing where there are no lines, or no matplotlib."""
    if not lines:
        return
    try:
        import matplotlib
    except ImportError:
        print("no matplotlib: no picture", file=sys.stderr)
        return
    matplotlib.use("Agg")
    from matplotlib import pyplot

    columns = sorted({(line.case.op, line.case.dtype) for line in lines})
    rows = sorted({line.record["threads"] for line in lines})
    figure, axes = pyplot.subplots(
        len(rows), len(columns), figsize=(3.6 * len(columns), 3 * len(rows)), squeeze=False, sharex=True, sharey="row"
    )
    for i, threads in enumerate(rows):
        for j, (op, dtype) in enumerate(columns):
            chosen = [
                line
                for line in lines
                if line.record["threads"] == threads and (line.case.op, line.case.dtype) == (op, dtype)
            ]
            plot(axes[i][j], chosen)
            axes[i][j].set_title(f"{op} {dtype}, {threads} thread{'s' if threads > 1 else ''}", fontsize=9)
        axes[i][0].set_ylabel("ps per byte (slower ones are outside)", fontsize=8)
    for axis in axes[-1]:
        axis.set_xlabel("row length")
    named = {}
    for axis in axes.flat:
        for handle, label in zip(*axis.get_legend_handles_labels()):
            named.setdefault(label, handle)
    figure.legend(named.values(), named.keys(), loc="lower center", ncol=len(named), fontsize=8)
    figure.tight_layout(rect=(0, 0.06, 1, 1))
    figure.savefig(path, dpi=100)
    pyplot.close(figure)


def plot(axis, lines):
    names = sorted({name for line in lines for name in line.figures})
    rivals = [name for name in names if name not in COLOURS]
    for name in names:
        points = sorted(
            (line.case.shape[1], 1e12 * line.figures[name]["median"] / line.record["bytes"])
            for line in lines
            if name in line.figures
        )
        colour = COLOURS.get(name) or f"C{(0, 1, 2, 4, 6, 8, 9)[rivals.index(name) % 7]}"
        style = "--" if name == "copy" else "-"
        axis.plot(*zip(*points), style, color=colour, label=name, marker=".", linewidth=2 if name == "normc" else 1)
    axis.set_xscale("log", base=2)
    axis.set_ylim(bottom=0, top=200)
    axis.grid(alpha=0.3)

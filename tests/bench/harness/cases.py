"""What is measured: the cases, the bytes that each must move, and its goals."""

from dataclasses import dataclass, field, replace

from . import fused as patterns

MB = 1 << 20
SIZES = {"f32": 4, "bf16": 2}
GROUPS = ("rows", "cache", "backward", "channels", "few", "fused")
# Beside the groups of cases: what normc-bench measures.
MICRO = "compile"
ROW_LENGTHS = (256, 768, 1024, 4096, 5120, 8192, 16384, 65536)
RESNET = ((64, 112), (256, 56), (512, 28), (1024, 14), (2048, 7))
# (batch, channels, edge): 12^2 to 512^2, as in latent and pixel diffusion.
DIFFUSION = ((1, 128, 512), (2, 320, 96), (2, 640, 48), (2, 1280, 24), (2, 2560, 12))
CHANNEL_NORMS = ("batch_norm_training", "batch_norm_inference", "group_norm", "instance_norm")
DIFFUSION_GROUPS = 32
EPSILON = 1e-5  # Everywhere.
# What a core's own caches hold of a case, with room for what it computes with.
NEAR_BYTES = MB // 2
# Below this much traffic a case with cold caches drops its buffers from them
# before each call; above, it does so by itself (the L3 has 32 MB).
FLUSH_BELOW = 160 * MB


@dataclass(frozen=True)
class Case:
    """One kernel on one shape. `shape` is (rows, n), or (n, c, h, w) whatever
    the layout is: "rows", "nchw" or "nhwc". Of the group "fused": (rows or
    samples, n)."""

    group: str
    op: str
    dtype: str
    shape: tuple
    layout: str = "rows"
    warm: bool = False

    @property
    def name(self):
        shape = "x".join(map(str, self.shape))
        layout = "" if self.layout == "rows" else "/" + self.layout
        heat = "warm" if self.warm else "cold"
        return f"{self.group}/{self.op}/{self.dtype}{layout}/{shape}/{heat}"

    @property
    def elements(self):
        if self.group == "fused":  # Of a plain norm that moves as much.
            return self.bytes // (2 * SIZES[self.dtype])
        count = 1
        for extent in self.shape:
            count *= extent
        return count

    @property
    def is_backward(self):
        return self.op.endswith("_backward")

    @property
    def params(self):
        """How many elements scale, and shift, has."""
        return self.shape[1]

    @property
    def bytes(self):
        """Every operand read once and every result written once."""
        if self.group == "fused":
            return patterns.bytes_of(self.op, self.dtype, self.shape[0])
        size = SIZES[self.dtype]
        streams = 3 if self.is_backward else 2
        params = {"rms_norm": 1, "rms_norm_backward": 2, "layer_norm_backward": 3}.get(self.op, 2)
        # In f32: per row, or per channel.
        saved = {"rms_norm_backward": self.shape[0], "layer_norm_backward": 2 * self.shape[0]}
        if self.op.startswith("batch_norm"):
            saved[self.op] = 2 * self.params
        return streams * self.elements * size + params * self.params * size + 4 * saved.get(self.op, 0)

    @property
    def flushes(self):
        return not self.warm and self.bytes < FLUSH_BELOW

    def in_caches(self):
        """As many of its rows or samples as a thread's own caches hold, and at
        least one."""
        count = max(1, self.shape[0] * NEAR_BYTES // self.bytes)
        return replace(self, shape=(min(count, self.shape[0]), *self.shape[1:]), warm=True)


@dataclass
class Goal:
    """What must hold. `share` is of the streaming copy; `best` a ratio to the
    best rival, which is `below` where that rival is under 70% of the copy;
    `torch` a ratio to eager PyTorch; `plain` a ratio to the rate of a plain
    RMSNorm of such rows. None: nothing asked."""

    share: float | None = None
    best: float | None = None
    below: float | None = None
    torch: float | None = None
    plain: float | None = None

    def best_for(self, rival_share):
        return self.below if self.below and rival_share < 0.7 else self.best


def goal_of(case, threads):
    if case.group == "rows":
        share = 0.85 if threads > 1 or case.shape[1] <= 1024 else 0.75
        return Goal(share=share, best=1.1, below=1.3)
    if case.group == "cache":
        return Goal(best=1.0, torch=1.5)
    if case.group == "backward":
        return Goal(share=0.75, best=1.4)
    if case.group == "few":
        return Goal(best=1.0)
    if case.group == "fused":
        return Goal(plain=0.91)  # 1.10 times the time of its bytes.
    share = 0.70
    if case.op == "batch_norm_inference":
        share = 0.88
    elif case.op == "batch_norm_training" and case.layout == "nhwc":
        share = 0.55
    return Goal(share=share, best=1.1)


@dataclass
class Plan:
    """Which cases a run takes, and how long for each."""

    groups: tuple = GROUPS
    megabytes: int = 256  # Read and written by a large case.
    quick: bool = False
    match: str = ""
    rounds: int = field(default=0)

    def cases(self):
        makers = {"rows": rows, "cache": cache, "backward": backward, "channels": channels, "few": few, "fused": fused}
        found = [case for group in self.groups if group != MICRO for case in makers[group](self)]
        return [case for case in found if self.match in case.name]


def _of(plan, everything, few_of_it):
    return few_of_it if plan.quick else everything


def rows(plan):
    for op in ("rms_norm", "layer_norm"):
        for dtype, size in SIZES.items():
            for n in _of(plan, ROW_LENGTHS, (1024, 4096, 16384)):
                yield Case("rows", op, dtype, (plan.megabytes * MB // 2 // size // n, n))


def cache(plan):
    """Tensors of 64 KB to 4 MB; warm as they lie, cold by flushing them."""
    for op in ("rms_norm", "layer_norm"):
        for dtype, size in SIZES.items():
            for kilobytes in _of(plan, (64, 256, 1024, 4096), (64, 1024)):
                for n in _of(plan, (1024, 4096), (1024,)):
                    shape = (kilobytes * 1024 // size // n, n)
                    yield Case("cache", op, dtype, shape, warm=True)
                    if kilobytes >= 1024 and not plan.quick:
                        yield Case("cache", op, dtype, shape)


def backward(plan):
    for op in ("rms_norm_backward", "layer_norm_backward"):
        for dtype, size in SIZES.items():
            for n in _of(plan, (256, 1024, 4096, 16384), (1024, 4096)):
                yield Case("backward", op, dtype, (plan.megabytes * MB // 2 // size // n, n))


def channels(plan):
    shapes = [(32, c, edge, edge) for c, edge in _of(plan, RESNET, RESNET[1:4:2])]
    diffusion = [(n, c, edge, edge) for n, c, edge in _of(plan, DIFFUSION, DIFFUSION[1:2])]
    for op in CHANNEL_NORMS:
        for shape in shapes + (diffusion if op == "group_norm" else []):
            for layout in ("nchw", "nhwc"):
                for dtype in SIZES:
                    yield Case("channels", op, dtype, shape, layout)


def few(plan):
    for op in ("rms_norm", "layer_norm"):
        for dtype in SIZES:
            for n in _of(plan, (4096, 8192, 262144), (4096, 262144)):
                for count in _of(plan, (1, 8, 32), (1, 32)):
                    yield Case("few", op, dtype, (count, n), warm=True)


def fused(plan):
    for op, n in patterns.FUSED.items():
        for dtype in _of(plan, tuple(SIZES), ("bf16",)):
            yield Case("fused", op, dtype, (patterns.first_extent(op, dtype, plan.megabytes * MB), n))

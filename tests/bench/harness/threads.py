"""Threads that are awake when a call with cold caches is timed: waking one takes
100 us, and is not what such a case asks about."""

import torch


class Alone:
    """Runs on the caller's thread."""

    def wake(self):
        pass


class OnOurPool:
    """Runs on the bench library's threads, which sleep after 50 us."""

    def wake(self):
        self.library.wake()


class OnOpenMp:
    """Runs on the threads of PyTorch's OpenMP, which sleep after 4 ms."""

    work = torch.zeros(1 << 17)

    def wake(self):
        self.work.sum()

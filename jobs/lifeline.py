"""A pipe from whoever looks after a process, inherited by all that it starts.

Nothing is ever read from it. A byte in it means: begin nothing new. Its end means that
the other side is gone, however it died: the `run` command for the worker, the worker
for its clusters. Then nobody watches these processes, and they must end.
"""

from __future__ import annotations

import os
import select
from enum import Enum

VARIABLE = "LIFELINE_FD"
ENDED = select.POLLHUP | select.POLLERR | select.POLLNVAL


class Lifeline(Enum):
    HOLDS = "holds"
    STOPPING = "stopping"
    CUT = "cut"


def is_held() -> bool:
    """Whether somebody looks after this process."""
    return bool(os.environ.get(VARIABLE))


def state() -> Lifeline:
    """A process that nobody looks after has no lifeline that could be cut."""
    if not is_held():
        return Lifeline.HOLDS
    poller = select.poll()
    poller.register(int(os.environ[VARIABLE]), select.POLLIN)
    happened = sum(events for _descriptor, events in poller.poll(0))
    if happened & ENDED:
        return Lifeline.CUT
    return Lifeline.STOPPING if happened else Lifeline.HOLDS

"""The worker: hands out the work, and watches over the two clusters.

A cluster that ends, or leaves a ring unanswered though it has workers to spare, is
ended as a whole process group and started again. django-q2 would not notice: a killed
process may take the lock of the queue with it, and all the others wait for ever.
"""

from __future__ import annotations

import logging
import os
import signal
import time
from types import FrameType
from typing import Any

from django import db
from django.conf import settings
from django.db.backends.signals import connection_created
from django.utils.translation import gettext

from albums.images import SharedHelper
from jobs import groups, heartbeat, lifeline, queue
from jobs import tasks as tasks  # loaded before the clusters are forked
from jobs.clusters import SECONDS_BETWEEN_BEATS, ClusterProcess
from jobs.dispatcher import Dispatcher, Tick
from jobs.lifeline import Lifeline
from jobs.model_check import ModelCheck
from jobs.sweep import sweep

logger = logging.getLogger(__name__)

TICK = 0.5
SECONDS_BETWEEN_SWEEPS = 60.0
# From the signal; ten seconds later docker would kill us in the middle.
GRACE = 7.0
# A longer wait for a locked database would keep a signal waiting as well.
BUSY_MILLISECONDS = 2000
OUTAGES = (db.Error, queue.BrokerDown)


class Supervisor:
    def __init__(self) -> None:
        workers = {
            queue.REMOTE: settings.REMOTE_WORKERS,
            queue.ENGINE: settings.ENGINE_WORKERS,
        }
        self.clusters = [ClusterProcess(*named) for named in workers.items()]
        self.dispatcher = Dispatcher(workers)
        self.pid = os.getpid()
        self.inherited, self.hold = os.pipe()
        # Made before the clusters are forked: they all ask this one.
        self.pictures = SharedHelper()
        self.told_to_stop: float | None = None
        self.next_sweep = time.monotonic() + SECONDS_BETWEEN_SWEEPS
        # At first: whatever a predecessor left in the queues.
        self.ended = set(workers)
        self.is_well = True

    def run(self) -> None:
        """Work until SIGTERM or SIGINT, or until whoever looks after us is gone. Leaves
        no process behind."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._on_signal)
        connection_created.connect(self._wait_less_for_locks)
        db.connection.close()
        # The catalogues are read once, and shared by all that are forked.
        gettext("Waiting")
        groups.end_leftovers()
        models = ModelCheck()
        try:
            while not self.is_over:
                self._bury()
                self.pictures.tend()
                models.tend()
                self._work_if_possible()
                time.sleep(TICK)
        finally:
            models.end()
            self._stop()

    @property
    def is_over(self) -> bool:
        return self.told_to_stop is not None or lifeline.state() is Lifeline.CUT

    def _on_signal(self, number: int, _frame: FrameType | None) -> None:
        self.told_to_stop = self.told_to_stop or time.monotonic()

    def _bury(self) -> None:
        for cluster in self.clusters:
            if cluster.has_ended:
                logger.error("cluster %s ended; starting it again", cluster.name)
                self._end(cluster)

    def _start_missing(self) -> None:
        for cluster in self.clusters:
            if cluster.process is None and time.monotonic() >= cluster.start_after:
                cluster.start(self.inherited, self.hold)
                groups.record({c.name: c.leader for c in self.clusters if c.leader})

    def _end(self, cluster: ClusterProcess) -> None:
        cluster.kill()
        self.ended.add(cluster.name)

    def _work_if_possible(self) -> None:
        begun = time.monotonic()
        try:
            self._work()
        except OUTAGES as error:
            if self.is_well:
                logger.error("no work until this is well again: %s", error)
            self.is_well = False
            self._excuse_silence(time.monotonic() - begun + TICK)
            return
        if not self.is_well:
            logger.warning("all is well again")
        self.is_well = True

    def _excuse_silence(self, seconds: float) -> None:
        """The time of an outage is no time in which a cluster could have answered."""
        for cluster in self.clusters:
            if cluster.asked is not None:
                cluster.asked += seconds
        db.close_old_connections()

    def _work(self) -> None:
        self._clear_up()
        self._start_missing()
        wounded = {each.name for each in self.clusters if each.is_wounded}
        tick = self.dispatcher.tick(spare=wounded)
        self._listen(tick)
        self._replace(wounded, tick)
        if time.monotonic() >= self.next_sweep:
            self.next_sweep = time.monotonic() + SECONDS_BETWEEN_SWEEPS
            sweep()

    def _clear_up(self) -> None:
        """Rings for processes that were ended, and the leases behind them."""
        for name in self.ended:
            queue.silence(name)
        self.dispatcher.give_back(self.ended)
        self.ended.clear()

    def _listen(self, tick: Tick) -> None:
        now = time.monotonic()
        if any(each.asked or now >= each.next_beat for each in self.clusters):
            beats = heartbeat.last_beats()
            for cluster in self.clusters:
                cluster.hear(beats.get(cluster.name))
        for cluster in self.clusters:
            for holder in tick.late:
                cluster.kill_late(holder)
            if tick.working[cluster.name] >= cluster.workers:
                cluster.asked = None
                continue
            if tick.rung[cluster.name]:
                cluster.ask(now)
            if cluster.process and now >= cluster.next_beat:
                queue.ring_beat(cluster.name)
                cluster.next_beat = now + SECONDS_BETWEEN_BEATS
                cluster.ask(now)
            if cluster.is_deaf(now):
                logger.error("cluster %s is deaf; starting it again", cluster.name)
                self._end(cluster)

    def _replace(self, wounded: set[str], tick: Tick) -> None:
        """Start wounded clusters again as soon as none of their workers is in a step: to
        end one in the middle of a submit could mean to pay for it twice."""
        for cluster in self.clusters:
            if cluster.name in wounded and not tick.working[cluster.name]:
                logger.error(
                    "cluster %s lost a process; starting it again", cluster.name
                )
                self._end(cluster)

    def _stop(self) -> None:
        """Running steps may finish within the grace; nothing new begins."""
        os.write(self.hold, b".")
        deadline = (self.told_to_stop or time.monotonic()) + GRACE
        while time.monotonic() < deadline and self._is_anybody_left():
            time.sleep(0.1)
        for cluster in self.clusters:
            self._end(cluster)
        self.pictures.close()
        groups.forget()
        try:
            self._clear_up()
        except OUTAGES as error:
            logger.warning("leases run out by themselves: %s", error)

    def _is_anybody_left(self) -> bool:
        return any(each.process and not each.has_ended for each in self.clusters)

    def _wait_less_for_locks(self, connection: Any, **_: Any) -> None:
        """Only here, not in the clusters, which inherit this receiver."""
        if os.getpid() == self.pid and connection.vendor == "sqlite":
            with connection.cursor() as cursor:
                cursor.execute(f"PRAGMA busy_timeout = {BUSY_MILLISECONDS}")

"""The door to django-q2, which only rings: the database knows what there is to do.

Every host has a queue of its own for each cluster, so that a ring is answered by the
cluster it was meant for, or by none. A ring may be lost, doubled or late.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from functools import cache
from hashlib import sha256
from typing import Any
from uuid import UUID

from django import db
from django.conf import settings
from django_q.brokers import Broker, get_broker
from django_q.cluster import Cluster
from django_q.conf import Conf
from django_q.models import OrmQ, Task
from django_q.signals import pre_execute
from django_q.tasks import async_task

from jobs import heartbeat, lifeline
from jobs.clock import db_now
from jobs.lifeline import Lifeline
from jobs.processes import host, kill_group

logger = logging.getLogger(__name__)

IS_REDIS = "redis" in settings.Q_CLUSTER
OUTAGES: tuple[type[Exception], ...] = (db.Error,)
if IS_REDIS:
    from jobs import redis_queue

    OUTAGES += (redis_queue.Outage,)

REMOTE, ENGINE = "remote", "engine"
# A ring that nobody heard for so long is for a cluster that is no more.
STALE_RING = timedelta(minutes=10)
KEEP_FAILURES = timedelta(days=7)
SECONDS_BETWEEN_LOOKS = 0.5


class BrokerDown(Exception):
    """The ring did not get out."""


def ring(
    job_id: int, token: UUID, cluster: str, moment: datetime | None = None
) -> None:
    """Have a worker of this host's cluster advance a job. Raises BrokerDown."""
    when = moment.isoformat() if moment else ""
    queue = queue_name(cluster, host())
    _ring(queue, "jobs.tasks.advance", job_id, str(token), when)


def ring_search(search_id: int, token: UUID) -> None:
    """Have a scan looked at for prints by this host's engine. Raises BrokerDown."""
    _ring(queue_name(ENGINE, host()), "jobs.tasks.search", search_id, str(token))


def ring_beat(cluster: str) -> None:
    """Ask this host's cluster for a sign of life. Raises BrokerDown."""
    _ring(queue_name(cluster, host()), "jobs.tasks.beat")


def ring_late(attempt_id: int) -> None:
    """Have a late result asked for. Raises BrokerDown."""
    _ring(queue_name(REMOTE, host()), "jobs.tasks.collect_late", attempt_id)


def ring_copy(copy_pk: int) -> None:
    """Have a photo's copy at a provider looked after. Raises BrokerDown."""
    _ring(queue_name(REMOTE, host()), "jobs.tasks.tend_copy", copy_pk)


def ring_check(provider: str) -> None:
    """Have a provider's key and address checked. Raises BrokerDown."""
    listening = heartbeat.listening_host(REMOTE) or host()
    _ring(queue_name(REMOTE, listening), "jobs.tasks.check_provider", provider)


def silence(cluster: str) -> None:
    """Forget what was rung for a predecessor of this host's cluster. Raises BrokerDown."""
    with _broker_at_work():
        _broker(queue_name(cluster, host())).purge_queue()


def ring_renditions(photo_id: int) -> None:
    """Have a photo's renditions made ahead of time, if a worker is there. Never
    raises: without it they are made when they are first looked at."""
    try:
        listening = heartbeat.listening_host(ENGINE)
        if listening:
            queue = queue_name(ENGINE, listening)
            _ring(queue, "jobs.tasks.renditions", photo_id)
    except (BrokerDown, db.Error) as error:
        logger.warning("renditions will be made later: %s", error)


def ring_errand(errand_pk: int) -> None:
    """Have an errand of the engine done, if a worker is there. Never raises: it is rung
    for again by the sweep."""
    try:
        listening = heartbeat.listening_host(ENGINE)
        if listening:
            _ring(queue_name(ENGINE, listening), "jobs.tasks.errand", errand_pk)
    except (BrokerDown, db.Error) as error:
        logger.warning("an errand will be done later: %s", error)


def queue_name(cluster: str, of_host: str) -> str:
    # Two installations may share one Redis, and must not hear each other's rings.
    installation = sha256(settings.SECRET_KEY.encode()).hexdigest()[:8]
    return f"{cluster}@{of_host[:60]}.{installation}"


def this_cluster() -> str:
    """The cluster that this process belongs to."""
    return str(Conf.CLUSTER_NAME)


def sweep() -> None:
    """Forget rings for clusters that are no more, and old failures. The log has them."""
    now = db_now()
    OrmQ.objects.filter(lock__lt=now - STALE_RING).delete()
    Task.objects.filter(stopped__lt=now - KEEP_FAILURES).delete()


def run_cluster(name: str) -> None:
    """Be the main process of a cluster until it ends. Ends its whole process group
    when the supervisor, or the cluster's own sentinel, is gone."""
    Conf.CLUSTER_NAME = name
    # What `Q_CLUSTER_NAME` would do, had django-q2 not been imported long ago.
    clusters: Any = settings.Q_CLUSTER["ALT_CLUSTERS"]
    for key, value in clusters[name].items():
        setattr(Conf, key.upper(), value)
    pre_execute.connect(_forget_ring, dispatch_uid="forget ring", weak=False)
    cluster = Cluster(_broker(queue_name(name, host())))
    cluster.start()
    _watch(cluster)


def _watch(cluster: Cluster) -> None:
    sentinel, stop = cluster.sentinel, cluster.stop_event
    while sentinel.is_alive():
        seen = lifeline.state()
        if seen is Lifeline.CUT:
            kill_group(os.getpgrp())
        if seen is Lifeline.STOPPING:
            stop.set()
        sentinel.join(SECONDS_BETWEEN_LOOKS)
    if not stop.is_set():
        logger.error("cluster %s: the sentinel died", this_cluster())
        kill_group(os.getpgrp())


def _forget_ring(task: dict[str, Any], **_: Any) -> None:
    """Acknowledge at the start: a step that breaks is found by its lease, and a ring
    must not come back when the cluster's monitor dies."""
    if not task.get("ack_id"):
        return
    try:
        OrmQ.objects.filter(pk=task["ack_id"]).delete()
    except db.Error as error:
        logger.warning("a ring stays in the queue: %s", error)


def _ring(queue: str, name: str, *arguments: int | str) -> None:
    with _broker_at_work():
        broker = _broker(queue)
        async_task(name, *arguments, broker=broker)
        if IS_REDIS:
            redis_queue.let_expire(broker, STALE_RING)


@contextmanager
def _broker_at_work() -> Iterator[None]:
    try:
        yield
    except OUTAGES as error:
        raise BrokerDown(str(error)) from error


@cache
def _broker(queue: str) -> Broker:
    """One connection for each queue and process."""
    broker = get_broker(queue)
    if IS_REDIS:
        redis_queue.fail_at_once(broker)
    return broker

"""Signs of life: when a worker of each cluster last began something that was rung for."""

from __future__ import annotations

from datetime import datetime, timedelta

from jobs.clock import db_now
from jobs.models import Heartbeat
from jobs.processes import host

LISTENING = timedelta(seconds=60)
FORGOTTEN = timedelta(days=1)


def beat(cluster: str) -> None:
    now = db_now()
    here = Heartbeat.objects.filter(cluster=cluster, host=host())
    if not here.update(beat=now):
        Heartbeat.objects.update_or_create(
            cluster=cluster, host=host(), defaults={"beat": now}
        )


def last_beats() -> dict[str, datetime]:
    """Of this host's clusters."""
    rows = Heartbeat.objects.filter(host=host())
    return dict(rows.values_list("cluster", "beat"))


def listening_host(cluster: str) -> str | None:
    """A host on which this cluster works; None when there is none."""
    rows = Heartbeat.objects.filter(cluster=cluster, beat__gt=db_now() - LISTENING)
    return rows.order_by("-beat").values_list("host", flat=True).first()


def forget_old_hosts() -> None:
    Heartbeat.objects.filter(beat__lt=db_now() - FORGOTTEN).delete()

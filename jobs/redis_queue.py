"""What is different where rings go through Redis. Loaded only there: the package weighs
13 MB in every process."""

from __future__ import annotations

from datetime import timedelta

import redis
from django_q.brokers.redis_broker import Redis
from redis.backoff import NoBackoff
from redis.retry import Retry

Outage = redis.RedisError


def fail_at_once(broker: Redis) -> None:
    """Who rings tries again by itself, and an upload must not wait for Redis."""
    broker.connection.set_retry(Retry(NoBackoff(), 0))


def let_expire(broker: Redis, after: timedelta) -> None:
    """Rings for a cluster that is no more go away by themselves."""
    broker.connection.expire(broker.list_key, after)

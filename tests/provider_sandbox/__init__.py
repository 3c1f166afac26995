"""Providers on the loopback that keep their contracts strictly, with faults by name."""

from __future__ import annotations

from tests.provider_sandbox.server import Sandbox

__all__ = ["Sandbox"]

from __future__ import annotations

from django.apps import AppConfig
from django.db.models.signals import post_migrate


class JobsConfig(AppConfig):
    name = "jobs"
    verbose_name = "Jobs"

    def ready(self) -> None:
        from jobs import accounts, checks, receivers  # noqa: F401  # registers both

        post_migrate.connect(
            accounts.know_all, sender=self, dispatch_uid="know all providers"
        )

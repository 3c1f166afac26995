"""Do the key and the address of a provider work? Asked by command, or from the desk."""

from __future__ import annotations

from django.utils.translation import gettext as _

from jobs import accounts, budget, connections
from jobs.clock import db_now
from jobs.models import ProviderAccount
from jobs.providers.base import POLL, ProviderError


def check(name: str) -> tuple[bool, str]:
    """Whether it works, and that in plain words; remembered for the administrator. A
    provider that was stopped goes on when it does."""
    works, words = _asked(name)
    row = accounts.account(name)
    ProviderAccount.objects.filter(pk=row.pk).update(
        checked=db_now(), check_words=words, check_asked=None
    )
    if works:
        accounts.well(name)
    return works, words


def _asked(name: str) -> tuple[bool, str]:
    kind = connections.KINDS[name]
    if not connections.has_key(name):
        return False, _(
            "%(provider)s is switched off: set %(name)s_API_KEY to the key from its "
            "website, and start the app again."
        ) % {"provider": kind.label, "name": name.upper()}
    try:
        learned = accounts.account(name).learned
        return True, connections.connect(name, learned=learned).check()
    except ProviderError as error:
        return False, f"{error.sentence} ({error.code}: {error.detail})"
    finally:
        budget.count(name, POLL)

from __future__ import annotations

import os

from django.conf import settings
from django.core.wsgi import get_wsgi_application

from restore_site.bodies import Bodies

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "restore_site.settings")
# A plain form with a file that is too large is read to its end, to be answered with
# a sentence; nothing of it is kept.
LARGEST_BODY = 1024**3
application = Bodies(
    get_wsgi_application(), places=settings.WEB_THREADS // 2, largest=LARGEST_BODY
)

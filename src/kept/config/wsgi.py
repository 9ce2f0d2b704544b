"""The web application, for the server."""

import os

from django.core.wsgi import get_wsgi_application

from kept.web.bodies import whole

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "kept.config.settings")
application = whole(get_wsgi_application())

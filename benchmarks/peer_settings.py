"""The settings of what Footpath is measured against: `django-admin startproject`'s, where they cost anything."""

import os

from triage.settings import *  # noqa: F403
from triage.settings import INSTALLED_APPS

ROOT_URLCONF = "benchmarks.urls"
INSTALLED_APPS = [*INSTALLED_APPS, "crispy_bootstrap5"]
CRISPY_ALLOWED_TEMPLATE_PACKS = CRISPY_TEMPLATE_PACK = "bootstrap5"
SESSION_ENGINE = "django.contrib.sessions.backends.db"
# Never those of Footpath, by which its requests would take longer.
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
PEER_STYLE = os.environ.get(
    "PEER_STYLE", ""
)  # where the peer's stylesheet is, for a browser that shows its pages

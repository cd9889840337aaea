"""A mail server for the tests of what is told to the clinic."""

import pytest

from proofs.servers import free_port
from tests.letterbox import mail_server
from triage.server.environment import read_environment


@pytest.fixture
def port(settings):
    """A free port, and Footpath set to send its mail there."""
    port = free_port()
    mail = read_environment(
        {"EMAIL_URL": f"smtp://127.0.0.1:{port}", "EMAIL_FROM": "footpath@clinic.example"}
    )
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = mail.email_url.host, mail.email_url.port
    settings.DEFAULT_FROM_EMAIL = mail.email_from
    settings.ALLOWED_HOSTS = ["footpath.example.org", "testserver"]
    settings.HTTPS = True
    return port


@pytest.fixture
def letterbox(port):
    with mail_server(port) as letterbox:
        yield letterbox

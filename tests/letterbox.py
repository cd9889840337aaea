"""A mail server for tests, what it was handed, and when the clinic is told."""

import contextlib
import email
from datetime import timedelta
from email.policy import default

from aiosmtpd.controller import Controller

from tests.staff import given
from tests.visitor import NOW
from triage.models import Clinic, TriageSession

ADDRESS = "desk@clinic.example"
SECOND = "chief@clinic.example"


def tell(about="urgent"):
    Clinic.objects.update(tell_about=about, mail=ADDRESS)


class Letterbox:
    """Keeps what it is handed; refuses every receiver when `refuse` is set."""

    def __init__(self):
        self.letters, self.refuse, self.look = [], False, lambda: None

    async def handle_RCPT(self, server, session, envelope, address, options):
        if self.refuse:
            return "550 no such person here: " + address
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        self.letters.append(email.message_from_bytes(envelope.content, policy=default))
        return "250 OK"


@contextlib.contextmanager
def mail_server(port):
    letterbox = Letterbox()
    controller = Controller(letterbox, hostname="127.0.0.1", port=port)
    controller.start()
    try:
        yield letterbox
    finally:
        controller.stop()


# An emergency sign, and the page was left


def left(demo=False):
    session = given({"age": ("16-or-over",)}, {"safety-now": ("cold-limb",)})
    TriageSession.objects.filter(pk=session.pk).update(demo=demo)
    return session


def minutes(count):
    return NOW + timedelta(minutes=count)

"""The settings under test: those of triage, on a throwaway folder and without the waiting."""

import atexit
import os
import shutil
import tempfile

# Whatever the developer's shell says; only DATABASE_URL is heard, since it says on what to test.
os.environ.update(DEBUG="off", HTTPS="off", TRUST_PROXY="", SECRET_KEY="", ALLOWED_HOSTS="", TIME_ZONE="")
# test_second_factor.py, test_releases.py and the `port` of admin/conftest.py turn these on.
os.environ.update(
    STAFF_SECOND_FACTOR="off",
    TWO_PEOPLE_PUBLISH="off",
    STAFF_HOST="",
    OIDC_ISSUER="",
    OIDC_CLIENT_ID="",
    OIDC_CLIENT_SECRET="",
    OIDC_ROLES="",
    EMAIL_URL="",
    EMAIL_FROM="",
    CHAIN_KEY="",
    NOTE_KEYS="",
    BACKUP_RECIPIENTS="",
    DISK_ENCRYPTED="",
    METRICS_TOKEN="",
    STATIC_DIR="",
    API="",
    FHIR_SERVER="",
    FHIR_TOKEN_URL="",
    FHIR_CLIENT_ID="",
    FHIR_SCOPE="",
    FHIR_PATIENT_SYSTEM="",
    FHIR_NOTES="",
    WEBHOOK_URL="",
    WEBHOOK_KEY="",
)
for name in [name for name in os.environ if name.endswith("_FILE")]:
    del os.environ[name]  # of a secret
os.environ["DATA_DIR"] = tempfile.mkdtemp(prefix="footpath-test-")
atexit.register(shutil.rmtree, os.environ["DATA_DIR"], ignore_errors=True)

from triage.settings import *  # noqa: E402, F403
from triage.settings import DATA_DIR, DATABASES  # noqa: E402

# A file in place of Django's database in memory: the live server's threads get connections of their own,
# with the PRAGMAs that patients get.
if "sqlite3" in DATABASES["default"]["ENGINE"]:
    DATABASES["default"]["TEST"] = {"NAME": DATA_DIR / "test.sqlite3"}

GUESSES_A_MINUTE = LOG_INS_A_SECOND = 100_000  # tests sign in from one address, one after the other
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.InMemoryStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
WHITENOISE_USE_FINDERS = WHITENOISE_AUTOREFRESH = True

"""A provider that others have written: glewlwyd, from Debian's packages, set up over its own interface."""

import contextlib
import gzip
import shutil
import socket
import sqlite3
import subprocess
import time
from pathlib import Path

import requests
from joserfc.jwk import RSAKey

from tests.provider import CLIENT, SECRET

PROGRAM = shutil.which("glewlwyd")
TABLES = Path("/usr/share/doc/glewlwyd/database/init.sqlite3.sql.gz")
PASSWORD = "annas password"
CONFIGURATION = """
port={port}
bind_address="127.0.0.1"
external_url="{url}"
login_url="login.html"
api_prefix="api"
static_files_path="{folder}/pages"
static_files_mime_types = ({{extension=".html" mime_type="text/html" compress=0}})
log_mode="console"
log_level="WARNING"
cookie_secure=0
session_key="GLEWLWYD2_SESSION_ID"
admin_session_authentication="cookie"
profile_session_authentication="cookie"
login_api_enabled=true
admin_scope="g_admin"
profile_scope="g_profile"
user_module_path="/usr/lib/glewlwyd/user"
client_module_path="/usr/lib/glewlwyd/client"
user_auth_scheme_module_path="/usr/lib/glewlwyd/scheme"
plugin_module_path="/usr/lib/glewlwyd/plugin"
hash_algorithm="SHA512"
database = {{ type = "sqlite3" path = "{folder}/glewlwyd.db" }};
"""
# In place of its own, which needs more packages: whoever is signed in there goes on.
PAGE = """<script>
const back = new URLSearchParams(location.search).get("callback_url")
if (back) location = back + "&g_continue"
</script>"""


@contextlib.contextmanager
def running(folder, footpath):
    """It runs, knows Footpath at that address and Anna, a nurse: its issuer."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    (folder / "pages").mkdir()
    (folder / "pages" / "login.html").write_text(PAGE, encoding="utf-8")
    configuration = folder / "glewlwyd.conf"
    configuration.write_text(CONFIGURATION.format(port=port, url=url, folder=folder), encoding="utf-8")
    with contextlib.closing(sqlite3.connect(folder / "glewlwyd.db")) as database:
        database.executescript(gzip.decompress(TABLES.read_bytes()).decode())
    server = subprocess.Popen(
        [PROGRAM, f"--config-file={configuration}"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        set_up(f"{url}/api", footpath)
        yield f"{url}/api/oidc"
    finally:
        server.terminate()
        server.wait()


def set_up(api, footpath):
    admin = signed_in(api)

    def ask(method, path, said, **query):
        answer = admin.request(method, f"{api}/{path}", json=said, params=query, timeout=10)
        assert answer.ok, answer.text

    ask(
        "POST",
        "mod/plugin/",
        {"module": "oidc", "name": "oidc", "display_name": "Mercy", "parameters": plugin(api)},
    )
    client = {
        "client_id": CLIENT,
        "client_secret": SECRET,
        "confidential": True,
        "enabled": True,
        "name": "Footpath",
        "authorization_type": ["code"],
        "token_endpoint_auth_method": ["client_secret_basic"],
        "redirect_uri": [f"{footpath}/admin/provider/back/"],
        "post_logout_redirect_uris": f"{footpath}/admin/login/",
    }
    ask("POST", "client/", client, source="database")
    anna = {"username": "anna", "password": PASSWORD, "enabled": True, "scope": ["openid"], "name": "nurses"}
    ask("POST", "user/", anna, source="database")


def signed_in(api):
    session = requests.Session()
    for _try in range(100):
        with contextlib.suppress(requests.ConnectionError):
            answer = session.post(
                f"{api}/auth/", json={"username": "admin", "password": "password"}, timeout=10
            )
            assert answer.ok, answer.text
            return session
        time.sleep(0.1)
    raise AssertionError("glewlwyd does not start")


def sign_in_there(page, issuer):
    """In this browser, by its interface."""
    api = issuer.removesuffix("/oidc")
    assert page.request.post(f"{api}/auth/", data={"username": "anna", "password": PASSWORD}).ok
    assert page.request.put(f"{api}/auth/grant/{CLIENT}", data={"scope": "openid"}).ok


def plugin(api):
    key = RSAKey.generate_key(2048)
    on = ("auth-type-code-enabled", "auth-type-id-token-enabled", "auth-type-none-enabled", "jwks-show")
    on += ("pkce-allowed", "pkce-required", "session-management-allowed")
    off = (
        "auth-type-token-enabled",
        "auth-type-password-enabled",
        "auth-type-client-enabled",
        "allow-non-oidc",
    )
    off += ("auth-type-refresh-enabled", "refresh-token-rolling", "pkce-method-plain-allowed")
    claim = {"type": "string", "mandatory": True, "on-demand": False, "scope": []}
    return {
        **dict.fromkeys(on, True),
        **dict.fromkeys(off, False),
        "iss": f"{api}/oidc",
        "jwt-type": "rsa",
        "jwt-key-size": "256",
        "key": key.as_pem(private=True).decode(),
        "cert": key.as_pem(private=False).decode(),
        "access-token-duration": 3600,
        "refresh-token-duration": 3600,
        "code-duration": 600,
        "subject-type": "public",
        "name-claim": "no",
        "email-claim": "no",
        "session-cookie-name": "GLEWLWYD2_OIDC_SESSION",
        "session-cookie-expiration": 3600,
        "claims": [
            {"name": "groups", "user-property": "name", **claim},  # it knows no groups by itself
            {"name": "preferred_username", "user-property": "username", **claim},
        ],
    }

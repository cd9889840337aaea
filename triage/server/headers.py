"""The headers that Django does not set itself."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

HEADERS = {
    # All comes from here, and nothing stands inline. "data:" is the icon of the browser's tab, see
    # templates/parts/tab_icon.html.
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
        "connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
    ),
    "Cross-Origin-Resource-Policy": "same-origin",
    # Every page may be somebody's own; the first one is for all.
    "X-Robots-Tag": "noindex",
    # Every page may show answers. Static files carry their own Cache-Control, and keep it.
    "Cache-Control": "no-store",
}
# What a browser hears of a page alone, and which a style sheet or script would carry in vain.
OF_PAGES = {
    "Cross-Origin-Embedder-Policy": "require-corp",
    "Permissions-Policy": (
        "accelerometer=(), browsing-topics=(), camera=(), display-capture=(), geolocation=(), gyroscope=(), "
        "microphone=(), payment=(), usb=()"
    ),
}


class PrivateHeadersMiddleware:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        page = response.headers.get("Content-Type", "").startswith("text/html")
        for name, value in {**HEADERS, **(OF_PAGES if page else {})}.items():
            response.headers.setdefault(name, value)
        return response

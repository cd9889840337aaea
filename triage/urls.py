"""Every address. No address holds an answer, a reference or a key."""

from django.contrib import admin
from django.urls import path

from triage import errors, returning, views

urlpatterns = [
    path("", views.home, name="home"),
    path("start/", views.start, name="start"),
    path("go-on/", views.go_on, name="go-on"),
    path("questions/<slug:key>/", views.question, name="question"),
    path("emergency/", views.emergency, name="emergency"),
    path("under-16/", views.under_16, name="under-16"),
    path("check/", views.check, name="check"),
    path("submit/", views.submit, name="submit"),
    path("result/", views.result, name="result"),
    path("result/copy/", views.copy, name="copy"),
    path("correct/", views.correct, name="correct"),
    path("save/", returning.save, name="save"),
    path("return/", returning.come_back, name="return"),
    path("stay/", returning.stay, name="stay"),
    path("leave/", views.leave, name="leave"),
    path("left/", views.plain_page("left.html"), name="left"),
    path("expired/", views.plain_page("expired.html"), name="expired"),
    path("problem/<slug:name>/", errors.problem, name="problem"),
    path("language/", views.language, name="language"),
    path("how-it-works/", views.how_it_works, name="how"),
    path("sources/", views.sources, name="sources"),
    path("privacy/", views.plain_page("privacy.html"), name="privacy"),
    path("accessibility/", views.plain_page("accessibility.html"), name="accessibility"),
    path("healthz", views.healthz, name="healthz"),
    path("readyz", views.readyz, name="readyz"),
    path("admin/", admin.site.urls),
]

handler400 = errors.bad_request
handler403 = errors.forbidden
handler404 = errors.not_found
handler500 = errors.failed

"""Every address that people come to; those of programs are in api/urls.py. No address holds an answer, a reference or a
key."""

from django.contrib import admin
from django.urls import path

from triage.patient import about, calendar, language, leaving, questionnaire, result, returning
from triage.server import errors, health, metrics

urlpatterns = [
    path("", questionnaire.home, name="home"),
    path("start/", questionnaire.start, name="start"),
    path("start-again/", leaving.start_again, name="start-again"),
    path("not-open/", leaving.not_open, name="not-open"),
    path("go-on/", questionnaire.go_on, name="go-on"),
    path("questions/<slug:key>/", questionnaire.question, name="question"),
    path("emergency/", questionnaire.emergency, name="emergency"),
    path("under-16/", questionnaire.under_16, name="under-16"),
    path("check/", questionnaire.check, name="check"),
    path("submit/", questionnaire.submit, name="submit"),
    path("result/", result.result, name="result"),
    path("result/copy/", result.copy, name="copy"),
    path("result/pdf/", result.pdf, name="pdf"),
    path("visit.ics", calendar.calendar, name="calendar"),
    path("correct/", result.correct, name="correct"),
    path("result/keep-open/", result.keep_open, name="keep-open"),
    path("save/", returning.save, name="save"),
    path("return/", returning.come_back, name="return"),
    path("return/<path:rest>", returning.lost_sign, name="lost-sign"),
    path("stay/", returning.stay, name="stay"),
    path("leave/", leaving.leave, name="leave"),
    path("left/", about.plain_page("left.html"), name="left"),
    path("deleted/", about.plain_page("deleted.html"), name="deleted"),
    path("expired/", about.plain_page("expired.html"), name="expired"),
    path("corrected-often/", about.plain_page("corrected_often.html"), name="corrected-often"),
    path("elsewhere/", about.plain_page("elsewhere.html"), name="elsewhere"),
    path("problem/<slug:name>/", errors.problem, name="problem"),
    path("language/", language.language, name="language"),
    path("how-it-works/", about.how_it_works, name="how"),
    path("sources/", about.sources, name="sources"),
    path("privacy/", about.privacy, name="privacy"),
    path("accessibility/", about.plain_page("accessibility.html"), name="accessibility"),
    path("robots.txt", about.robots, name="robots"),
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    path("metrics", metrics.metrics, name="metrics"),
    path("admin/", admin.site.urls),
]

handler400 = errors.bad_request
handler403 = errors.forbidden
handler404 = errors.not_found
handler500 = errors.failed

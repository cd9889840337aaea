"""Every address of the machines' door. No address holds a token, a reference or an answer."""

from django.urls import path

from triage.api import exports, invitations, openapi, responses
from triage.api.door import by_method

urlpatterns = [
    path("api/openapi.json", by_method(GET=openapi.openapi), name="openapi"),
    path("api/exports/<slug:what>", by_method(GET=exports.export_view), name="export"),
    path("api/invitations", by_method(POST=invitations.create), name="invitations"),
    path("fhir/QuestionnaireResponse", by_method(POST=responses.create), name="responses"),
]

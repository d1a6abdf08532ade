"""Mounts admin, candidates and jobs. Probes are answered before (evaluator/middleware.py)."""

from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path

from jobs.urls import tracked
from jobs.views.home import home

from . import pages

admin.site.site_header = admin.site.site_title = "Candidate Evaluator"

urlpatterns: list[URLPattern | URLResolver] = [
    path("", home, name="home"),
    path("admin/", admin.site.urls),
    path("accounts/login/", pages.LogIn.as_view(), name="login"),
    path("accounts/", include("django.contrib.auth.urls")),
    path("offline/", pages.offline, name="offline"),
    path("service-worker.js", pages.service_worker, name="service-worker"),
    path("anymail/", include((tracked, "anymail"))),
    path("", include("jobs.urls")),
    path("", include("candidates.urls")),
]
handler400 = "evaluator.pages.bad_request"

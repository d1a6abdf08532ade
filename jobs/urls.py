"""Jobs, and everything a person does to a draft that makes a worker start."""

from django.urls import URLPattern, path

from . import views

app_name = "jobs"
urlpatterns: list[URLPattern] = [
    path("jobs/", views.jobs, name="jobs"),
    path("jobs/<uuid:public_id>/", views.job, name="job"),
    path("jobs/<uuid:public_id>/cancel/", views.cancel, name="cancel"),
    path("jobs/<uuid:public_id>/retry/", views.retry, name="retry"),
    path("drafts/<uuid:public_id>/jobs/", views.of_draft, name="of-draft"),
    path("drafts/<uuid:public_id>/upload/", views.upload, name="upload"),
    path("drafts/<uuid:public_id>/upload/piece/", views.piece, name="piece"),
    path("drafts/<uuid:public_id>/run/", views.run, name="run"),
]

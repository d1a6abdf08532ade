"""URLs of jobs, and of all requests about a draft that start work of a worker."""

from django.urls import URLPattern, path

from .views import (
    control,
    descriptions,
    erasing,
    home,
    notices,
    runs,
    schedules,
    sharing,
    suggestions,
    tracking,
    uploads,
    webhooks,
)

# E-mail providers report deliveries here, at the paths that anymail documents.
tracked = [path("<slug:provider>/tracking/", tracking.tracking, name="tracking")]

app_name = "jobs"
urlpatterns: list[URLPattern] = [
    path("sample/", home.sample, name="sample"),
    path("jobs/", runs.jobs, name="jobs"),
    path("jobs/<uuid:public_id>/", runs.job, name="job"),
    path("jobs/<uuid:public_id>/cancel/", control.cancel, name="cancel"),
    path("jobs/<uuid:public_id>/pause/", control.pause, name="pause"),
    path("jobs/<uuid:public_id>/resume/", control.resume, name="resume"),
    path("jobs/<uuid:public_id>/retry/", control.retry, name="retry"),
    path("notices/", notices.notices, name="notices"),
    path("notices/read/", notices.read_all, name="read-all"),
    path("notices/<uuid:public_id>/", notices.open_notice, name="open-notice"),
    path("webhooks/", webhooks.webhooks, name="webhooks"),
    path("webhooks/<uuid:public_id>/", webhooks.webhook, name="webhook"),
    path("webhooks/<uuid:public_id>/switch/", webhooks.switch, name="switch-webhook"),
    path("webhooks/<uuid:public_id>/test/", webhooks.send_test, name="test-webhook"),
    path("webhooks/<uuid:public_id>/remove/", webhooks.remove, name="remove-webhook"),
    path("deliveries/<uuid:public_id>/again/", webhooks.resend, name="call-again"),
    path("analyses/<uuid:public_id>/repeat/", control.repeat, name="repeat"),
    path("drafts/<uuid:public_id>/sharing/", sharing.sharing, name="sharing"),
    path("drafts/<uuid:public_id>/schedule/", schedules.schedule, name="schedule"),
    path("drafts/<uuid:public_id>/leave/", sharing.leave, name="leave"),
    path("members/<uuid:public_id>/", sharing.member, name="member"),
    path("members/<uuid:public_id>/remove/", sharing.remove_member, name="remove-member"),
    path("drafts/<uuid:public_id>/jobs/", runs.of_draft, name="of-draft"),
    path("drafts/<uuid:public_id>/upload/", uploads.upload, name="upload"),
    path("drafts/<uuid:public_id>/upload/piece/", uploads.piece, name="piece"),
    path("drafts/<uuid:public_id>/reread/", uploads.reread_all, name="reread-all"),
    path("candidates/<uuid:public_id>/reread/", uploads.reread, name="reread"),
    path("candidates/<uuid:public_id>/erase/", erasing.erase, name="erase-candidate"),
    path("receipts/", erasing.receipts, name="receipts"),
    path("receipts/<uuid:public_id>/", erasing.receipt, name="receipt"),
    path("drafts/<uuid:public_id>/estimate/", runs.estimate, name="estimate"),
    path("drafts/new/describe/", descriptions.describe_new, name="describe-new"),
    path("drafts/<uuid:public_id>/describe/", descriptions.describe, name="describe"),
    path("drafts/<uuid:public_id>/described/", descriptions.described, name="described"),
    path("drafts/new/suggest/", suggestions.suggest_new, name="suggest-new"),
    path("drafts/<uuid:public_id>/suggest/", suggestions.suggest, name="suggest"),
    path("drafts/<uuid:public_id>/suggested/", suggestions.suggested, name="suggested"),
    path("drafts/<uuid:public_id>/run/", control.run, name="run"),
]

from django.urls import URLPattern, path

from .views import (
    compare,
    decisions,
    drafts,
    evaluations,
    files,
    people,
    ranking,
    saved,
    usage,
    whatif,
)

app_name = "candidates"
urlpatterns: list[URLPattern] = [
    path("drafts/", drafts.drafts, name="drafts"),
    path("drafts/new/", drafts.new, name="new"),
    path("drafts/<uuid:public_id>/", drafts.draft, name="draft"),
    path("drafts/<uuid:public_id>/edit/", drafts.edit, name="edit"),
    path("drafts/<uuid:public_id>/erase/", drafts.erase, name="erase-draft"),
    path("drafts/<uuid:public_id>/people/", people.people, name="people"),
    path("candidates/<uuid:public_id>/part/", people.part, name="part"),
    path("candidates/<uuid:public_id>/", files.candidate, name="candidate"),
    path("candidates/<uuid:public_id>/original/", files.original, name="original"),
    path("candidates/<uuid:public_id>/erase/", files.erase, name="erase-candidate"),
    path("archives/<uuid:public_id>/remove/", files.remove_archive, name="remove-archive"),
    path("analyses/<uuid:public_id>/", ranking.analysis, name="analysis"),
    path("analyses/<uuid:public_id>/decide/", decisions.decide, name="decide"),
    path("analyses/<uuid:public_id>/undo/", decisions.undo, name="undo"),
    path("analyses/<uuid:public_id>/views/", saved.views, name="views"),
    path("analyses/<uuid:public_id>/compare/", compare.compare, name="compare"),
    path("analyses/<uuid:public_id>/ratings.json", whatif.ratings, name="ratings"),
    path("analyses/<uuid:public_id>/weights/", whatif.weights, name="weights"),
    path("usage/", usage.usage, name="usage"),
    path("evaluations/<uuid:public_id>/", evaluations.evaluation, name="evaluation"),
]

from django.urls import URLPattern, path

from .views import (
    compare,
    decisions,
    drafts,
    evaluations,
    exports,
    files,
    judgement,
    people,
    ranking,
    reading,
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
    path("candidates/<uuid:public_id>/pages/<int:number>.webp", reading.page, name="page"),
    path("candidates/<uuid:public_id>/decide/", judgement.decide, name="decide"),
    path("candidates/<uuid:public_id>/notes/", judgement.note, name="note"),
    path("notes/<uuid:public_id>/delete/", judgement.delete_note, name="delete-note"),
    path("candidates/<uuid:public_id>/reveal/", judgement.reveal, name="reveal"),
    path("drafts/<uuid:public_id>/blind/", judgement.switch_blind, name="blind"),
    path("candidates/<uuid:public_id>/erase/", files.erase, name="erase-candidate"),
    path("archives/<uuid:public_id>/remove/", files.remove_archive, name="remove-archive"),
<<<<<<< HEAD
    path("analyses/<uuid:public_id>/", ranking.analysis, name="analysis"),
    path("analyses/<uuid:public_id>/decide/", decisions.decide, name="decide"),
    path("analyses/<uuid:public_id>/undo/", decisions.undo, name="undo"),
    path("analyses/<uuid:public_id>/views/", saved.views, name="views"),
    path("analyses/<uuid:public_id>/compare/", compare.compare, name="compare"),
    path("analyses/<uuid:public_id>/ratings.json", whatif.ratings, name="ratings"),
    path("analyses/<uuid:public_id>/weights/", whatif.weights, name="weights"),
=======
    path("analyses/<uuid:public_id>/", results.analysis, name="analysis"),
    path("analyses/<uuid:public_id>/export/<slug:kind>/", exports.export, name="export"),
>>>>>>> 7a2353c (Export a ranking as CSV, XLSX and JSON, and its shortlist to be printed)
    path("usage/", usage.usage, name="usage"),
    path("evaluations/<uuid:public_id>/", evaluations.evaluation, name="evaluation"),
]

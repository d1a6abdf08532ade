"""What somebody has chosen for themselves: language, time zone, what they are told and how."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from candidates.access import Request
from candidates.forms import PreferenceForm
from candidates.models import Preference


@require_http_methods(["GET", "HEAD", "POST"])
def preferences(request: Request) -> HttpResponse:
    mine = Preference.of(request.user)
    form = PreferenceForm(request.POST or None, instance=mine)
    if request.method == "POST" and form.is_valid():
        chosen = form.save()
        # In the language that has just been chosen.
        with translation.override(chosen.language or translation.get_language()):
            messages.success(request, _("Your settings are saved."))
        return redirect("candidates:settings")
    status = 422 if form.is_bound else 200
    return render(
        request, "candidates/settings.html", {"form": form, "now": timezone.now()}, status=status
    )

"""The settings page of a user: language, time zone, e-mails and notices."""

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
    form = PreferenceForm(request.POST or None, instance=Preference.of(request.user))
    if request.method == "POST" and form.is_valid():
        saved = form.save()
        # In the language that was chosen in the form.
        with translation.override(saved.language or translation.get_language()):
            messages.success(request, _("Your settings are saved."))
        return redirect("candidates:settings")
    status = 422 if form.is_bound else 200
    return render(
        request, "candidates/settings.html", {"form": form, "now": timezone.now()}, status=status
    )

"""Addresses of other programs that are told what happens, and what they answered last.

They are one person's, as their e-mails are: set up once, and told of the same runs.
"""

from typing import Any
from urllib.parse import urlsplit

from django import forms
from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST

from candidates.access import Request
from jobs.models.webhook import TOLD, Delivery, Webhook
from jobs.notifications import webhooks as outbox

MOST = 10  # of one person
SHOWN = 50  # messages on a page


class WebhookForm(forms.ModelForm[Webhook]):
    occasions = forms.MultipleChoiceField(
        label=gettext_lazy("Tell it when"),
        choices=[(one.value, one.label) for one in TOLD],
        widget=forms.CheckboxSelectMultiple,
    )

    class Meta:
        model = Webhook
        fields = ["url", "occasions"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{"label_suffix": "", **kwargs})
        self.fields["url"].widget.attrs["placeholder"] = "https://"

    def clean_url(self) -> str:
        url: str = self.cleaned_data["url"]
        if not url.startswith(("https://", "http://")):
            raise forms.ValidationError(_("The address has to begin with https:// or http://."))
        if urlsplit(url).username or urlsplit(url).password:
            raise forms.ValidationError(
                _("The address holds a password. Leave it out: messages are signed.")
            )
        try:
            outbox.refuse_plainly_private(url)
        except outbox.AddressRefused as refused:
            raise forms.ValidationError(str(refused)) from refused
        others = Webhook.objects.filter(user=self.instance.user_id, url=url)
        if others.exclude(pk=self.instance.pk).exists():
            raise forms.ValidationError(_("You have a webhook with this address already."))
        return url


@require_http_methods(["GET", "HEAD", "POST"])
def webhooks(request: Request) -> HttpResponse:
    """The user's own, and a form for another. Three queries."""
    mine = list(Webhook.objects.all().visible_to(request.user))
    form = WebhookForm(request.POST or None, instance=Webhook(user=request.user))
    if request.method == "POST":
        if len(mine) >= MOST:
            form.add_error(None, _("You have %d webhooks. Remove one first.") % MOST)
        if form.is_valid():
            made = form.save()
            made.refresh_from_db()
            messages.success(request, _("The webhook is there. Send a test to see that it works."))
            return redirect(made)
    context = {"hooks": mine, "form": form}
    return render(request, "jobs/webhooks.html", context, status=422 if form.is_bound else 200)


@require_http_methods(["GET", "HEAD", "POST"])
def webhook(request: Request, public_id: Any) -> HttpResponse:
    """Its secret, what it is told of, and what it answered last. Two queries."""
    hook = _mine(request, public_id)
    form = WebhookForm(request.POST or None, instance=hook)
    if request.method == "POST" and form.is_valid():
        form.save()
        messages.success(request, _("The webhook is saved."))
        return redirect(hook)
    context = {
        "hook": Webhook.objects.get(pk=hook.pk) if form.is_bound else hook,
        "form": form,
        "deliveries": hook.deliveries.all()[:SHOWN],
        "shown": SHOWN,
    }
    return render(request, "jobs/webhook.html", context, status=422 if form.is_bound else 200)


@require_POST
def switch(request: Request, public_id: Any) -> HttpResponse:
    """Off or on, whichever it is not."""
    hook = _mine(request, public_id)
    this = Webhook.objects.filter(pk=hook.pk)
    if hook.off_at is None:
        this.switch_off()
        messages.success(request, _("The webhook is off: it is told of nothing."))
    else:
        this.switch_on()
        messages.success(request, _("The webhook is on."))
    return redirect(hook)


@require_POST
def test(request: Request, public_id: Any) -> HttpResponse:
    hook = _mine(request, public_id)
    with transaction.atomic():
        outbox.test(hook)
    messages.success(request, _("A test is on its way. Its answer is shown below in a moment."))
    return redirect(hook)


@require_POST
def again(request: Request, public_id: Any) -> HttpResponse:
    mine = Delivery.objects.all().visible_to(request.user).select_related("webhook")
    delivery = get_object_or_404(mine, public_id=public_id)
    with transaction.atomic():
        opened = outbox.again(delivery)
    if opened:
        messages.success(request, _("The message is sent again."))
    else:
        messages.info(request, _("The message is still being sent."))
    return redirect(delivery.webhook)


@require_http_methods(["GET", "HEAD", "POST"])
def remove(request: Request, public_id: Any) -> HttpResponse:
    """With all that it was told, after asking."""
    hook = _mine(request, public_id)
    if request.method != "POST":
        context = {
            "thing": _("the webhook “%s”") % hook,
            "with_it": _("The list of its messages goes with it, and it is told of nothing more."),
            "back": hook.get_absolute_url(),
        }
        return render(request, "candidates/erase.html", context)
    Webhook.objects.filter(pk=hook.pk).delete()
    messages.success(request, _("The webhook “%s” is removed.") % hook)
    return redirect(reverse("jobs:webhooks"))


def _mine(request: Request, public_id: Any) -> Webhook:
    return get_object_or_404(Webhook.objects.all().visible_to(request.user), public_id=public_id)

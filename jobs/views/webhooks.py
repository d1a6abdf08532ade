"""A user's webhooks: addresses of other programs, and the last messages sent to them.

They belong to a user, as e-mails do: set up once, and sent for the same runs.
"""

from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

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
from candidates.reasons import sentence
from jobs.models.webhook import SUBSCRIBABLE_EVENTS, Delivery, Webhook
from jobs.notifications import outbox
from jobs.notifications.addresses import AddressRefused, refuse_private_url
from jobs.notifications.webhooks import queue_test

MAX_WEBHOOKS_PER_USER = 10
MAX_DELIVERIES_SHOWN = 50


class WebhookForm(forms.ModelForm[Webhook]):
    events = forms.MultipleChoiceField(
        label=gettext_lazy("Tell it when"),
        choices=[(event.value, event.label) for event in SUBSCRIBABLE_EVENTS],
        widget=forms.CheckboxSelectMultiple,
    )

    class Meta:
        model = Webhook
        fields = ["url", "events"]

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
            refuse_private_url(url)
        except AddressRefused as error:
            raise forms.ValidationError(sentence(error.reason)) from error
        others = Webhook.objects.filter(user=self.instance.user_id, url=url)
        if others.exclude(pk=self.instance.pk).exists():
            raise forms.ValidationError(_("You have a webhook with this address already."))
        return url


@require_http_methods(["GET", "HEAD", "POST"])
def webhooks(request: Request) -> HttpResponse:
    """The user's webhooks, and a form for another. Three queries."""
    own = list(Webhook.objects.all().visible_to(request.user))
    form = WebhookForm(request.POST or None, instance=Webhook(user=request.user))
    if request.method == "POST":
        if len(own) >= MAX_WEBHOOKS_PER_USER:
            form.add_error(
                None, _("You have %d webhooks. Remove one first.") % MAX_WEBHOOKS_PER_USER
            )
        if form.is_valid():
            created = form.save()
            created.refresh_from_db()
            messages.success(request, _("The webhook is there. Send a test to see that it works."))
            return redirect(created)
    context = {"webhooks": own, "form": form}
    return render(request, "jobs/webhooks.html", context, status=422 if form.is_bound else 200)


@require_http_methods(["GET", "HEAD", "POST"])
def webhook(request: Request, public_id: UUID) -> HttpResponse:
    """Its secret, its events and its last messages. Two queries."""
    hook = _own_webhook(request, public_id)
    form = WebhookForm(request.POST or None, instance=hook)
    if request.method == "POST" and form.is_valid():
        form.save()
        messages.success(request, _("The webhook is saved."))
        return redirect(hook)
    context = {
        "webhook": Webhook.objects.get(pk=hook.pk) if form.is_bound else hook,
        "form": form,
        "deliveries": hook.deliveries.all()[:MAX_DELIVERIES_SHOWN],
        "shown": MAX_DELIVERIES_SHOWN,
    }
    return render(request, "jobs/webhook.html", context, status=422 if form.is_bound else 200)


@require_POST
def switch(request: Request, public_id: UUID) -> HttpResponse:
    """Switch the webhook off, or on again."""
    hook = _own_webhook(request, public_id)
    row = Webhook.objects.filter(pk=hook.pk)
    if hook.disabled_at is None:
        row.disable()
        messages.success(request, _("The webhook is off: it is told of nothing."))
    else:
        row.enable()
        messages.success(request, _("The webhook is on."))
    return redirect(hook)


@require_POST
def send_test(request: Request, public_id: UUID) -> HttpResponse:
    hook = _own_webhook(request, public_id)
    with transaction.atomic():
        queue_test(hook)
    messages.success(request, _("A test is on its way. Its answer is shown below in a moment."))
    return redirect(hook)


@require_POST
def resend(request: Request, public_id: UUID) -> HttpResponse:
    visible = Delivery.objects.all().visible_to(request.user).select_related("webhook")
    delivery = get_object_or_404(visible, public_id=public_id)
    with transaction.atomic():
        reopened = outbox.resend(delivery)
    if reopened:
        messages.success(request, _("The message is sent again."))
    else:
        messages.info(request, _("The message is still being sent."))
    return redirect(delivery.webhook)


@require_http_methods(["GET", "HEAD", "POST"])
def remove(request: Request, public_id: UUID) -> HttpResponse:
    """Delete the webhook and its messages, after asking."""
    hook = _own_webhook(request, public_id)
    if request.method != "POST":
        context = {
            "subject": _("the webhook “%s”") % hook,
            "consequence": _(
                "The list of its messages goes with it, and it is told of nothing more."
            ),
            "back_url": hook.get_absolute_url(),
        }
        return render(request, "candidates/erase.html", context)
    Webhook.objects.filter(pk=hook.pk).delete()
    messages.success(request, _("The webhook “%s” is removed.") % hook)
    return redirect(reverse("jobs:webhooks"))


def _own_webhook(request: Request, public_id: UUID) -> Webhook:
    return get_object_or_404(Webhook.objects.all().visible_to(request.user), public_id=public_id)

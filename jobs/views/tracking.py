"""The addresses to which e-mail providers report what became of an e-mail."""

import logging
from collections.abc import Callable
from typing import cast

from anymail.exceptions import AnymailError, AnymailWebhookValidationFailure
from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.module_loading import import_string
from django.views.decorators.csrf import csrf_exempt

log = logging.getLogger(__name__)

# By the part of the address that names it, as anymail does: the provider, and the view that reads
# its reports.
PROVIDER_VIEWS = {
    "sendgrid": ("sendgrid", "anymail.webhooks.sendgrid.SendGridTrackingWebhookView"),
    "amazon_ses": ("ses", "anymail.webhooks.amazon_ses.AmazonSESTrackingWebhookView"),
    "postmark": ("postmark", "anymail.webhooks.postmark.PostmarkTrackingWebhookView"),
    "mailgun": ("mailgun", "anymail.webhooks.mailgun.MailgunTrackingWebhookView"),
    "resend": ("resend", "anymail.webhooks.resend.ResendTrackingWebhookView"),
}


@csrf_exempt
@login_not_required
def tracking(request: HttpRequest, provider: str) -> HttpResponse:
    """Record what the provider reports (jobs.notifications.providers) if it shows the secret.

    Answers 404 without ANYMAIL_WEBHOOK_SECRET, because anybody could then report anything, and for
    a provider that is not in use. A report that cannot be read is answered with 400, not 500.
    """
    owner, name = PROVIDER_VIEWS.get(provider, ("", ""))
    if not settings.ANYMAIL["WEBHOOK_SECRET"] or owner != settings.EMAIL_PROVIDER:
        raise Http404("No e-mail is sent by this provider, or it has no secret to show.")
    view = cast(Callable[..., HttpResponse], import_string(name).as_view())
    try:
        return view(request)
    except AnymailWebhookValidationFailure:
        raise  # Django's 400
    except (AnymailError, ValueError, KeyError, TypeError, AttributeError) as error:
        log.warning("a report of %s cannot be read: %s", provider, type(error).__name__)
        return HttpResponse("This cannot be read.", status=400, content_type="text/plain")

"""What an operator can get wrong, as system checks with an id and a hint."""

from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register
from django.http.request import validate_host

from candidates.reading.ocr import tesseract

from . import doctor


@register(Tags.security, deploy=True)
def site_is_reached_over_https(**_: Any) -> list[CheckMessage]:
    if urlsplit(settings.SITE_URL).scheme == "https":
        return []
    return [
        Warning(
            f"SITE_URL is '{settings.SITE_URL}', which is not an https address.",
            hint="Set SITE_URL to the address people use; links in e-mails begin with it.",
            id="evaluator.W001",
        )
    ]


@register(Tags.security)
def model_key_is_set(**_: Any) -> list[CheckMessage]:
    if settings.EVALUATOR_ENGINE != "openai" or settings.OPENAI_API_KEY:
        return []
    return [
        Error(
            "EVALUATOR_ENGINE is 'openai' and OPENAI_API_KEY is not set.",
            hint="Set OPENAI_API_KEY (any text for a server that asks for none), "
            "or EVALUATOR_ENGINE=local.",
            id="evaluator.E001",
        )
    ]


@register()
def text_recognition_can_work(**_: Any) -> list[CheckMessage]:
    if not settings.OCR:
        return []
    missing = tesseract.missing(settings.OCR)
    if not missing:
        return []
    return [
        Error(
            f"EVALUATOR_OCR is '{settings.OCR}', and scans cannot be recognised here: {missing}",
            hint="Install tesseract with these languages (Debian: tesseract-ocr and "
            "tesseract-ocr-LANGUAGE), or set EVALUATOR_OCR=off.",
            id="evaluator.E002",
        )
    ]


@register(Tags.security, deploy=True)
def site_is_one_of_the_hosts(**_: Any) -> list[CheckMessage]:
    host = urlsplit(settings.SITE_URL).hostname or ""
    if validate_host(host, settings.ALLOWED_HOSTS):
        return []
    return [
        Error(
            f"ALLOWED_HOSTS does not have '{host}', the host of SITE_URL: every page would be "
            "refused.",
            hint=f"Add {host} to ALLOWED_HOSTS, or unset it for the host of SITE_URL.",
            id="evaluator.E003",
        )
    ]


@register(deploy=True)
def mail_has_a_sender(**_: Any) -> list[CheckMessage]:
    if settings.EMAIL_PROVIDER in ("file", "console"):
        return [
            Warning(
                f"EMAIL_PROVIDER is '{settings.EMAIL_PROVIDER}': no e-mail reaches anybody.",
                hint="Set EMAIL_PROVIDER to smtp or to one of the providers in docs/settings.md.",
                id="evaluator.W002",
            )
        ]
    if not settings.DEFAULT_FROM_EMAIL.rstrip(">").endswith("@localhost"):
        return []
    return [
        Warning(
            f"DEFAULT_FROM_EMAIL is '{settings.DEFAULT_FROM_EMAIL}', which most servers refuse.",
            hint="Set it to an address of a domain that may send e-mail through your provider.",
            id="evaluator.W003",
        )
    ]


@register(Tags.database, deploy=True)
def surrounding_servers_work(databases: Any = None, **_: Any) -> list[CheckMessage]:
    return doctor.run_all_checks() if databases else []


MAIL_KEYS = {
    "sendgrid": ("SENDGRID_API_KEY",),
    "postmark": ("POSTMARK_SERVER_TOKEN",),
    "mailgun": ("MAILGUN_API_KEY", "MAILGUN_SENDER_DOMAIN"),
    "resend": ("RESEND_API_KEY",),
}


@register()
def mail_keys_are_set(**_: Any) -> list[CheckMessage]:
    provider = settings.EMAIL_PROVIDER
    mail: dict[str, Any] = settings.ANYMAIL
    missing = [key for key in MAIL_KEYS.get(provider, ()) if not mail[key]]
    amazon = mail["AMAZON_SES_CLIENT_PARAMS"]["region_name"]
    if provider == "ses" and not amazon:
        missing = ["AWS_SES_REGION_NAME"]
    return [
        Error(
            f"EMAIL_PROVIDER is '{provider}' and {key} is not set: no e-mail could be sent.",
            hint=f"Set {key}, or choose another EMAIL_PROVIDER.",
            id="evaluator.E010",
        )
        for key in missing
    ]


@register()
def mail_secret_has_user_and_password(**_: Any) -> list[CheckMessage]:
    secret = str(settings.ANYMAIL["WEBHOOK_SECRET"])
    if not secret or all(secret.partition(":")):
        return []
    return [
        Error(
            "ANYMAIL_WEBHOOK_SECRET has no colon: providers show it as user:password.",
            hint="Set it to two random texts with a colon between them, and give the provider the "
            "address https://user:password@host/anymail/PROVIDER/tracking/.",
            id="evaluator.E011",
        )
    ]


@register(deploy=True)
def bounces_are_reported(**_: Any) -> list[CheckMessage]:
    provider = settings.EMAIL_PROVIDER
    if provider not in (*MAIL_KEYS, "ses") or settings.ANYMAIL["WEBHOOK_SECRET"]:
        return []
    return [
        Warning(
            f"EMAIL_PROVIDER is '{provider}' and ANYMAIL_WEBHOOK_SECRET is not set: addresses that "
            "bounce are not noticed.",
            hint="Set ANYMAIL_WEBHOOK_SECRET to user:password, and give the provider the address "
            "https://user:password@host/anymail/PROVIDER/tracking/.",
            id="evaluator.W010",
        )
    ]

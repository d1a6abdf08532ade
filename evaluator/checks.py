"""What an operator can get wrong, as system checks with an id and a hint."""

from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register

from candidates.reading import tesseract


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
def model_key_is_there(**_: Any) -> list[CheckMessage]:
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
    lacking = tesseract.missing(settings.OCR)
    if not lacking:
        return []
    return [
        Error(
            f"EVALUATOR_OCR is '{settings.OCR}', and scans cannot be recognised here: {lacking}",
            hint="Install tesseract with these languages (Debian: tesseract-ocr and "
            "tesseract-ocr-LANGUAGE), or set EVALUATOR_OCR=off.",
            id="evaluator.E002",
        )
    ]

"""Every setting, top to bottom. docs/settings.md lists the environment variables."""

import os
import secrets
from contextlib import suppress
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any
from urllib.parse import urlsplit

import django_stubs_ext
from django.core.exceptions import ImproperlyConfigured
from django.utils.csp import CSP

from . import database, env

django_stubs_ext.monkeypatch()

BASE_DIR = Path(__file__).resolve().parent.parent
VAR = Path(env.text("EVALUATOR_VAR", str(BASE_DIR / "var"))).resolve()

# A bare checkout is for trying and developing; where a database is named, it is production.
DATABASE_URL = env.text("DATABASE_URL")
DEBUG = env.switch("DEBUG", default=not DATABASE_URL)


def secret_key() -> str:
    """The given key; in development a random one, stored so that sessions outlive a restart."""
    given = env.text("SECRET_KEY")
    if given:
        return given
    if not DEBUG:
        raise ImproperlyConfigured(
            "SECRET_KEY is not set and DEBUG is off. Set it to a long random text "
            "and keep it the same on every web server and worker."
        )
    file_path = VAR / "secret-key"
    try:
        VAR.mkdir(parents=True, exist_ok=True)
        if not file_path.exists():
            # Appears whole, so that web and worker may start at the same moment; the first wins.
            with NamedTemporaryFile("w", dir=VAR, prefix="secret-key-") as file:  # mode 0600
                file.write(secrets.token_urlsafe(50))
                file.flush()
                with suppress(FileExistsError):
                    os.link(file.name, file_path)
        return file_path.read_text()
    except OSError as error:
        raise ImproperlyConfigured(
            f"The folder {VAR} cannot be written ({error.strerror}). Give this user the right to "
            "read and write there, or set EVALUATOR_VAR to a folder where it may."
        ) from error


if not DATABASE_URL and not DEBUG:
    raise ImproperlyConfigured(
        "DATABASE_URL is not set and DEBUG is off. The embedded PostgreSQL is for trying and "
        "developing only: set DATABASE_URL to postgres://user:password@host:5432/name."
    )
SECRET_KEY = secret_key()

# How long drafts are kept, by how far they came (jobs/retention/purge.py); what is not named stays.
RETENTION_DAYS: dict[str, int] = env.days("RETENTION_DAYS", ("unrun", "ranked", "stopped"))
RETENTION_WARNING_DAYS = env.whole("RETENTION_WARNING_DAYS", 14)

# The address of the site
PORT = env.whole("PORT", 8000)
WEB_THREADS = env.whole("WEB_THREADS", 8)  # of the web server's process
SITE_URL = env.text("SITE_URL", f"http://localhost:{PORT}").rstrip("/")
if not urlsplit(SITE_URL).hostname or urlsplit(SITE_URL).scheme not in ("http", "https"):
    raise ImproperlyConfigured(
        f"SITE_URL is '{SITE_URL}'. Set it to the whole address, such as https://hire.example.com."
    )
SECURE = urlsplit(SITE_URL).scheme == "https"
ALLOWED_HOSTS = env.names(
    "ALLOWED_HOSTS",
    sorted({urlsplit(SITE_URL).hostname or "", "localhost", "127.0.0.1"}),
)
CSRF_TRUSTED_ORIGINS = [f"{urlsplit(SITE_URL).scheme}://{urlsplit(SITE_URL).netloc}"]
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if SECURE else None

INSTALLED_APPS = [
    "evaluator.apps.EvaluatorConfig",
    "jobs.apps.JobsConfig",
    "candidates.apps.CandidatesConfig",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.humanize",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.postgres",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django_q",
]
MIDDLEWARE = [
    "evaluator.middleware.trace_requests",
    "evaluator.middleware.answer_probes",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "evaluator.middleware.answer_unchanged_polls",
    "django.middleware.csp.ContentSecurityPolicyMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.auth.middleware.LoginRequiredMiddleware",
    "evaluator.middleware.apply_preferences",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
ROOT_URLCONF = "evaluator.urls"
WSGI_APPLICATION = "evaluator.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.csp",
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]

# The database: rows, queue, files, sessions
if DATABASE_URL:
    try:
        DATABASES = {"default": database.from_url(DATABASE_URL)}
    except ValueError as error:
        raise ImproperlyConfigured(str(error)) from error
else:
    DATABASES = {"default": database.embedded(VAR / "postgres")}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# Files
AWS_STORAGE_BUCKET_NAME = env.text("AWS_STORAGE_BUCKET_NAME")
AWS_S3_ENDPOINT_URL = env.text("AWS_S3_ENDPOINT_URL") or None
AWS_S3_REGION_NAME = env.text("AWS_S3_REGION_NAME") or None
AWS_DEFAULT_ACL = None
AWS_QUERYSTRING_AUTH = True
FILE_STORAGE = (
    "storages.backends.s3.S3Storage"
    if AWS_STORAGE_BUCKET_NAME
    else "evaluator.storage.DatabaseStorage"
)
STORAGES: dict[str, dict[str, Any]] = {
    "default": {"BACKEND": FILE_STORAGE},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG
        else "evaluator.static_storage.StaticStorage"
    },
}
STATIC_URL = "/static/"
STATIC_ROOT = BASE_DIR / "staticfiles"
STATICFILES_DIRS = [BASE_DIR / "static"]
WHITENOISE_USE_FINDERS = DEBUG

# One request carries at most this much; larger files come in pieces (static/js/upload/plan.js).
UPLOAD_REQUEST_MAX = 8 * 1024 * 1024
DATA_UPLOAD_MAX_MEMORY_SIZE = 10 * 1024 * 1024

# Users and log-in
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]
AUTHENTICATION_BACKENDS = ["evaluator.auth.UserBackend"]
LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "home"
LOGOUT_REDIRECT_URL = "login"

# What a browser may do with the pages
SECURE_CSP = {
    "default-src": [CSP.NONE],
    "script-src": [CSP.SELF, CSP.NONCE],
    "style-src": [CSP.SELF, CSP.NONCE],
    "img-src": [CSP.SELF, "data:"],
    "font-src": [CSP.SELF],
    "connect-src": [CSP.SELF],
    "worker-src": [CSP.SELF],
    "form-action": [CSP.SELF],
    "base-uri": [CSP.NONE],
    "frame-ancestors": [CSP.NONE],
}
SECURE_SSL_REDIRECT = SECURE and not DEBUG
SECURE_HSTS_SECONDS = 31_536_000 if SECURE and not DEBUG else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = bool(SECURE_HSTS_SECONDS)
SECURE_REFERRER_POLICY = "same-origin"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_HTTPONLY = True
X_FRAME_OPTIONS = "DENY"

# Each reader's own, where they or their browser say so (evaluator/middleware.py)
LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("de", "Deutsch")]
LOCALE_PATHS = [BASE_DIR / "locale"]
TIME_ZONE = "UTC"
USE_TZ = True

# Reading
OCR: str = env.languages("EVALUATOR_OCR")  # "" is off

# Scoring
OPENAI_API_KEY = env.text("OPENAI_API_KEY")
OPENAI_BASE_URL = env.text("OPENAI_BASE_URL")
EVALUATOR_ENGINE = env.choice(
    "EVALUATOR_ENGINE", ("openai", "local"), "openai" if OPENAI_API_KEY else "local"
)
EVALUATOR_MODEL = env.text("EVALUATOR_MODEL")
EVALUATOR_CONCURRENCY = env.whole("EVALUATOR_CONCURRENCY", 32)
EVALUATOR_CALL_SECONDS = env.whole("EVALUATOR_CALL_SECONDS", 600)
EVALUATOR_RPM = env.whole("EVALUATOR_RPM", 0)  # 0: as many as the model server takes
EVALUATOR_TPM = env.whole("EVALUATOR_TPM", 0)
EVALUATOR_MAX_TOKENS_PER_JOB = env.whole("EVALUATOR_MAX_TOKENS_PER_JOB", 0)
EVALUATOR_PRICES = env.prices("EVALUATOR_PRICES")
EVALUATOR_TOP_N = env.whole("EVALUATOR_TOP_N", 10)

# The queue. Each value answers a measured failure; docs/queue.md tells which.
JOBS_ENGINE = env.choice("JOBS_ENGINE", ("django-q2", "celery"), "django-q2")
QUEUE_BROKER = env.choice("QUEUE_BROKER", ("postgres", "stock", "redis"), "postgres")
REDIS_URL = env.server("REDIS_URL", ("redis", "rediss", "unix"))
CELERY_BROKER_URL = env.server(
    "CELERY_BROKER_URL", ("redis", "rediss", "sentinel", "amqp", "amqps", "sqs")
)
if JOBS_ENGINE == "celery" and not CELERY_BROKER_URL:
    raise ImproperlyConfigured(
        "JOBS_ENGINE is 'celery' and CELERY_BROKER_URL is not set. Set it to the address of "
        "Celery's broker, such as redis://localhost:6379/0."
    )
if JOBS_ENGINE == "django-q2" and QUEUE_BROKER == "redis" and not REDIS_URL:
    raise ImproperlyConfigured(
        "QUEUE_BROKER is 'redis' and REDIS_URL is not set. Set it to the address of the server, "
        "such as redis://localhost:6379/0."
    )
# How far the roll-out is: runs of fewer résumés may be worked on in the request (0: none is), and
# runs of more than MAX_BATCH are refused (0: none is).
BACKGROUND_FROM = env.whole("BACKGROUND_FROM", 0, at_least=0)
MAX_BATCH = env.whole("MAX_BATCH", 0)
Q_WORKERS = env.whole("Q_WORKERS", 2)
WORKER_PORT = env.whole("WORKER_PORT", 0)  # 0 is none
LANE_SLICE = 20  # seconds before a lane makes room for others who wait
# Seconds after which the queue ends a lane (jobs/execution/turn.py). The longest one takes a turn
# of 90 and waits for its last answers; while it waits it admits a guest, with a slice and a wait
# of its own. A wait is for calls that begin within 45 seconds, or for one file, whose text may be
# recognised (145).
LANE_TIMEOUT = 90 + LANE_SLICE + 2 * max(45 + EVALUATOR_CALL_SECONDS, 145) + 60
TAKEN_FOR = 3 * LANE_TIMEOUT + 60  # seconds until a message that was never acknowledged comes again
Q_CLUSTER: dict[str, Any] = {
    "name": "evaluator",
    **{
        "postgres": {"orm": "default", "broker_class": "jobs.queue.broker.PostgresBroker"},
        "stock": {"orm": "default"},
        "redis": {"redis": REDIS_URL, "broker_class": "jobs.queue.redis.RedisBroker"},
    }[QUEUE_BROKER],
    "workers": Q_WORKERS,
    "queue_limit": 1,
    "bulk": 1,
    "poll": 0.2,
    "timeout": LANE_TIMEOUT,
    "retry": TAKEN_FOR,
    "max_attempts": 1,
    "ack_failures": True,
    "save_limit": -1,
    "catch_up": False,
    "scheduler": False,  # nothing is scheduled by it; the supervisor sweeps
    "recycle": 1_000,
    "guard_cycle": 0.5,
    "log_level": "WARNING",
    "label": "Queue",
    "ALT_CLUSTERS": {},
}
CELERY_TASK_ACKS_LATE = CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_TIME_LIMIT = LANE_TIMEOUT + 10  # for what does not end at LANE_TIMEOUT
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_MAX_TASKS_PER_CHILD = 1_000
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": TAKEN_FOR,
    "queue_order_strategy": "priority",
    "socket_connect_timeout": 5,
    "socket_timeout": 10,
}

# E-mail: one provider, chosen by name; each reads its own keys.
DEFAULT_FROM_EMAIL = env.text("DEFAULT_FROM_EMAIL", "Candidate Evaluator <evaluator@localhost>")
SERVER_EMAIL = DEFAULT_FROM_EMAIL
EMAIL_PROVIDER = env.choice(
    "EMAIL_PROVIDER",
    ("file", "console", "smtp", "sendgrid", "ses", "postmark", "mailgun", "resend"),
    "file" if DEBUG else "smtp",
)
MAIL_FOLDER = VAR / "mail"
EMAIL_BACKENDS: dict[str, dict[str, Any]] = {
    "file": {
        "BACKEND": "django.core.mail.backends.filebased.EmailBackend",
        "OPTIONS": {"file_path": str(MAIL_FOLDER)},
    },
    "console": {"BACKEND": "django.core.mail.backends.console.EmailBackend"},
    "smtp": {
        "BACKEND": "django.core.mail.backends.smtp.EmailBackend",
        "OPTIONS": {
            "host": env.text("EMAIL_HOST", "localhost"),
            "port": env.whole("EMAIL_PORT", 25),
            "username": env.text("EMAIL_HOST_USER"),
            "password": env.text("EMAIL_HOST_PASSWORD"),
            "use_tls": env.switch("EMAIL_USE_TLS", default=False),
            "use_ssl": env.switch("EMAIL_USE_SSL", default=False),
            "timeout": 10,
        },
    },
    "sendgrid": {"BACKEND": "anymail.backends.sendgrid.EmailBackend"},
    "ses": {"BACKEND": "anymail.backends.amazon_ses.EmailBackend"},
    "postmark": {"BACKEND": "anymail.backends.postmark.EmailBackend"},
    "mailgun": {"BACKEND": "anymail.backends.mailgun.EmailBackend"},
    "resend": {"BACKEND": "anymail.backends.resend.EmailBackend"},
}
if EMAIL_BACKENDS["smtp"]["OPTIONS"]["use_tls"] and EMAIL_BACKENDS["smtp"]["OPTIONS"]["use_ssl"]:
    raise ImproperlyConfigured(
        "EMAIL_USE_TLS and EMAIL_USE_SSL are both on. Keep EMAIL_USE_TLS for port 587, or "
        "EMAIL_USE_SSL for port 465."
    )
MAILERS = {"default": EMAIL_BACKENDS[EMAIL_PROVIDER]}
ANYMAIL = {
    "REQUESTS_TIMEOUT": 10,
    "WEBHOOK_SECRET": env.text("ANYMAIL_WEBHOOK_SECRET"),
    "MAILGUN_WEBHOOK_SIGNING_KEY": env.text("MAILGUN_WEBHOOK_SIGNING_KEY") or None,
    "SENDGRID_API_KEY": env.text("SENDGRID_API_KEY"),
    "POSTMARK_SERVER_TOKEN": env.text("POSTMARK_SERVER_TOKEN"),
    "MAILGUN_API_KEY": env.text("MAILGUN_API_KEY"),
    "MAILGUN_SENDER_DOMAIN": env.text("MAILGUN_SENDER_DOMAIN") or None,
    "RESEND_API_KEY": env.text("RESEND_API_KEY"),
    # The key itself comes as everywhere at Amazon: environment, file, or the machine's role.
    "AMAZON_SES_CLIENT_PARAMS": {
        "region_name": env.text("AWS_SES_REGION_NAME") or None,
        "config": {"connect_timeout": 5, "read_timeout": 10, "retries": {"max_attempts": 0}},
    },
}

WEBHOOK_ALLOW_PRIVATE = env.switch("WEBHOOK_ALLOW_PRIVATE", default=False)

SENTRY_DSN = env.dsn("SENTRY_DSN")
METRICS_TOKEN = env.text("METRICS_TOKEN")  # required by /metrics; "": there is no /metrics

# Logs never contain a résumé's text: messages name rows by id, and of an exception a line tells
# the place alone (evaluator/logs.py); while developing, all of it.
LOG_FORMAT = env.choice("LOG_FORMAT", ("json", "text"), "text" if DEBUG else "json")
LOG_LEVEL = env.choice("LOG_LEVEL", ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"), "INFO")
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "json": {"()": "evaluator.logs.JsonFormatter"},
        "text": {"format": "{asctime} {levelname} {name}: {message}", "style": "{"}
        if DEBUG
        else {"()": "evaluator.logs.TextFormatter"},
    },
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": LOG_FORMAT}},
    "root": {"handlers": ["stderr"], "level": "WARNING"},
    "loggers": {
        name: {"level": LOG_LEVEL} for name in ("evaluator", "jobs", "candidates", "gunicorn")
    },
}

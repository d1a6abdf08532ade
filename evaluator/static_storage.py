"""How static files are gathered and served in production."""

from whitenoise.storage import CompressedManifestStaticFilesStorage


class StaticStorage(CompressedManifestStaticFilesStorage):  # type: ignore[misc]  # no types
    """Compressed files with a hash in their names, in the `import` statements of modules too."""

    support_js_module_import_aggregation = True

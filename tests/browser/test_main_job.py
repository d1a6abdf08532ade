"""The whole main job, as a hiring manager does it: from log-in to the e-mail's link."""

import email
import re
from email import policy
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import Page, expect

from candidates.models import Candidate, Draft
from jobs.models import Job, JobStatus, Notification
from tests.makers import files

from .conftest import until, words

SAMPLES = Path(__file__).resolve().parents[2] / "candidates" / "samples"
FILES = 120


@pytest.fixture
def resumes(tmp_path: Path) -> list[Path]:
    """120 distinct files: sample résumés of all roles, made PDF and DOCX, two unreadable."""
    folder = tmp_path / "resumes"
    folder.mkdir()
    made = {"locked.pdf": files.encrypted_pdf(), "broken.pdf": files.damaged_pdf()}
    samples = [path for path in sorted(SAMPLES.glob("*/*.*")) if path.suffix in (".pdf", ".docx")]
    for path in samples[:70]:
        if path.stat().st_size:  # an empty file is among the samples
            made[f"{path.parent.name}-{path.name}"] = path.read_bytes()
    for number in range(FILES - len(made)):
        lines = [
            f"Person Number{number}",
            f"Backend engineer for {number + 1} years, in Python and Django.",
            "Designed and tuned PostgreSQL schemas for payment services.",
        ]
        if number % 2:
            made[f"made-{number}.pdf"] = files.pdf(lines)
        else:
            made[f"made-{number}.docx"] = files.docx(*lines)
    for name, data in made.items():
        (folder / name).write_bytes(data)
    assert len({path.read_bytes() for path in folder.iterdir()}) == FILES
    return sorted(folder.iterdir())


@pytest.mark.usefixtures("worker")
def test_from_log_in_to_the_link_in_the_e_mail(
    page: Page, alice: User, resumes: list[Path], mail: Path
) -> None:
    page.goto("/")
    page.get_by_label("Username").fill("alice")
    page.get_by_label("Password").fill("alice-pass")
    page.get_by_role("button", name="Log in").click()

    page.get_by_role("link", name="Write the first draft").click()
    page.get_by_label("Title").fill("Backend engineer")
    page.get_by_label("Description").fill("We build payment services in Python on PostgreSQL.")
    page.get_by_label("Name").first.fill("Python")
    page.get_by_label("Must have").first.check()
    page.get_by_label("Name").nth(1).fill("PostgreSQL")
    page.get_by_role("button", name="Add a criterion").click()
    page.get_by_label("Name").nth(2).fill("Payments")
    page.get_by_role("button", name="Save the draft").click()
    expect(page.get_by_role("status")).to_contain_text(["The draft is saved.", ""])

    page.get_by_label("Choose files, or drop them here").set_input_files(resumes)
    expect(page.locator("[data-status]")).to_have_text(f"Done: {FILES} of {FILES} files added.")
    expect(page.locator("#candidates")).to_contain_text(
        re.compile(rf"\d+ of {FILES} can be read|All {FILES} can be read")
    )
    page.get_by_role("link", name=re.compile("^Unreadable")).click()
    unreadable = Candidate.objects.filter(status="unreadable").count()
    assert unreadable >= 2
    expect(page.locator("#candidates tbody tr")).to_have_count(unreadable)
    expect(page.locator("#candidates")).to_contain_text("The file is protected by a password.")
    draft = Draft.objects.get()
    assert draft.candidates.count() == FILES

    page.get_by_label("Insights for").select_option("top")
    page.get_by_role("button", name="Run the analysis").click()
    expect(page.get_by_role("heading", name="Analysis of Backend engineer")).to_be_visible()
    expect(page.locator("#job progress")).to_be_visible()
    expect(page.locator("#job")).to_contain_text("Completed")
    job = Job.objects.get()
    assert (job.status, job.requested_by) == (JobStatus.COMPLETED, alice)
    expect(page.locator("#job:not([hx-trigger])")).to_be_visible()  # it has stopped asking

    page.get_by_role("link", name="The ranking").click()
    ranked = Candidate.objects.filter(status="readable").count()
    expect(page.locator("main")).to_contain_text(f"{ranked} of {FILES} résumés scored")
    best = page.locator("[data-row]").first
    expect(best.locator(".place")).to_have_text("1")
    name = best.get_by_role("link").inner_text()
    best.get_by_role("link").click()

    expect(page.get_by_role("heading", level=1)).to_have_text(name)
    expect(page.get_by_role("heading", name="Insights")).to_be_visible()
    quoted = page.locator("blockquote a").first
    quote = quoted.inner_text()
    quoted.click()
    expect(page.locator("mark.current")).to_be_visible()
    assert words(quote).startswith(words(page.locator("mark.current").inner_text())[:20])
    with page.expect_download() as saved:
        page.get_by_role("link", name="save the original").click()
    assert saved.value.path().read_bytes() in {path.read_bytes() for path in resumes}

    until(lambda: Notification.objects.filter(status="sent").exists())
    [written] = list(mail.iterdir())
    message = email.message_from_bytes(written.read_bytes(), policy=policy.default)
    assert (message["To"], message["Subject"]) == (
        "alice@example.com",
        "Ranking ready, 5 without a score: Backend engineer",
    )
    body = message.get_body(("plain",))
    assert body is not None
    text = body.get_content()
    assert name in text and "Without a score" in text
    link = re.search(r"http://\S+/analyses/\S+", text)
    assert link is not None
    page.goto(link[0])
    expect(page.get_by_role("heading", level=1)).to_have_text("Ranking")

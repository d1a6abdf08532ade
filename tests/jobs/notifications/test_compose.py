"""What e-mails say, in text and in HTML."""

import pytest
from django.contrib.auth.models import User
from django.template.loader import render_to_string

from candidates.facts.reason import FailureCode, Reason
from candidates.models import (
    Analysis,
    Candidate,
    Draft,
    EventVerb,
    Membership,
)
from jobs.execution.submit import record
from jobs.models import JobStatus, Notification, NotificationKind
from jobs.notifications.compose import compose
from tests.makers import rows


class TestMail:
    def test_who_gets_a_draft_is_told_the_same_in_text_and_html(
        self, draft: Draft, alice: User
    ) -> None:
        draft.title = "<b>Tom</b> & Jerry"
        draft.save()
        member = Membership.objects.create(draft=draft, email="a@example.com", invited_by=alice)
        notification = Notification.objects.create(
            membership=member, kind=NotificationKind.SHARED, recipient="a@b.c"
        )

        message = compose(notification)

        html = str(message.alternatives[0][0])
        for body in (str(message.body), html):
            assert f"http://localhost:8000{draft.get_absolute_url()}" in body
            assert "alice shares" in body and "You may look at everything" in body
        assert "<b>Tom</b> & Jerry" in message.subject and "<b>Tom" not in html

    @pytest.mark.parametrize(
        "kind", [NotificationKind.COMPLETED, NotificationKind.FAILED, NotificationKind.PAUSED]
    )
    def test_text_and_html_say_the_same(
        self, analysis: Analysis, draft: Draft, kind: NotificationKind
    ) -> None:
        evil = "<b>Tom</b> & Jerry"
        Draft.objects.filter(pk=draft.pk).update(title=evil)
        Analysis.objects.filter(pk=analysis.pk).update(title=evil)
        Candidate.objects.filter(name="Person 1").update(name=evil)
        rows.unreadable(draft, 3)
        rows.evaluate(analysis)
        failed, done = kind == NotificationKind.FAILED, kind == NotificationKind.COMPLETED
        job = rows.job(
            analysis,
            JobStatus.FAILED if failed else JobStatus.COMPLETED,
            Reason(FailureCode.NO_CANDIDATES_LEFT) if failed else None,
        )
        record(job, EventVerb.PAUSED, reason=Reason(FailureCode.QUOTA_GONE))
        notification = Notification.objects.create(job=job, kind=kind, recipient="a@example.com")

        message = compose(Notification.objects.get(pk=notification.pk))

        html = str(message.alternatives[0][0])
        link = analysis.get_absolute_url() if done else job.get_absolute_url()
        for body in (str(message.body), html):
            assert f"http://localhost:8000{link}" in body
            assert "2 of 3 résumés" in body
            assert "1 × The file is protected by a password." in " ".join(body.split())
            assert ("no candidates any more" in body) == failed
            assert ("no quota left" in body) == (kind == NotificationKind.PAUSED)
        assert evil in message.subject and evil in str(message.body)
        assert evil not in html and "&lt;b&gt;Tom&lt;/b&gt; &amp; Jerry" in html

    def test_those_in_one_band_share_a_place_in_text_and_html(self, analysis: Analysis) -> None:
        rows.evaluate(analysis)
        analysis.evaluations.update(band=1)
        rows.repeat(analysis.evaluations.get(rank=1), 85)
        notification = Notification.objects.create(
            job=rows.job(analysis), kind=NotificationKind.COMPLETED, recipient="a@example.com"
        )

        message = compose(Notification.objects.get(pk=notification.pk))

        for body in (str(message.body), str(message.alternatives[0][0])):
            assert body.replace("&nbsp;", " ").count("1=. ") == 2
            assert "differs by 2.8 points" in body

    def test_a_subject_is_one_line(self) -> None:
        for kind in set(NotificationKind) - {
            NotificationKind.UNSTARTED
        }:  # which is told behind the bell alone
            subject = render_to_string(
                f"emails/{kind}_subject.txt", {"analysis": {"title": "T"}, "draft": {"title": "T"}}
            )
            assert len(subject.strip().splitlines()) == 1

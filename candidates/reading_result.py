"""What reading one file gave, as one value on its way from the reader to the candidate's row."""

from dataclasses import dataclass, field
from typing import Any, Self

from .facts import phone, similarity
from .models.candidate import CandidateStatus
from .reading import Document
from .reading.problems import Problem
from .scoring.fingerprint import document_key
from .scoring.prepare import prepare_for_storage


@dataclass(frozen=True, slots=True)
class ReadingResult:
    """Columns of Candidate, by name, with their values as JSON holds them.

    A new fact about a résumé is a column there and a field here: the statement that writes the
    rows (`CandidateQuerySet.record_reading`) is made of these fields. A file that cannot be read
    has `status` and `problem`, and leaves all others empty.
    """

    status: CandidateStatus
    problem: str = ""
    media_type: str = ""
    reader: str = ""
    pages: int = 0
    text: str = ""
    flags: list[dict[str, Any]] = field(default_factory=list)
    hidden: list[dict[str, Any]] = field(default_factory=list)
    language: str = ""
    sections: list[dict[str, Any]] = field(default_factory=list)
    name: str = ""
    email: str = ""
    phone: str = ""
    links: list[dict[str, Any]] = field(default_factory=list)
    confidence: dict[str, float] = field(default_factory=dict)
    prepared: dict[str, Any] = field(default_factory=dict)
    redacted_key: str = ""
    text_key: str = ""
    phone_key: str = ""
    signature: list[int] = field(default_factory=list)
    bands: list[int] = field(default_factory=list)

    @classmethod
    def of_document(cls, document: Document) -> Self:
        """The values for a file that was read."""
        person = document.contact
        prepared, spans = prepare_for_storage(document.text, person.name)
        signature = similarity.signature(document.text)
        return cls(
            status=CandidateStatus.READABLE,
            media_type=document.media_type,
            reader=document.reader,
            pages=len(document.pages),
            text=document.text,
            flags=[flag.to_json() for flag in document.flags],
            hidden=[hidden.to_json() for hidden in document.hidden],
            language=document.language,
            sections=[section.to_json() for section in document.sections],
            name=person.name,
            email=person.email,
            phone=person.phone,
            links=[link.to_json() for link in person.links],
            confidence={
                "name": person.name_confidence,
                "email": person.email_confidence,
                "phone": person.phone_confidence,
            },
            prepared=spans,
            redacted_key=document_key(prepared.document),
            text_key=similarity.text_key(document.text),
            phone_key=phone.international(person.phone, person.email, document.language),
            signature=signature,
            bands=similarity.bands(signature),
        )

    @classmethod
    def of_problem(cls, problem: Problem) -> Self:
        """The values for a file that cannot be read."""
        return cls(status=CandidateStatus.UNREADABLE, problem=problem)

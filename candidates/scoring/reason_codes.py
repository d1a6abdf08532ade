"""Codes of what this program says of a rating or in an insight; `candidates.reasons` has the words.

What a language model writes is no reason: it is kept as an `explanation` and shown as it came.
Parameters are keys of criteria, counts, ratings, and terms of the rubric separated by blanks (a
term holds none).
"""

from candidates.facts.reason import CAUSE, ReasonCode


class RatingCode(ReasonCode):
    """Why the local engine gave a rating. `sentences` and `lists` count the quotes, 1 to 3."""

    CRITERION_NOT_MENTIONED = "criterion_not_mentioned", "criterion"
    TERMS_IN_SENTENCES = "terms_in_sentences", "sentences", "terms"
    SENTENCES_NEAR = "sentences_near", "sentences"
    TERMS_IN_LISTS = "terms_in_lists", "lists", "terms"
    LISTS_NEAR = "lists_near", "lists"

    # Of the role as a whole; the cause is one of those above
    ROLE_NOT_MENTIONED = "role_not_mentioned"
    ROLE_CLOSE = "role_close"
    ROLE_PARTLY = "role_partly"
    ROLE_FAR = "role_far"
    ROLE_CLOSE_WITH_EVIDENCE = "role_close_with_evidence", CAUSE
    ROLE_PARTLY_WITH_EVIDENCE = "role_partly_with_evidence", CAUSE
    ROLE_FAR_WITH_EVIDENCE = "role_far_with_evidence", CAUSE


class InsightCode(ReasonCode):
    """A strength, a gap or an interview question, composed from ratings."""

    STRONG_EVIDENCE = "strong_evidence", "criterion", "rating"
    EVIDENCE = "evidence", "criterion", "rating"
    MUST_HAVE_WITHOUT_EVIDENCE = "must_have_without_evidence", "criterion"
    CRITERION_WITHOUT_EVIDENCE = "criterion_without_evidence", "criterion"
    MUST_HAVE_WITH_THIN_EVIDENCE = "must_have_with_thin_evidence", "criterion", "rating"
    CRITERION_WITH_THIN_EVIDENCE = "criterion_with_thin_evidence", "criterion", "rating"
    ASK_ABOUT_EXPERIENCE = "ask_about_experience", "criterion"
    ASK_ABOUT_OWN_PART = "ask_about_own_part", "criterion"

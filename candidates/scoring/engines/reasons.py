"""The one sentence that goes with a rating, made of what was found."""

from candidates.scoring.rubric import ROLE, RubricCriterion

MOST_NAMED = 3
NUMBERS = ("No", "One", "Two", "Three")
CLOSE = 0.7
PARTLY = 0.35


def nothing(criterion: RubricCriterion) -> str:
    if criterion.key == ROLE:
        return "No sentence of the résumé speaks of what the description asks for."
    return f"No sentence of the résumé speaks of “{criterion.name}”."


def reason(
    criterion: RubricCriterion, named: list[str], *, quotes: int, lists: bool, fit: float
) -> str:
    """`named` are the criterion's words that the quotes hold; `lists`: they are keywords only."""
    if criterion.key == ROLE:
        far = "close to" if fit >= CLOSE else "partly like" if fit >= PARTLY else "far from"
        whole = f"As a whole the résumé is {far} the role"
        if not quotes:
            return f"{whole}."
        said = _said(named, quotes, lists=lists)
        return f"{whole}; {said[0].lower()}{said[1:]}."
    if not quotes:
        return nothing(criterion)
    return f"{_said(named, quotes, lists=lists)}."


def _said(named: list[str], quotes: int, *, lists: bool) -> str:
    count, plural = NUMBERS[quotes], quotes > 1
    if lists:
        said = f"Only {'lists' if plural else 'a list'} of keywords {'hold' if plural else 'holds'}"
        return f"{said} {_joined(named) or 'something near'}"
    sentences = f"{count} sentences" if plural else f"{count} sentence"
    if not named:
        return f"{sentences} {'come' if plural else 'comes'} near, in other words"
    return f"{sentences} {'speak' if plural else 'speaks'} of {_joined(named)}"


def _joined(named: list[str]) -> str:
    quoted = [f"“{word}”" for word in named[:MOST_NAMED]]
    if len(quoted) < 2:
        return "".join(quoted)
    return f"{', '.join(quoted[:-1])} and {quoted[-1]}"

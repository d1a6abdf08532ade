"""Patterns of sentences that give orders to the judge of a résumé; `attacks` searches for them.

Each matches a whole order, a verb with its object, so that "ignored advice to wait" and "prompt
engineering" do not match. Before a pattern is tried, the text must hold one word of each of its
groups: that is a hundred times faster, and makes the search nearly free for most résumés. Patterns
are for lower-case text.
"""

import re
from collections.abc import Iterator

ALL = r"(?:(?:any|all|every|the|these|those|your|of|my|other|and|or)\s+){0,4}"
BEFORE = r"(?:previous|prior|earlier|preceding|above|foregoing|existing|former|given|initial)"
ORDERS = (
    r"(?:instructions?|prompts?|rules?|guidelines?|directions?|commands?|criteria|context"
    r"|messages?|rubrics?|constraints)"
)
WHO = r"(?:this|the|my) (?:candidate|applicant|résumé|resume|cv|profile|application|person)"
TOP = (
    r"(?:\b100\b|10\s*/\s*10|5\s*/\s*5|4\s*/\s*4|\b4\b|10 out of 10"
    r"|\b(?:a |the )?(?:maximum|highest|top|best|full|perfect|max)\b)"
)
MODEL = (
    r"(?:ai|a\.i\.|llms?|gpt|chatgpt|claude|gemini|(?:large )?language models?"
    r"|(?:ats|screening|automated) (?:systems?|bots?|models?|software|reviewer|evaluator|grader)"
    r"|ai (?:models?|systems?|assistants?|recruiters?|reviewers?|screeners?|evaluators?|agents?)"
    r"|chat ?bots?|machine reader)"
)
NEAR = r"[^.\n]{0,40}?"

DROPPING = ("ignor", "disregard", "forget", "overrid", "bypass")
MODELS = (
    "ai", "a.i.", "llm", "gpt", "claude", "gemini", "language model", "bot", "ats ", "screening",
    "automated", "machine reader",
)  # fmt: skip
WHOSE = ("candidate", "applicant", "résumé", "resume", " cv", "profile", "application", "person")
MARKS = ("rating", "score", "mark", "grade", "point", "rank")
BEST = (
    "100", "10/10", "5/5", "4/4", "10 out", " 4", "maximum", "highest", "top", "best", "full",
    "perfect", "max",
)  # fmt: skip

WordGroups = tuple[tuple[str, ...], ...]
COMMANDS: tuple[tuple[WordGroups, str], ...] = (
    (
        (DROPPING,),
        rf"\b(?:ignore|disregard|forget|override|bypass)\s+{ALL}{BEFORE}\s+"
        rf"(?:(?:and|or)\s+\w+\s+|(?:system|user|safety|scoring|rating)\s+)?{ORDERS}\b",
    ),
    (
        (DROPPING,),
        rf"\b(?:ignore|disregard|forget|override|bypass)\s+(?:all|any|the|your|these)\s+(?:\w+ )?"
        rf"{ORDERS}\b",
    ),
    (
        (DROPPING,),
        r"\b(?:ignore|disregard|forget)\s+(?:everything|all|anything)\s+(?:above|before|prior"
        r"|previous(?:ly)?|you (?:were|have been))",
    ),
    (
        (("follow", "obey", "apply", "use"), ("do not", "don't", "never")),
        r"\b(?:do not|don't|never)\s+(?:follow|obey|apply|use)\s+(?:the|your|any|those)\s+"
        r"(?:\w+ )?(?:instructions|rules|rubric|criteria|guidelines)\b",
    ),
    ((("you are",), MODELS), rf"\byou are (?:now )?(?:an? |the )?(?:\w+ ){{0,3}}?{MODEL}\b"),
    (
        (("you", " i "), MODELS),
        rf"\bas an? (?:\w+ )?{MODEL}(?: (?:you|recruiter|reviewer))?,? (?:you|i) "
        r"(?:must|should|will|shall|rate|give|recommend)",
    ),
    (
        (("note", "message", "instruction", "attention", "notice", "hint", "request", "memo"),
         MODELS),
        r"\b(?:note|message|instruction|attention|notice|hint|request|memo)s?:?\s+(?:to|for)\s+"
        rf"(?:any |all |the |every )?{MODEL}\b{NEAR}(?::|,|\bplease\b|\bmust\b|\breading\b)",
    ),
    ((("if you",), MODELS), rf"\bif you(?:'re| are) (?:an? |the )?(?:\w+ )?{MODEL}\b"),
    (
        (WHOSE, (*BEST, "first", "above", "excellent", "ideal", "exceptional", "outstanding",
                 "strong")),
        r"\b(?:rate|score|rank|grade|give|assign|award|mark|evaluate|return|output|recommend)\b"
        rf"{NEAR}\b{WHO}\b[^.\n]{{0,60}}?(?:{TOP}|\bfirst\b|\babove\b|\bas (?:an? )?"
        r"(?:excellent|perfect|ideal|best|exceptional|outstanding|strong))",
    ),
    (
        (MARKS, BEST),
        rf"\b(?:give|assign|award|return|output|set|use)\b{NEAR}{TOP}\s*(?:possible )?"
        rf"(?:rating|score|mark|grade|point|rank)s?\b{NEAR}\b(?:to|for|on|in)\b {NEAR}"
        r"(?:candidate|applicant|criteri|résumé|resume|cv|profile|me\b|him|her|them|every|all)",
    ),
    (
        (("criteri", "categor", "dimension", "item"), BEST),
        r"\b(?:rate|score|rank|grade)\b (?:all|every|each) (?:of the )?"
        rf"(?:criteri\w+|categor\w+|dimension\w*|items?)\b{NEAR}{TOP}",
    ),
    (
        (("other", "remaining", "competing"), ("lower", "lowest", "last", "below", "0", "zero")),
        r"\b(?:rank|rate|score|place|grade)\b[^.\n]{0,20}\b(?:other|others|remaining|competing)\b"
        r"[^.\n]{0,20}(?:candidate|applicant|résumé|resume|people|lower|lowest|last)"
        r"[^.\n]{0,20}(?:\b(?:lower|lowest|last|below|0|zero|down)\b|\.|$)",
    ),
    (
        (("candidate", "applicant"), ("must", "should", "shall", "is to", "has to")),
        r"\b(?:this|the|said) (?:candidate|applicant) (?:must|should|shall|is to|has to) (?:be )?"
        r"(?:rated|scored|ranked|hired|recommended|selected|advanced|invited|given)\b",
    ),
    (
        (("prompt", "system message", "instructions", "api key"),),
        r"\b(?:print|reveal|output|repeat|show|display|disclose|leak|return|tell me)\b"
        r"[^.\n]{0,20}\b(?:your|the|all)\b[^.\n]{0,20}\b(?:system prompt|initial prompt"
        r"|hidden prompt|system message|(?:your|system|initial|original) instructions"
        r"|prompt above|api key)",
    ),
    (
        (("respond", "reply", "answer"), ("only", "just")),
        r"\b(?:respond|reply|answer)\s+(?:only|just)\s+(?:with|in)\s+"
        r"(?:the (?:word|json)|json|[\"'“{]|a (?:rating|score)|yes\b|\d)",
    ),
    ((("instruction",),), r"\bnew (?:system )?instructions?\s*:"),
    (
        (MODELS, ("reading", "processing", "reviewing", "evaluating"),
         ("recommend", "rate", "score", "rank", "must", "should")),
        rf"\b(?:any|every|all|the) {MODEL}s? (?:that is |who is )?(?:reading|processing|reviewing"
        rf"|evaluating) this\b{NEAR}\b(?:recommend|rate|score|rank|must|should)",
    ),
    (
        (("attention", "note", "notice"), MODELS, ("assign", "give", "award", "rate", "score")),
        rf"\b(?:attention|note|notice),? {MODEL}\b[^.\n]{{0,80}}?"
        r"\b(?:assign|give|award|rate|score)\b",
    ),
    (
        (("rating", "score", "mark", "grade"), ("correct", "right", "only valid", "expected"),
         ("each", "every", "all")),
        r"\bthe (?:correct|right|only valid|expected) (?:rating|score|mark|grade)s? (?:for|on|of) "
        r"(?:each|every|all) (?:of the )?(?:criteri|categor|dimension|item)",
    ),
    (
        (("this", "my"), ("receive", "get", "be given"), MARKS, BEST),
        rf"\b{WHO} (?:must|should|shall|has to|is to) (?:receive|get|be given)\b{NEAR}{TOP}\s*"
        r"(?:possible )?(?:rating|score|mark|grade|point|rank)",
    ),
    # German
    (
        (("ignorier", "vergiss", "vergessen", "missacht", "übergeh"),),
        r"\b(?:ignorier(?:e|en sie|t)?|vergiss|vergessen sie|missachte|übergehe)\b[^.\n]{0,30}"
        r"\b(?:vorherig|vorig|bisherig|obig|früher|vorangegangen|vorhergehend)\w*\s+(?:\w+ )?"
        r"(?:anweisung|instruktion|regel|vorgabe|befehl|eingabe|prompt)\w*",
    ),
    (
        (("kandidat", "bewerber", "lebenslauf", "profil"),),
        r"\b(?:bewerte|gib|geben sie|bewerten sie|stufe|setze)\b[^.\n]{0,30}"
        r"\b(?:diese[nrms]?|dem|den)\s+(?:kandidat|bewerber|lebenslauf|profil)\w*"
        r"[^.\n]{0,40}(?:100|höchst|best|maxim|volle)\w*",
    ),
    # French
    (
        (("ignore", "oublie", "pas compte"), ("instruction", "consigne", "règle", "directive")),
        r"\b(?:ignore[rz]?|oublie[rz]?|ne (?:tiens|tenez) pas compte (?:de|des))\b[^.\n]{0,20}"
        r"\b(?:instruction|consigne|règle|directive)s?\b[^.\n]{0,20}\b(?:précédente?s?"
        r"|antérieure?s?|ci-dessus)",
    ),
    (
        (("donne", "attribue", "note"), ("100", "maxim", "meilleur", "parfait")),
        r"\b(?:donne[rz]?|attribue[rz]?|note[rz]?)\b[^.\n]{0,40}\b(?:(?:ce|cette|au|à ce) "
        r"(?:candidate?|cv|candidature|profil)\b[^.\n]{0,40}|(?:note|score)\b[^.\n]{0,10})"
        r"(?:100|maxim|meilleur|parfait)\w*",
    ),
    # Spanish, Portuguese, Italian, Dutch
    (
        (("ignor", "olvid", "esqueça", "dimentica"),
         ("instruc", "instruç", "istruzioni", "reg", "indica")),
        r"\b(?:ignor(?:a|e|em|ar|en|ate)|olvid(?:a|e|ar)|esqueça|dimentica)\b[^.\n]{0,20}"
        r"\b(?:instrucciones|instruções|istruzioni|reglas|regras|regole|indicaciones)\b"
        r"[^.\n]{0,20}\b(?:anterior(?:es|i)?|previas?|prévias?|precedenti)",
    ),
    (
        (("candidat", " cv", "currículum", "perfil"), ("100", "máxim", "mejor", "melhor")),
        r"\b(?:da|dale|asigna|otorga|puntúa|califica|avalie|dê)\b[^.\n]{0,40}"
        r"\b(?:este|esta|al|a este) (?:candidat[oa]|cv|currículum|perfil)\b"
        r"[^.\n]{0,40}(?:100|máxim|mejor|melhor)\w*",
    ),
    (
        (("negeer",),),
        r"\bnegeer\b[^.\n]{0,20}\b(?:vorige|eerdere|voorgaande|bovenstaande)\s+"
        r"(?:instructies|regels)",
    ),
    # Chinese, Japanese
    (
        (("忽略", "忽视", "无视", "無視"),),
        r"(?:忽略|忽视|无视)[^。\n]{0,8}(?:之前|以上|先前|前面|所有)[^。\n]{0,8}(?:指令|指示|提示|说明)"
        r"|(?:以前|上記|これまで)の(?:指示|命令)[^。\n]{0,6}無視",
    ),
)  # fmt: skip
# For the text as it is: elsewhere, Cyrillic letters are read as the Latin ones they look like.
CYRILLIC: tuple[tuple[WordGroups, str], ...] = (
    (
        (("игнорир", "забудь"),),
        r"(?:игнорируй(?:те)?|забудь(?:те)?)[^.\n]{0,20}предыдущ\w*[^.\n]{0,10}"
        r"(?:инструкци|указани)\w*",
    ),
)
_COMPILED = {pattern: re.compile(pattern, re.MULTILINE) for _, pattern in (*COMMANDS, *CYRILLIC)}


def spans(
    text: str, patterns: tuple[tuple[WordGroups, str], ...] = COMMANDS
) -> Iterator[tuple[int, int]]:
    """Yield the spans of commands in a lower-case text; some may overlap."""
    for groups, pattern in patterns:
        if all(any(word in text for word in group) for group in groups):
            for match in _COMPILED[pattern].finditer(text):
                yield match.span()

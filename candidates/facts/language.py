"""The language of a text, by its script and by the small words that every sentence needs.

No library: these rules take well under a millisecond for a résumé, and those that know a hundred
languages load megabytes of model into each child process.
"""

import re
from collections import Counter, defaultdict

SAMPLE_CHARACTERS = 10_000
MIN_LETTERS = 40
MIN_SMALL_WORDS = 5  # small words found, of the best language
MIN_SMALL_WORDS_WITH_LETTERS = 2  # such words, before letters add to them
MIN_LEAD = 1.25  # over the second best

SCRIPTS = (
    ("ja", re.compile("[\u3040-\u30ff]")),
    ("ko", re.compile("[\uac00-\ud7af]")),
    ("zh", re.compile("[\u4e00-\u9fff]")),
    ("he", re.compile("[\u05d0-\u05ea]")),
    ("el", re.compile("[\u0370-\u03ff]")),
    ("hi", re.compile("[\u0900-\u097f]")),
    ("th", re.compile("[\u0e00-\u0e7f]")),
    ("hy", re.compile("[\u0530-\u058f]")),
    ("ka", re.compile("[\u10a0-\u10ff]")),
)
MIN_SCRIPT_SHARE = 0.3  # of the letters; names of firms and tools are Latin everywhere
# A Japanese text is half kanji, which Chinese has too.
MIN_KANA_SHARE = 0.1
OF_A_SCRIPT = re.compile("[\u0370-\uffff]")  # of any above, or of none: Latin is cheap to pass by
BEYOND_ASCII = re.compile(r"[^\x00-\x7f]+")
WORD = re.compile(r"\w+")

_SMALL_WORDS = {
    "en": "the and of to in for with on at by from as is was were that this using through our "
    "my experience years managed work",
    "de": "und der die das mit von für im zu den dem bei auf eine als ich des sowie zur vom "
    "durch erfahrung jahre jahren einer einem leitung mitarbeiter nach",
    "fr": "et de la le les des du en pour dans avec sur une au aux par est ans je ainsi que "
    "chez expérience gestion équipe un ont mise",
    "es": "y de la el en los las del para con por una como al se su años más desde entre sobre "
    "experiencia gestión equipo nuevo",
    "it": "e di il la per con del della nel in le dei un una alla presso sono delle anni nella "
    "gli esperienza gestione ed",
    "pt": "e de da do em para com dos das na no uma os as por ao anos pela são desde entre não "
    "experiência gestão equipe equipa um",
    "nl": "en van de het in voor met een op te bij naar als aan ik door tot werk ook jaar onze "
    "ervaring leiding binnen zes",
    "pl": "i w z na do oraz dla od po przez się lat pracy jest jako za przy ze ramach "
    "doświadczenie doświadczeniem zespołu zespołem wdrożenie nowego roku lata ich",
    "sv": "och i av för med på att en som till är det den från har jag ett vid inom samt under",
    "da": "og i af for med på at en som til er det den fra har jeg et ved inden samt der ikke",
    "no": "og i av for med på at en som til er det den fra har jeg et ved innen samt ikke hos",
    "fi": "ja on oli sekä että kanssa joka mutta olen myös vuotta työ kuin tai hän ovat sen olin",
    "cs": "a v na s do pro z od se je k ve práce jsem po za jako při které byl nebo také až",
    "sk": "a v na s do pre z od sa je k vo práca som po za ako pri ktoré bol alebo tiež až",
    "hu": "és a az egy hogy nem is volt mint vagy által valamint során évek alatt munka több "
    "meg minden új vezetése fő egyéb év",
    "ro": "și de la în cu pentru din pe o un este sau prin care al ale ani fost mai către",
    "tr": "ve bir için ile olarak da de bu en çok olan yıl sonra kadar gibi daha üzerinde ise",
    "ca": "i de la el en els les del per amb una com al dels que anys des més als entre",
    "hr": "i u na za s od do je se sa te kao po iz koji rad godine kroz ili pri bio što",
    "sl": "in v na za s od do je se z kot po iz ki delo leta skozi ali pri bil kar tudi",
    "et": "ja on oli ning et mis kui ka aasta töö või aga ma olen koos eest järgi kuni",
    "lv": "un ir bija ar no uz par kas kā arī gadi darbs vai bet es esmu līdz pie pēc",
    "lt": "ir yra buvo su iš į per kas kaip taip metai darbas ar bet aš esu iki prie po",
    "id": "dan di yang untuk dengan dari pada dalam sebagai ini adalah oleh tahun kerja saya atau",
    "vi": "và của các cho với trong là được có tại những một để năm công việc từ theo",
    "ru": "и в на с по для от к из что как опыт работы при за до также не или лет руководство "
    "работа система системы новой во всех компании года я более",
    "uk": "і в на з по для від до із що як досвід роботи при за також не або років та "
    "керівництво робота впровадження системи нової всіх компанії року",
    "bg": "и в на с по за от до към което като опит работа при също не или години се да "
    "ръководене както всички новата компания",
    "sr": "и у на са по за од до је се као рад при такође не или године кроз да из",
    "ar": "في من على و إلى مع عن أو التي كما هذا خلال العمل سنوات بين كان لدى تم فريق جميع نظام "
    "النظام إدارة شركة خمس بعد ذلك",
    "fa": "در از به و با که را این برای یک است تا های سال کار می شد یا بر",
    "ur": "میں کے کی اور سے کا کو نے پر ہے ہیں کام سال ایک تک بھی لئے یا",
}
SMALL_WORDS = {language: frozenset(words.split()) for language, words in _SMALL_WORDS.items()}
# Letters that hardly another of these languages has: half a word each, and twenty at the most, for
# the names of people and places have them in any text.
SPECIAL_LETTERS = {
    "de": "ß", "es": "ñ", "pt": "ãõ", "pl": "łęąśźżń", "cs": "řěů", "sk": "ľĺŕ", "hu": "őű",
    "ro": "ățșţ", "tr": "ğış", "lv": "āēīūķļņģ", "lt": "ėųįū", "vi": "ơưạảấầệộớ", "et": "õ",
    "ru": "ыэё", "uk": "іїєґ", "bg": "ъ", "sr": "ђћџјљњ", "fa": "پچژگ", "ur": "ٹڈڑےں",
}  # fmt: skip
MAX_SPECIAL_LETTERS = 20
# A word that several languages share says less.
LANGUAGES_WITH_WORD = Counter(word for words in SMALL_WORDS.values() for word in words)


def detect(text: str) -> str:
    """The language of `text` as a code of ISO 639-1; "" where it has too few words, or two
    languages fit about as well."""
    sample = text[:SAMPLE_CHARACTERS]
    letters = sum(map(str.isalpha, sample))
    if letters < MIN_LETTERS // 2:
        return ""
    beyond_latin = "" if sample.isascii() else "".join(OF_A_SCRIPT.findall(sample))
    for language, script in SCRIPTS:
        share = MIN_KANA_SHARE if language == "ja" else MIN_SCRIPT_SHARE
        if len(script.findall(beyond_latin)) > share * letters:
            return language
    if letters < MIN_LETTERS:
        return ""
    words = Counter(WORD.findall(sample.lower()))
    scores: defaultdict[str, float] = defaultdict(float)
    word_counts: Counter[str] = Counter()
    for language, small in SMALL_WORDS.items():
        for word in small & words.keys():
            scores[language] += words[word] / LANGUAGES_WITH_WORD[word]
            word_counts[language] += words[word]
    if not sample.isascii():
        special = Counter("".join(BEYOND_ASCII.findall(sample)).lower())
        for language, letters_of_it in SPECIAL_LETTERS.items():
            count = min(sum(special[letter] for letter in letters_of_it), MAX_SPECIAL_LETTERS)
            scores[language] += count / 2
            if word_counts[language] >= MIN_SMALL_WORDS_WITH_LETTERS:
                word_counts[language] += count
    ranked = sorted(scores.items(), key=lambda item: item[1], reverse=True)[:2]
    if not ranked or word_counts[ranked[0][0]] < MIN_SMALL_WORDS:
        return ""
    if len(ranked) == 2 and ranked[0][1] < MIN_LEAD * ranked[1][1]:
        return ""
    return ranked[0][0]

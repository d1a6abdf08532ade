"""The language a résumé is written in; no answer where it is not clear."""

import pytest

from candidates.facts.language import detect

TEXTS = {
    "en": "I worked for ten years with the teams of a bank and led the move to the cloud in 2019.",
    "de": "Ich habe zehn Jahre bei einer Bank gearbeitet und die Umstellung auf die Cloud mit dem "
    "Team für das Haus geleitet.",
    "fr": "Responsable de la maintenance des machines dans une usine, avec la gestion des équipes "
    "et du budget pour le site.",
    "es": "Responsable de la atención a los clientes en una empresa con más de cien empleados y "
    "del equipo para el norte.",
    "it": "Responsabile della manutenzione degli impianti presso una azienda di Torino, con la "
    "gestione delle squadre e dei turni per il reparto.",
    "pt": "Responsável pela gestão das equipas em uma empresa de transportes, com foco na "
    "qualidade do serviço para os clientes e no orçamento.",
    "nl": "Verantwoordelijk voor het onderhoud van de machines in een fabriek met twee ploegen "
    "en voor de planning van het team.",
    "pl": "Odpowiedzialny za utrzymanie maszyn w zakładzie oraz za pracę zespołu przez pięć lat, "
    "jak i do współpracy z dostawcami na rynku.",
    "sv": "Jag har arbetat som ansvarig för underhåll av maskiner vid en fabrik och det har varit "
    "med ett team under tio år.",
    "tr": "Bir fabrikada makine bakımı için çalıştım ve daha sonra ekip ile bu alanda çok önemli "
    "olan projelerde görev aldım, ilgili ekip de büyük.",
    "ru": "Опыт работы на заводе более десяти лет, ответственный за обслуживание и ремонт машин "
    "при двух сменах, а также за обучение.",
    "uk": "Досвід роботи на заводі понад десять років, відповідальний за ремонт машин та за "
    "навчання і розвиток команди, що працює з клієнтами.",
    "el": "Υπεύθυνος για τη συντήρηση των μηχανών σε εργοστάσιο για δέκα χρόνια.",
    "zh": "负责公司后端系统的设计和开发，使用 Python 和 PostgreSQL，带领五人团队。",
    "ja": "銀行のシステム開発を十年間担当し、クラウドへの移行プロジェクトをリードしました。",
    "ko": "은행에서 십 년 동안 시스템 개발을 담당하며 클라우드 전환 프로젝트를 이끌었습니다.",
    "ar": "عملت في شركة كبيرة لمدة عشر سنوات مع فريق من المهندسين على تطوير الأنظمة و إدارة "
    "المشاريع التي كانت بين الأقسام",
    "he": "עבדתי עשר שנים בבנק עם צוות של מהנדסים והובלתי את המעבר לענן",
}


@pytest.mark.parametrize("language", TEXTS)
def test_it_is_told_from_a_few_sentences(language: str) -> None:
    assert detect(TEXTS[language]) == language


@pytest.mark.parametrize(
    "text", ["", "Jane Example", "Python\nDjango\nPostgreSQL\nKafka\nDocker\nKubernetes\nRedis"]
)
def test_too_few_words_of_a_language_give_no_answer(text: str) -> None:
    assert detect(text) == ""


def test_two_languages_half_and_half_give_no_answer() -> None:
    assert detect(TEXTS["en"] + TEXTS["fr"]) == ""


def test_names_of_tools_do_not_hide_the_script() -> None:
    assert detect(TEXTS["zh"] + " Python Django PostgreSQL") == "zh"


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("pl", "Kierowanie zespołem pięciu osób\nWdrożenie nowego systemu we wszystkich sklepach"),
        ("ru", "Руководство командой из пяти человек\nВнедрение новой системы во всех магазинах"),
        ("hu", "Öt fős csapat vezetése\nAz új rendszer bevezetése minden üzletben"),
        ("en", "Staff nurse with six years of experience on a surgical ward"),
    ],
)
def test_it_is_told_from_terse_lines(language: str, text: str) -> None:
    assert detect(text) == language


def test_names_of_places_do_not_change_it() -> None:
    assert detect("Łódź, Kraków, Świętokrzyskie, Żółć.\n" + TEXTS["en"]) == "en"

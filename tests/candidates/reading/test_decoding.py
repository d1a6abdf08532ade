"""Text: the encoding is found, whatever the file was written with."""

import pytest

from candidates.reading import Problem, Unreadable, read

GERMAN = "Jürgen Müller, Straße 5, Köln. Größte Projekte geführt und Verträge geschlossen.\n"
SPANISH = "José Núñez. Diseñador gráfico con años de experiencia en señalización. ¿Qué más?\n"
POLISH = "Łukasz Żółć. Inżynier oprogramowania z dziesięcioletnim doświadczeniem w branży.\n"
TURKISH = "Ayşe Yılmaz. Yazılım mühendisi, on yıl deneyim. Çalışma şekli: uzaktan.\n"
RUSSIAN = "Иван Петров. Инженер-программист с опытом работы десять лет. Образование высшее.\n"
JAPANESE = "山田太郎。ソフトウェアエンジニアとして十年の経験があります。職務経歴書\n"
CHINESE = "张三。软件工程师，十年工作经验。熟悉数据库设计与云计算。\n"
KOREAN = "김철수. 소프트웨어 엔지니어. 십년 경력. 데이터베이스 설계와 클라우드.\n"
QUOTED = "A “quoted” word, a dash – and an ellipsis… in Zoë’s résumé, 50 €.\n"


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        (GERMAN, "utf-8"),
        (GERMAN, "utf-8-sig"),
        (GERMAN, "utf-16"),
        (GERMAN, "utf-16-le"),
        (GERMAN, "utf-16-be"),
        (GERMAN, "utf-32"),
        (GERMAN, "cp1252"),
        (GERMAN, "latin-1"),
        (SPANISH, "cp1252"),
        (QUOTED, "cp1252"),
        (POLISH, "cp1250"),
        (TURKISH, "cp1254"),
        (RUSSIAN, "cp1251"),
        (RUSSIAN, "koi8_r"),
        (RUSSIAN, "utf-16-le"),
        (JAPANESE, "shift_jis"),
        (JAPANESE, "euc_jp"),
        (JAPANESE, "iso2022_jp"),
        (CHINESE, "gb18030"),
        (CHINESE, "big5"),
        (KOREAN, "euc_kr"),
    ],
)
def test_the_encoding_is_found(text: str, encoding: str) -> None:
    if encoding == "big5":
        text = "張三。軟體工程師，十年工作經驗。熟悉資料庫設計與雲端運算。\n"

    assert read(text.encode(encoding), "cv.txt").text == text.strip()


def test_a_few_bytes_of_another_encoding_are_mended_and_flagged() -> None:
    document = read((GERMAN * 5).encode() + "Zoë".encode("cp1252"), "cv.txt")

    assert document.text.endswith("Zoë")
    assert document.flags[0].kind == "mixed-encodings"


def test_a_few_nul_bytes_do_not_cost_the_file() -> None:
    assert read((GERMAN * 10).encode() + b"\x00\x00end", "cv.txt").text.endswith("end")


def test_one_endless_line_is_read() -> None:
    assert len(read(b"word " * 100_000, "cv.txt").text) == 499_999


def test_text_the_size_of_a_library_is_refused_before_it_is_decoded() -> None:
    with pytest.raises(Unreadable) as refused:
        read(b"a" * 9_000_000, "cv.txt")

    assert refused.value.problem is Problem.TOO_LONG

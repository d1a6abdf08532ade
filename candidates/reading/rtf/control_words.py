"""The control words of RTF that a reader of its text has to know (Rich Text Format Specification
1.9.1)."""

SYMBOL_FONT = "symbol"  # the place of a codec, for fonts whose characters are drawings

# Groups that hold no text of the document.
_DROPPED_GROUPS = """
stylesheet info pict objdata objclass fldinst filetbl revtbl listtable listoverridetable rsidtbl
generator themedata colorschememapping datastore latentstyles xmlnstbl mmathPr listpicture
shprslt nonshppict nonesttables ftnsep ftnsepc ftncn aftnsep aftnsepc aftncn xe tc tcn rxe txe
bkmkstart bkmkend atnid atnauthor annotation atndate atnref atntime atnicn atnparent sp sn sv pn
blipuid pgptbl userprops docvar template falt panose fontemb private xform private1 pnseclvl
background nesttableprops ffname ffdeftext ffformat ffhelptext ffstattext ffl formfield datafield
"""
DROPPED_GROUPS = frozenset(word.encode() for word in _DROPPED_GROUPS.split())
# Groups behind \* that a reader who knows them enters.
_ENTERED_GROUPS = "shpinst shptxt do dptxbxtext ud shpgrp shppict dpgroup picprop fldrslt result"
ENTERED_GROUPS = frozenset(word.encode() for word in _ENTERED_GROUPS.split()) - {
    b"shppict",
    b"picprop",
}
# Groups whose text stands apart from the text around them, and the kind of sink it goes to.
SINK_OF_GROUP = {
    **dict.fromkeys((b"header", b"headerl", b"headerr", b"headerf"), "header"),
    **dict.fromkeys((b"footer", b"footerl", b"footerr", b"footerf"), "footer"),
    **dict.fromkeys((b"footnote",), "note"),
    **dict.fromkeys((b"shptxt", b"dptxbxtext"), "box"),
}
SINK_GROUPS = frozenset(SINK_OF_GROUP)

CHARACTERS = {
    **{b"bullet": "•", b"endash": "–", b"emdash": "—", b"tab": "\t", b"line": "\n"},
    **{b"lquote": "‘", b"rquote": "’", b"ldblquote": "“", b"rdblquote": "”"},
    **{b"enspace": " ", b"emspace": " ", b"qmspace": " ", b"zwj": "\u200d", b"zwnj": "\u200c"},
    **{b"nestcell": "\t", b"lbr": "\n", b"softline": "\n"},
}

# Words that have an effect, and the method of RtfWriter for it.
METHOD_OF_WORD = {
    **dict.fromkeys((b"par", b"sect", b"page", b"column"), "par"),
    **{b"cell": "cell", b"row": "row", b"nestrow": "nest_row", b"trowd": "trowd"},
    **{b"cellx": "cellx", b"clcbpat": "cell_ground", b"intbl": "intbl", b"pard": "pard"},
    **{b"plain": "plain", b"f": "font", b"uc": "skip", b"v": "vanish", b"fs": "size"},
    **{
        b"charscalex": "wide",
        b"cf": "ink",
        b"cb": "ground",
        b"highlight": "ground",
        b"chcbpat": "ground",
    },
    **{
        b"cbpat": "paragraph_ground",
        b"deleted": "deleted",
        b"htmlrtf": "deleted",
        b"upr": "deleted",
    },
    **{b"ansi": "ansi", b"ansicpg": "ansicpg", b"mac": "mac", b"pc": "pc", b"pca": "pca"},
    b"deff": "deff",
}

# Character sets of fonts ([MS-WMF] 2.1.1.5); the usual one (1) is what the file says.
CHARSETS = {
    **{0: "cp1252", 2: SYMBOL_FONT, 77: "mac_roman", 78: "shift_jis", 79: "johab", 80: "gb2312"},
    **{81: "big5", 83: "mac_greek", 85: "mac_turkish", 89: "mac_cyrillic", 128: "cp932"},
    **{129: "cp949", 130: "johab", 134: "gb18030", 136: "cp950", 161: "cp1253", 162: "cp1254"},
    **{163: "cp1258", 177: "cp1255", 178: "cp1256", 186: "cp1257", 204: "cp1251", 222: "cp874"},
    **{238: "cp1250", 254: "cp437", 255: "cp850"},
}

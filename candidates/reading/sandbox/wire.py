"""How parent and child of the sandbox talk: lengths, then bytes; JSON where there is structure.

Never pickle: the output of a child that parsed a hostile file is data to be checked.
A request is REQUEST (action, members to skip, length of name, length of data), the name in
UTF-8, the data. An answer, and the greeting that a child sends before it takes requests, is ANSWER
(length) and a JSON object. Unpacking answers with one object for each member, which says in `size`
how many bytes of the member itself follow it, and with `{"end": true}` or a refusal at the last.
Drawing takes the page, from 0, in the place of members to skip, and answers with a `size` and as
many bytes; a layout takes the quotes to look for, as JSON, in the place of the name.
"""

import json
import struct
from typing import Any

REQUEST = struct.Struct(">BIIQ")
ANSWER = struct.Struct(">I")


READ, UNPACK, DRAW, LAYOUT = 0, 1, 2, 3


def request(data: bytes, name: str, action: int = READ, skip: int = 0) -> bytes:
    """The head of a request; `data` itself follows it, uncopied."""
    encoded = name.encode("utf-8", "surrogatepass")
    return REQUEST.pack(action, skip, len(encoded), len(data)) + encoded


def answer(value: dict[str, Any]) -> bytes:
    body = json.dumps(value).encode("ascii")
    return ANSWER.pack(len(body)) + body

"""A look at an XML text before a large library sees it: size, depth, encoding, no document type."""

from __future__ import annotations

import xml.parsers.expat

from stochos.errors import FileFormatError

LARGEST = 64 << 20
DEEPEST = 256
#: Tags in one file, two for an element with content; a model of more takes minutes anyway.
MOST = 1_500_000


class _Refused(Exception):
    """Carries the reason out of the parser's callbacks."""


def check(where: str, data: bytes) -> str:
    """Return the text when it is well-formed and harmless XML in UTF-8.

    Raises
    ------
    FileFormatError
        The text is too large, nested too deeply, not UTF-8, holds a NUL or a document type, or is not well-formed.
    """
    if len(data) > LARGEST:
        msg = f"[{where}] the text has {len(data):,} bytes; at most {LARGEST:,} are read"
        raise FileFormatError(msg)
    nul = data.find(b"\0")
    if nul >= 0:
        msg = f"[{where}] byte {nul} is NUL; an SBML text has none (is it UTF-8?)"
        raise FileFormatError(msg)
    # Each element has a "<": counting them is quick where looking at each is not.
    if data.count(b"<") > MOST:
        msg = f"[{where}] the text has more than {MOST:,} tags"
        raise FileFormatError(msg)
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        msg = f"[{where}] byte {error.start} is no UTF-8; save the model in UTF-8"
        raise FileFormatError(msg) from error
    depth = 0

    def start(_name: str, _attributes: list[str]) -> None:
        nonlocal depth
        depth += 1
        if depth > DEEPEST:
            msg = f"nested deeper than {DEEPEST} elements"
            raise _Refused(msg)

    def end(_name: str) -> None:
        nonlocal depth
        depth -= 1

    def document_type(*_: object) -> None:
        msg = "a document type (DOCTYPE), which a model does not need and may hide entities"
        raise _Refused(msg)

    def declaration(_version: str, encoding: str | None, _standalone: int) -> None:
        if encoding and encoding.upper() not in ("UTF-8", "UTF8", "US-ASCII", "ASCII"):
            msg = f"the encoding {encoding!r}; save the model in UTF-8"
            raise _Refused(msg)

    parser = xml.parsers.expat.ParserCreate()
    parser.ordered_attributes = True
    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.StartDoctypeDeclHandler = document_type
    parser.EntityDeclHandler = document_type
    parser.XmlDeclHandler = declaration
    try:
        parser.Parse(text.encode("utf-8"), True)
    except _Refused as error:
        msg = f"[{where}] line {parser.CurrentLineNumber}: {error}; the text is refused"
        raise FileFormatError(msg) from None
    except xml.parsers.expat.ExpatError as error:
        msg = f"[{where}] line {error.lineno}: the XML is not well-formed ({error})"
        raise FileFormatError(msg) from error
    return text

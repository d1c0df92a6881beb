"""Hostile SBML: refused within a second, by us, before libsbml sees it."""

from __future__ import annotations

import time

import pytest

pytest.importorskip("libsbml")

from stochos.errors import FileFormatError, InputError
from stochos.reactions import Network, _xml_guard

HEAD = '<sbml xmlns="http://www.sbml.org/sbml/level3/version1/core" level="3" version="1">'
MATH = '<math xmlns="http://www.w3.org/1998/Math/MathML">'
ENTITIES = '<!DOCTYPE sbml [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>'
HOSTILE = {
    "nested": (HEAD + "<a>" * 200_000 + "</a>" * 200_000 + "</sbml>", "deeper than 256"),
    "nested math": (HEAD + MATH + "<apply><minus/>" * 200_000, "deeper than 256"),
    "wide": (HEAD + "<a/>" * 1_500_001 + "</sbml>", "more than 1,500,000 tags"),
    "large": (HEAD + " " * 100_000_000 + "</sbml>", "bytes"),
    "entities": (f'<?xml version="1.0"?>{ENTITIES}{HEAD}&b;</sbml>', "DOCTYPE"),
    "external": ('<!DOCTYPE sbml SYSTEM "file:///etc/passwd">' + HEAD + "</sbml>", "DOCTYPE"),
    "nul": (HEAD + "\0</sbml>", "NUL"),
    "surrogate": (HEAD + "\ud800</sbml>", "UTF-8"),
    "latin": (b"<sbml>\xe9</sbml>", "UTF-8"),
    "utf-16": ((HEAD + "</sbml>").encode("utf-16"), "NUL"),
    "encoding": ('<?xml version="1.0" encoding="ISO-8859-1"?>' + HEAD + "</sbml>", "ISO-8859-1"),
    "cut": (HEAD + "<model>", "not well-formed"),
    "two roots": (HEAD + "</sbml><a/>", "not well-formed"),
    "not sbml": ("<html/>", "line"),
    "no model": (HEAD + "</sbml>", "model"),
    "level 1": (
        '<sbml xmlns="http://www.sbml.org/sbml/level1" level="1" version="2"><model name="a"/></sbml>',
        "from_sbml",
    ),
    "empty": (b"", "not well-formed"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_text_is_refused_at_once(name: str):
    text, match = HOSTILE[name]
    begin = time.process_time()
    with pytest.raises(FileFormatError, match=match):
        Network.from_sbml(text)
    assert time.process_time() - begin < 1


def test_as_deep_as_it_may_be_is_read():
    _xml_guard.check("test", b"<a>" * 256 + b"</a>" * 256)
    with pytest.raises(FileFormatError, match="deeper than 256"):
        _xml_guard.check("test", b"<a>" * 257 + b"</a>" * 257)


def test_functions_that_double_are_refused_at_once():
    # f1(x) = f0(x) + f0(x), ...: forty of them would write 2^40 terms.
    def definition(i: int) -> str:
        call = f"<apply><ci>f{i - 1}</ci><ci>x</ci></apply>" if i else "<ci>x</ci>"
        body = f"<apply><plus/>{call}{call}</apply>"
        lambda_ = f"<lambda><bvar><ci>x</ci></bvar>{body}</lambda>"
        return f'<functionDefinition id="f{i}">{MATH}{lambda_}</math></functionDefinition>'

    functions = "".join(definition(i) for i in range(40))
    rule = f'<assignmentRule variable="p">{MATH}<apply><ci>f39</ci><cn>1</cn></apply></math></assignmentRule>'
    text = (
        f'{HEAD}<model id="m"><listOfFunctionDefinitions>{functions}</listOfFunctionDefinitions><listOfParameters>'
        f'<parameter id="p" constant="false"/></listOfParameters><listOfRules>{rule}</listOfRules></model></sbml>'
    )
    begin = time.process_time()
    with pytest.raises(InputError, match="longer than"):
        Network.from_sbml(text)
    assert time.process_time() - begin < 1
    loop = text.replace("<ci>f0</ci>", "<ci>f1</ci>", 2)
    with pytest.raises(InputError, match="nested deeper"):
        Network.from_sbml(loop)

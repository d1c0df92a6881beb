"""Networks that BioNetGen wrote: the blocks of a ``.net`` file."""

from __future__ import annotations

import os
import re
from itertools import repeat
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from stochos import _reading
from stochos.errors import FileFormatError, InputError
from stochos.reactions import _text
from stochos.reactions._parts import Parts, Side

#: Bytes; the largest networks of the literature take a hundredth of it.
_LARGEST = 1 << 30
_BLOCK = re.compile(
    r"^[ \t]*begin[ \t]++(\w++(?: ++\w++)*+)[ \t]*+(?:#.*)?$(.*?)^[ \t]*end[ \t]+\1[ \t]*(?:#.*)?$", re.M | re.S
)
_BEGIN = re.compile(r"^[ \t]*+begin[ \t]++\S", re.M)
#: More blocks than there are kinds; each that is not closed is looked for to the end of the file.
_MOST_BLOCKS = 50
_COMMENT = re.compile(r"#[^\n]*")
#: index, reactants, products, rate (the comment stays outside)
_REACTION = re.compile(r"^[ \t]*\d+[ \t]+([\d,]+)[ \t]+([\d,]+)[ \t]+([^#\n]*[^#\s])", re.M)
_ROW = re.compile(r"^[ \t]*[^\s#]", re.M)
_ENTRY = re.compile(r"^[ \t]*(\d+)[ \t]+(\S+)[ \t]*([^#\n]*)", re.M)
_FIXED = re.compile(r"^(@\w+::)?\$")
_FUNCTION = re.compile(r"^[ \t]*\d+[ \t]+(\w+)\(\)[ \t]*=?[ \t]*([^#\n]+)", re.M)
#: What the reactions were made from; the reactions say it all.
_SOURCES = {"molecule types", "observables", "reaction rules", "compartments", "energy patterns", "population maps"}
_READ = {"parameters", "functions", "species", "reactions", "groups"}
#: Settings outside the blocks that say nothing about the network.
_SETTINGS = re.compile(r"\s*(substanceUnits\(\"Number\"\)|setOption\(.*\)|version\(.*\)|setModelName\(.*\));?\s*\Z")
_UNSUPPORTED = {"mratio", "rint", "avg", "sum", "tfun", "TFUN", "rand"}
_CALL = re.compile(r"(?<!\w)([A-Za-z_]\w*+)\s*+\(\s*(\))?")


def _load(where: str, path: object) -> str:
    if not isinstance(path, (str, os.PathLike)):
        msg = f"[{where}] path is of type {type(path).__name__}; give the path of a .net file"
        raise FileFormatError(msg)
    try:
        return _reading.content(path, where, _LARGEST).decode("utf-8").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        msg = f"[{where}] {str(path)!r} is no UTF-8 text (byte {error.start}); give a .net file of BioNetGen"
        raise FileFormatError(msg) from error


def _blocks(where: str, text: str) -> tuple[dict[str, str], dict[str, int]]:
    """Return the text of each block that is read, and the line on which it begins."""
    blocks: dict[str, str] = {}
    lines: dict[str, int] = {}
    begun = len(_BEGIN.findall(text))
    if begun > _MOST_BLOCKS:
        msg = f"[{where}] {begun:,} lines begin a block, of which each kind occurs once; the network is not read"
        raise FileFormatError(msg)
    at = 0
    line = 1
    for match in [*_BLOCK.finditer(text), None]:
        outside = text[at : match.start() if match else len(text)]
        for i, other in enumerate(outside.split("\n")):
            other = other.partition("#")[0]
            if other.strip() and not _SETTINGS.match(other):
                hint = "not closed or misplaced" if _BEGIN.match(other) else "not understood"
                msg = f"[{where}] line {line + i}, {_text.shown(other.strip())}, is {hint}; the network is not read"
                raise FileFormatError(msg)
        line += outside.count("\n")
        if match is None:
            break
        kind = " ".join(match[1].split())
        if kind not in _READ | _SOURCES or kind in blocks:
            why = "occurs twice" if kind in blocks else "is not supported"
            msg = f"[{where}] line {line}: the block {kind!r} {why}"
            raise FileFormatError(msg)
        if kind in _READ:
            blocks[kind], lines[kind] = match[2], line
        line += match[0].count("\n")
        at = match.end()
    if "species" not in blocks or "reactions" not in blocks:
        msg = f"[{where}] the file has no block of {'species' if 'species' not in blocks else 'reactions'}"
        raise FileFormatError(msg)
    return blocks, lines


def _complete(where: str, kind: str, block: str, line: int, pattern: re.Pattern[str], found: int) -> None:
    """Refuse a block in which a line was not understood."""
    # Each entry has a line of its own: as many as there are lines leave nothing to look for.
    if found == block.strip().count("\n") + 1 or found == _rows(block):
        return
    for i, text in enumerate(block.split("\n")):
        if _COMMENT.sub("", text).strip() and not pattern.match(text):
            msg = f"[{where}] line {line + i}, {_text.shown(text.strip())}, cannot be read as one of the {kind}"
            raise FileFormatError(msg)


def _rows(block: str) -> int:
    return len(_ROW.findall(block))


def _formula(where: str, what: str, text: str, functions: set[str]) -> str:
    """Turn an expression of BioNetGen into the rate language."""

    def call(match: re.Match[str]) -> str:
        name = match[1]
        if name in _UNSUPPORTED:
            msg = f"[{where}] {what} is {_text.shown(text)}; the function {name!r} is not supported"
            raise InputError(msg)
        if match[2]:
            return name
        if name in functions:
            msg = f"[{where}] {what} is {_text.shown(text)}; the function {name!r} takes no argument"
            raise InputError(msg)
        return match[0]

    text = _CALL.sub(call, text.strip()).replace("~=", "!=")
    return _text.renamed(text, lambda name: {"_pi": "3.141592653589793", "_e": "2.718281828459045"}.get(name) or name)


def _side(where: str, texts: list[str], fixed_to: int, names: list[str]) -> Side:
    """Read lists of species numbers; 0 is nothing."""
    lengths = np.fromiter(map(str.count, texts, repeat(",")), np.int64, len(texts)) + 1
    try:
        species: NDArray[np.int64] = np.array(list(map(int, ",".join(texts).split(","))) if texts else [], np.int64)
    except (ValueError, OverflowError) as error:
        msg = f"[{where}] a list of species in the reactions is not made of numbers: {error}"
        raise FileFormatError(msg) from error
    row = np.repeat(np.arange(len(texts), dtype=np.int64), lengths)
    if species.size and int(species.max()) > fixed_to:
        at = int(row[int(species.argmax())])
        msg = f"[{where}] reaction {names[at]!r} has the species number {int(species.max())} of {fixed_to}"
        raise FileFormatError(msg)
    some = species > 0
    return Side.of(len(texts), row[some], species[some] - 1, np.ones(int(some.sum()), np.int64))


def _law(where: str, name: str, rate: str, reactants: list[str]) -> tuple[str, bool]:
    """Write a rate of several words: the laws that BioNetGen names."""
    kind, *given = rate.split()
    x = [_text.quote(species) for species in reactants]
    rest = "".join(f"*{other}" for other in x[1:])
    if kind == "Sat" and 2 <= len(given) <= len(x) + 1:
        # k A B / (K + A): one constant for each saturating reactant, in order.
        below = "".join(f"/({_text.quote(k)} + {s})" for k, s in zip(given[1:], x, strict=False))
        return f"{_text.quote(given[0])}*{'*'.join(x)}{below}", False
    if kind == "Hill" and len(given) == 3 and x:
        k, half, power = map(_text.quote, given)
        return f"{k}*hill({x[0]}, {half}, {power}){rest}", False
    if kind == "MM" and len(given) == 2 and len(x) == 2:
        # The free substrate of the total quasi-steady state: s = (b + sqrt(b^2 + 4 S Km))/2, b = S - Km - E.
        k, km = map(_text.quote, given)
        b = f"({x[0]} - {km} - {x[1]})"
        free = f"(0.5*({b} + sqrt({b}^2 + 4*{x[0]}*{km})))"
        return f"{k}*{x[1]}*{free}/({km} + {free})", False
    msg = (
        f"[{where}] reaction {name!r} has the rate {_text.shown(rate)}, which is not supported with {len(x)} reactants"
    )
    raise InputError(msg)


def read(where: str, path: str | os.PathLike[str], round_initial: bool) -> Parts:
    """Read the file.

    Raises
    ------
    FileError, FileFormatError, InputError
        As `Network.from_bngl_net` says.
    """
    blocks, lines = _blocks(where, _load(where, path))
    found = {
        kind: _ENTRY.findall(block) for kind, block in blocks.items() if kind in ("parameters", "species", "groups")
    }
    function_entries = _FUNCTION.findall(blocks.get("functions", ""))
    reaction_entries = _REACTION.findall(blocks["reactions"])
    for kind in blocks:
        pattern = {"functions": _FUNCTION, "reactions": _REACTION}.get(kind, _ENTRY)
        entries = {"functions": function_entries, "reactions": reaction_entries}.get(kind) or found.get(kind, [])
        _complete(where, kind, blocks[kind], lines[kind], pattern, len(entries))
    functions = {name for name, _ in function_entries}
    parameters: dict[str, float | str] = {}
    for _, name, text in found.get("parameters", []):
        parameters[name] = (
            float(text) if _text.is_number(text) else _formula(where, f"parameter {name!r}", text, functions)
        )
    initial: dict[str, float | str] = {}
    fixed = set()
    for i, (number, pattern_text, text) in enumerate(found["species"]):
        name = _FIXED.sub(r"\1", pattern_text) if "$" in pattern_text else pattern_text
        if number.lstrip("0") != str(i + 1) or name in initial:
            msg = f"[{where}] species {pattern_text!r} has the number {number[:20]} in place {i + 1}, or occurs twice"
            raise FileFormatError(msg)
        if name != pattern_text:
            fixed.add(i)
        initial[name] = float(text) if _text.is_number(text) else _formula(where, f"species {name!r}", text, functions)
    species = list(initial)
    member = {str(i): name for i, name in enumerate(species, start=1)}
    rules: dict[str, str] = {}
    read_by_functions = set().union(*(_text.names(text) for _, text in function_entries))
    for _, name, text in found.get("groups", []):
        try:
            pairs = [entry.rpartition("*")[::2] for entry in text.split(",") if entry.strip()]
            kept = [(n, _text.quote(member[s.strip().lstrip("0")])) for n, s in pairs]
            terms = [f"{n}*{quoted}" if n else quoted for n, quoted in kept]
        except KeyError as error:
            msg = f"[{where}] the group {name!r} lists {_text.shown(text)}, which are no species of this file"
            raise FileFormatError(msg) from error
        if name in parameters:
            if name in read_by_functions:
                msg = f"[{where}] the functions read {name!r}, which is both a parameter and a group; rename one"
                raise InputError(msg)
            name = f"{name}_group"
        rules[name] = " + ".join(terms) or "0"
    for name, text in function_entries:
        rules[name] = _formula(where, f"function {name!r}", text, functions)
    names = [f"R{i + 1}" for i in range(len(reaction_entries))]
    reactants = _side(where, [entry[0] for entry in reaction_entries], len(species), names)
    texts = [entry[2] for entry in reaction_entries]
    first = dict(zip(reversed(texts), range(len(texts) - 1, -1, -1), strict=True))
    named = {rate for rate in first if " " in rate and rate.split()[0] in ("Sat", "MM", "Hill")}
    rates = {
        rate: "" if rate in named else _formula(where, f"the rate of reaction {names[r]!r}", rate, functions)
        for rate, r in reversed(first.items())
    }
    laws, mass_action = [rates[rate] for rate in texts], np.ones(len(names), np.bool_)
    for r, (left, _, rate) in enumerate(reaction_entries if named else ()):
        if rate in named:
            reads = [species[int(s) - 1] for s in left.split(",") if s != "0"]
            laws[r], mass_action[r] = _law(where, names[r], rate, reads)
    return Parts(
        initial,
        parameters,
        reactants,
        _side(where, [entry[1] for entry in reaction_entries], len(species), names),
        laws,
        mass_action,
        names,
        fixed=frozenset(fixed),
        rules=rules,
        convention="powers",
        name=Path(path).stem,
        round_initial=round_initial,
    )

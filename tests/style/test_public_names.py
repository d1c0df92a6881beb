"""Every promised name can be imported and explains itself."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import subprocess
import sys

import pytest

import stochos


def public_modules() -> list[str]:
    names = [
        module.name
        for module in pkgutil.walk_packages(stochos.__path__, "stochos.")
        if not any(part.startswith("_") for part in module.name.split("."))
    ]
    return ["stochos", *sorted(names)]


@pytest.mark.parametrize("module_name", public_modules())
def test_names_in_all_exist_and_have_docstrings(module_name: str):
    module = importlib.import_module(module_name)
    assert inspect.getdoc(module), f"{module_name} has no docstring"
    silent = []
    for name in getattr(module, "__all__", ()):
        value = getattr(module, name)
        if not (inspect.isclass(value) or inspect.isroutine(value)):
            continue  # a constant is explained where it stands
        if not (value.__doc__ or "").strip():
            silent.append(name)
        if inspect.isclass(value) and value.__module__.startswith("stochos"):
            for member, entry in vars(value).items():
                held = entry.fget if isinstance(entry, property) else getattr(entry, "__func__", entry)
                if not member.startswith("_") and inspect.isroutine(held) and not (held.__doc__ or "").strip():
                    silent.append(f"{name}.{member}")
    assert not silent


def test_promised_names_of_words_are_there():
    from stochos import words

    promised = {"count", "fit", "load_counts", "load_vectors", "from_word2vec"}  # the public face, as promised
    assert promised <= set(words.__all__)
    assert all(callable(getattr(words, name)) for name in promised)


def test_every_room_is_an_attribute_of_the_package():
    rooms = {module.name for module in pkgutil.iter_modules(stochos.__path__) if not module.name.startswith("_")}
    assert rooms - {"cli"} <= set(stochos.__all__)
    assert all(inspect.ismodule(getattr(stochos, name)) for name in rooms - {"cli"})


def test_unknown_name_is_an_attribute_error():
    from stochos import words

    for module in (stochos, words):
        with pytest.raises(AttributeError, match="no_such_name"):
            _ = module.no_such_name


def test_import_is_light():
    # The optional parts and the plotting library are loaded when they are used, not before.
    code = (
        "import sys, stochos, stochos.cli, stochos.words;"
        "print([m for m in ('scipy', 'matplotlib', 'pandas', 'xarray', 'jieba', 'dask', 'gensim') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"

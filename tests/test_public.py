"""Every module says what is public, and says nothing else; public things are documented."""

from __future__ import annotations

import importlib
import inspect
import pkgutil

import pytest

import ketagraph

MODULES = sorted(
    each.name
    for each in pkgutil.walk_packages(ketagraph.__path__, "ketagraph.")
    if not each.name.endswith("__main__")
)


@pytest.mark.parametrize("name", MODULES)
def test_all_names_exist_and_are_sorted(name: str) -> None:
    module = importlib.import_module(name)
    assert list(module.__all__) == sorted(
        module.__all__, key=lambda each: (not each.isupper(), each[0].islower(), each)
    )
    assert [each for each in module.__all__ if not hasattr(module, each)] == []


@pytest.mark.parametrize(
    "name", [name for name in MODULES if ".cli." not in name and ".server." not in name]
)  # commands and routes register themselves
def test_public_functions_and_classes_of_a_module_are_in_all(name: str) -> None:
    module = importlib.import_module(name)
    own = {
        each
        for each, value in vars(module).items()
        if not each.startswith("_")
        and (inspect.isfunction(value) or inspect.isclass(value))
        and value.__module__ == name
    }
    assert own - set(module.__all__) == set()


@pytest.mark.parametrize("name", MODULES)
def test_public_things_have_docstrings(name: str) -> None:
    module = importlib.import_module(name)
    assert module.__doc__
    things = [getattr(module, each) for each in module.__all__]
    bare = [
        each.__name__
        for each in things
        if (inspect.isfunction(each) or inspect.isclass(each)) and not each.__doc__
    ]
    assert bare == []

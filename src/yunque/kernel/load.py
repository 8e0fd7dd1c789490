"""Forms to named arrays, and back from arrays that a file gave; kinds of forms are found by file."""

from collections.abc import Mapping
from functools import cache
from importlib import import_module
from pkgutil import iter_modules
from typing import Any

import numpy.typing as npt

from yunque.errors import BundleError
from yunque.kernel import forms
from yunque.kernel.form import Arrays, Form


@cache
def form_kinds() -> Mapping[str, type[Form]]:
    """Give the forms by kind: every file of `kernel/forms` ends with FORM = its class."""
    modules = (import_module(f"{forms.__name__}.{found.name}") for found in iter_modules(forms.__path__))
    return {module.FORM.kind: module.FORM for module in modules}


def form_to_arrays(form: Form) -> tuple[str, dict[str, Any], Arrays]:
    """Give the kind, JSON-able facts and named arrays of a form."""
    facts, arrays = form.to_arrays()
    return form.kind, facts, arrays


def form_to_shared(form: Form) -> tuple[dict[str, Any], Arrays]:
    """Give facts and arrays as a bundle holds them: as the compiled code reads them, where a form knows how.

    A form read back from a mapped file reads that file's pages, which processes share.
    """
    facts, arrays = getattr(form, "to_shared", form.to_arrays)()
    return facts, arrays


def form_from_arrays(kind: str, facts: Mapping[str, Any], arrays: Mapping[str, npt.NDArray[Any]]) -> Form:
    """Check and build a form.

    Raises:
        BundleError: the kind is unknown, or facts or arrays break a rule of that form.
    """
    found = _form_of(kind)
    if found is None:
        raise BundleError(
            f"A model of kind {kind!r} cannot be read here.", hint="It was packed by a newer version: update."
        )
    return found.from_arrays(facts, arrays)


@cache
def _form_of(kind: str) -> type[Form] | None:
    """Give the form of a kind; its file is called like it, so that no other is imported."""
    if kind not in {found.name for found in iter_modules(forms.__path__)}:
        return None
    form: type[Form] = import_module(f"{forms.__name__}.{kind}").FORM
    return form

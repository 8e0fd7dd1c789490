"""Texts as points: Spanish with accents, nothing at all, words never seen, one word, very many texts."""

import json

import numpy as np
import polars as pl
import pytest

from yunque.data.schema import Column, Kind, Schema
from yunque.errors import BundleError
from yunque.features.compile_row import compile_row
from yunque.features.encode import encode
from yunque.features.fit import fit_recipe, formulas
from yunque.features.recipe import Recipe
from yunque.features.serialise import recipe_from_dict, recipe_to_dict
from yunque.features.text_space import Projector, TextSpace, fit_space

SCHEMA = Schema(columns=(Column(name="nota", kind=Kind.TEXT),))
THINGS = ["camión", "teléfono", "niño", "corazón", "pingüino", "árbol", "avión", "jardín", "ratón", "sillón"]
QUALITIES = ["rápido", "lento", "pequeño", "dañado", "azul", "único", "débil", "fácil"]
TEXTS = [
    f"El {a} {b}, ¿está aquí? Sí: n.º {i}"
    for i, (a, b) in enumerate((a, b) for a in THINGS for b in QUALITIES)
]


@pytest.fixture(scope="module")
def space() -> TextSpace:
    found = fit_space(TEXTS, seed=3)
    assert found is not None
    return found


@pytest.fixture(scope="module")
def recipe() -> Recipe:
    return fit_recipe("tree", SCHEMA, pl.DataFrame({"nota": TEXTS}))


def test_accents_capitals_and_signs_do_not_part_words_but_letters_do(space: TextSpace) -> None:
    one = Projector.of(space).one
    assert one("el camión rápido") == one("EL CAMION  RAPIDO!!") == one("el camio\u0301n ra\u0301pido")
    assert one("niño") != one("nino")
    assert one("el camión rápido") != one("el avión lento")


def test_similar_texts_stand_nearer_than_others(space: TextSpace) -> None:
    a, b, c = Projector.of(space).many(["el camión rápido", "un camión muy rápido", "jardín pequeño"])
    assert a @ b / np.linalg.norm(a) / np.linalg.norm(b) > 0.3
    assert np.linalg.norm(a - b) < np.linalg.norm(a - c)


@pytest.mark.parametrize("text", ["", " ", "¿?!", "xyzzy", "中文", "\x00", "🙂🙂", None, "q"])
def test_nothing_known_stands_at_the_origin(space: TextSpace, text: str | None) -> None:
    assert not Projector.of(space).many([text]).any()


@pytest.mark.parametrize(
    "text", ["camión " * 3_000, "a" * 100_000, "ñ", "\ud800", "é" * 4_000, "x\u0301" * 9]
)
def test_long_and_odd_texts_give_finite_points(space: TextSpace, text: str) -> None:
    assert np.isfinite(Projector.of(space).one(text)).all()


def test_one_row_gives_the_bits_of_many_and_a_missing_text_the_origin(recipe: Recipe) -> None:
    texts = [*TEXTS, "", None, "palabra nueva", "camión"]
    many = encode(recipe, pl.DataFrame({"nota": pl.Series(texts, dtype=pl.String)}))
    fill = compile_row(recipe, ("nota",))
    for text, row in zip(texts, many, strict=True):
        out = np.empty(len(recipe.outputs))
        fill([text], out)
        assert out.tobytes() == row.tobytes()


def test_equal_texts_and_seeds_give_equal_recipes_and_no_word_is_kept(recipe: Recipe) -> None:
    again = fit_recipe("tree", SCHEMA, pl.DataFrame({"nota": TEXTS}))
    document = json.dumps(recipe_to_dict(again))
    assert again == recipe
    assert recipe_from_dict(json.loads(document)) == recipe
    assert not any(word in document.lower() for word in ("camion", "jardin", "pequeño"))


def test_both_views_learn_the_same_points_and_a_row_computes_them_once(recipe: Recipe) -> None:
    linear = fit_recipe("linear", SCHEMA, pl.DataFrame({"nota": TEXTS}))
    one, other = ([op for op in r.operations if op.step == "text_vectors"] for r in (recipe, linear))
    assert one[0].learnt == other[0].learnt
    assert all("words" in formulas(recipe)[output.name] for output in one[0].outputs)


def test_columns_of_one_word_and_of_few_texts() -> None:
    words = fit_recipe("tree", SCHEMA, pl.DataFrame({"nota": THINGS * 3 + QUALITIES * 3 + list("abcdefgh")}))
    assert any(op.step == "text_vectors" for op in words.operations)
    few = fit_recipe("tree", SCHEMA, pl.DataFrame({"nota": ["si", "no"] * 50}))
    assert not any(op.step == "text_vectors" for op in few.operations)
    empty = fit_recipe("linear", SCHEMA, pl.DataFrame({"nota": pl.Series([None] * 30, dtype=pl.String)}))
    assert np.isfinite(encode(empty, pl.DataFrame({"nota": pl.Series(["x", None], dtype=pl.String)}))).all()


def test_a_hundred_thousand_distinct_texts() -> None:
    frame = pl.DataFrame(
        {"nota": [f"pedido {i} {THINGS[i % 10]} {i * 7919 % 100_003:x}" for i in range(100_000)]}
    )
    found = fit_recipe("tree", SCHEMA, frame)
    matrix = encode(found, frame)
    assert matrix.shape == (100_000, len(found.outputs))
    assert len(json.dumps(recipe_to_dict(found))) < 1_500_000
    thing = np.arange(100_000) % 10
    centres = np.stack([matrix[thing == k].mean(axis=0) for k in range(10)])
    assert np.isfinite(matrix).all()
    assert np.ptp(centres, axis=0).max() > 0.5


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("width", 31),
        ("width", 7),
        ("width", "30"),
        ("grams", ""),
        ("grams", "AAAA"),
        ("grams", "!!!!"),
        ("rarity", "AADA/w=="),
        ("directions", "AH4="),
        ("directions", None),
    ],
)
def test_hostile_arrays_are_refused(recipe: Recipe, key: str, value: object) -> None:
    document = json.loads(json.dumps(recipe_to_dict(recipe)))
    place = next(i for i, op in enumerate(document["operations"]) if op["step"] == "text_vectors")
    document["operations"][place]["learnt"][key] = value
    with pytest.raises(BundleError):
        recipe_from_dict(document)


def test_unordered_grams_and_endless_weights_are_refused(recipe: Recipe) -> None:
    from base64 import b64decode, b64encode

    document = json.loads(json.dumps(recipe_to_dict(recipe)))
    place = next(i for i, op in enumerate(document["operations"]) if op["step"] == "text_vectors")
    for key, dtype, spoilt in (("grams", "<u8", 0), ("rarity", "<f4", np.nan), ("directions", "<f2", np.inf)):
        hostile = json.loads(json.dumps(document))
        learnt = hostile["operations"][place]["learnt"]
        values = np.frombuffer(b64decode(learnt[key]), dtype).copy()
        values[-1] = spoilt
        learnt[key] = b64encode(values.tobytes()).decode()
        with pytest.raises(BundleError):
            recipe_from_dict(hostile)

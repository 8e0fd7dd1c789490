"""Learn which words speak for which intent: `python -m benchmarks.learn_intents`.

Reads the examples of the package and the question sets of the tests and prints how well each set is
understood by weights that were learnt without it; with --write it writes the weights of all of them.
"""

import argparse
import hashlib
import re
import sys
from collections.abc import Iterable, Sequence
from dataclasses import replace
from importlib.resources import files
from pathlib import Path

import numpy as np
import yaml
from scipy.optimize import minimize
from scipy.sparse import csr_matrix

from yunque.assistant.reading import Reader
from yunque.assistant.scorer import UNKNOWN, places, read_scorer, write_scorer
from yunque.assistant.traits import Traits

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "unit" / "solutions"))
from demand_sets import CATALOGUE, SETS, asked, make_test_reader

QUESTIONS = files("yunque.solutions.demand.questions")
PLACES = 8192
MOST = 40  # lines that one example stands for
SMOOTHING = 3e-6
ITERATIONS = 60
Example = tuple[str, str, float]  # text, intent, weight


def lines(example: str) -> list[str]:
    """Give what an example with alternatives stands for, `MOST` of them at most, always the same ones."""
    parts = [
        one[1].split("|") if one[1] is not None else [one[2]]
        for one in re.finditer(r"(?:\(([^()]*)\))|([^()]+)", example)
    ]
    count = int(np.prod([len(part) for part in parts], dtype=object))
    found = set()
    for at in range(min(count, MOST)):
        seed = hashlib.sha256(f"{example}{at}".encode()).hexdigest()
        left, words = at if count <= MOST else int(seed[:12], 16) % count, []
        for part in parts:
            left, place = divmod(left, len(part))
            words.append(part[place])
        found.add(re.sub(r"\s+", " ", "".join(words)).strip())
    return sorted(found)


def own_examples() -> list[Example]:
    """Give the examples of the package."""
    document = yaml.safe_load(QUESTIONS.joinpath("examples.yaml").read_text("utf-8"))
    return [
        (line, intent, 1 / len(every))
        for intent, examples in document.items()
        for example in examples
        for every in [lines(example)]
        for line in every
    ]


def offered(reader: Reader) -> list[Example]:
    """Give the questions that are offered instead, as they are read."""
    row, rest = CATALOGUE["articles"][0], {}
    for name, value in zip(("article", "category", "supplier"), row[1:], strict=True):
        rest[f"{{{name}}}"] = value
    found = []
    for intent in reader.lexicon.intents:
        for question in intent.examples.values():
            asked = re.sub(r"\{\w+\}", lambda match: rest[match.group()], question)
            found.append((reader.read(asked).text, intent.name, 1.0))
    return found


def words_of(examples: Iterable[Example]) -> set[str]:
    """Give the words of examples that can be answered."""
    return {
        word
        for text, intent, _ in examples
        if intent != UNKNOWN
        for word in re.findall(r"(?<!@)\b[a-z]{2,}", text)
    }


def matrix(texts: Sequence[str], traits: Traits) -> csr_matrix:
    """Give texts x places, a row's length scaled."""
    rows = [places(traits.of(text), PLACES) for text in texts]
    values = np.concatenate([np.full(len(row), 1 / np.sqrt(max(len(row), 1))) for row in rows])
    starts = np.cumsum([0, *(len(row) for row in rows)])
    return csr_matrix((values, np.concatenate(rows), starts), shape=(len(texts), PLACES))


def learn(examples: Sequence[Example], names: Sequence[str], traits: Traits) -> np.ndarray:
    """Give weights, places x names: a multinomial regression with quadratic smoothing, by L-BFGS."""
    table = matrix([text for text, _, _ in examples], traits)
    turned = table.T.tocsr()
    truth = np.array([names.index(intent) for _, intent, _ in examples])
    share = np.array([weight for *_, weight in examples])
    share /= share.sum()
    hit = np.zeros((len(examples), len(names)))
    hit[np.arange(len(examples)), truth] = 1.0

    def loss(flat: np.ndarray) -> tuple[float, np.ndarray]:
        weights = flat.reshape(PLACES, len(names))
        scores = table @ weights
        scores -= scores.max(axis=1, keepdims=True)
        total = np.log(np.exp(scores).sum(axis=1))
        value = float((share * (total - (scores * hit).sum(axis=1))).sum())
        slope = turned @ ((np.exp(scores - total[:, None]) - hit) * share[:, None]) + SMOOTHING * weights
        return value + SMOOTHING / 2 * float((weights**2).sum()), slope.ravel()

    start = np.zeros(PLACES * len(names))
    found = minimize(loss, start, jac=True, method="L-BFGS-B", options={"maxiter": ITERATIONS})
    return np.asarray(found.x.reshape(PLACES, len(names)))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true", help="write the weights of all sets")
    parser.add_argument("--leave", nargs="*", help="sets to leave out one by one; all when not named")
    wish = parser.parse_args()
    reader: Reader = make_test_reader()
    traits = Traits(reader.lexicon.families.words)
    names = [*(one.name for one in reader.lexicon.intents), UNKNOWN]
    own = [*own_examples(), *offered(reader)]
    sets = {name: [one for one in asked(name) if "b" not in one] for name in SETS}
    texts = {
        name: [(reader.read(one["q"]).text, one["i"], 1.0) for one in rows] for name, rows in sets.items()
    }
    if not wish.write:
        for name in SETS if wish.leave is None else wish.leave:
            rest = [one for other, some in texts.items() if other != name for one in some]
            content = write_scorer(names, learn([*own, *rest], names, traits), words_of([*own, *rest]))
            blind = replace(reader, scorer=read_scorer(content, reader.lexicon.families.words))
            readings = [(blind.read(one["q"]), one["i"]) for one in sets[name]]
            right = sum((read.best.name if read.best else UNKNOWN) == truth for read, truth in readings)
            alone = sum(
                max((v, k) for k, v in blind.scorer.logs(read.text).items())[1] == truth
                for read, truth in readings
            )
            shares = (
                f"learnt without it {right / len(readings):.1%}, weights alone {alone / len(readings):.1%}"
            )
            print(f"{name}: {shares}")
        return
    every = [*own, *(one for some in texts.values() for one in some)]
    content = write_scorer(names, learn(every, names, traits), words_of(every))
    target = Path(str(QUESTIONS.joinpath("intents.npz")))
    target.write_bytes(content)
    print(f"{len(every):,} lines, {len(content):,} bytes")


if __name__ == "__main__":
    main()

"""The YAML of a contract: written for people, read without executing, repeating or expanding anything."""

import json
from typing import Any

import yaml

from yunque.errors import ContractError

LARGEST = 64 * 2**20  # characters of a contract that is still read

_HEADING = """\
# Contract of a table: what each column is, what it is used for, and how its text is read.
# Edit it by hand and raise `version`; what is left out has its default.
#   kind:     number, integer, boolean, category, text, date, timestamp
#   role:     feature, target, time, group, id (carried, never learnt from), weight, ignore
#   nullable: false refuses missing values      required: false accepts a table without the column
#   levels:   known values of a category, most frequent first      minimum, maximum: range seen in training
#   reading:  decimal, thousands, percent, currency, date_order (iso, dmy, mdy), true_words, false_words,
#             missing_words, kept_words
"""

_Loader: type[Any] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_SafeDumper: type[Any] = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
_DEEPEST = 10


class _StrictLoader(_Loader):  # type: ignore[misc]
    """A safe loader that also refuses repeated keys, which would silently win over one another."""

    def construct_mapping(self, node: Any, deep: bool = False) -> Any:
        """Build a mapping whose keys stand once.

        Raises:
            YAMLError: a key is repeated.
        """
        seen = set()
        for key_node, _ in node.value:
            key = key_node.value if isinstance(key_node.value, str) else None
            if key is None or key in seen:
                raise yaml.MarkedYAMLError(None, None, f"the key {key!r} is repeated", key_node.start_mark)
            seen.add(key)
        return super().construct_mapping(node, deep)


class _Flow(list[Any]):
    """A list that is written on one line."""


class _Dumper(_SafeDumper):  # type: ignore[misc]
    """A safe dumper that writes lists of words on one line."""


_Dumper.add_representer(
    _Flow, lambda dumper, items: dumper.represent_sequence("tag:yaml.org,2002:seq", items, flow_style=True)
)


def write_document(document: dict[str, Any]) -> str:
    """Write a contract's plain values as YAML under the heading that explains them."""
    columns = [{key: _on_one_line(value) for key, value in item.items()} for item in document["columns"]]
    body = yaml.dump(
        document | {"columns": columns},
        Dumper=_Dumper,
        sort_keys=False,
        allow_unicode=True,
        width=110,
        default_flow_style=False,
    )
    return f"{_HEADING}{body}"


def _on_one_line(value: Any) -> Any:
    if isinstance(value, list):
        return _Flow(value)
    return {key: _on_one_line(item) for key, item in value.items()} if isinstance(value, dict) else value


def read_document(text: str) -> dict[str, Any]:
    """Read the YAML of a contract as plain values.

    Raises:
        ContractError: too long, neither YAML nor JSON, an anchor, a repeated key, or no list of keys.
    """
    if len(text) > LARGEST:
        raise ContractError(f"The contract has {len(text):,} characters; at most {LARGEST:,} are read.")
    try:
        document = _parse(text)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise ContractError(
            f"The contract is not readable YAML: {_first_line(error)}",
            hint="Texts that contain : # & * or look like numbers or dates go in quotes.",
        ) from error
    if not isinstance(document, dict):
        raise ContractError("The contract is not a list of keys.", hint="It starts with 'format: 1'.")
    return document


def _parse(text: str) -> Any:
    if text.lstrip().startswith("{"):
        return json.loads(text, object_pairs_hook=_once)
    _refuse_anchors(text)
    return yaml.load(text, Loader=_StrictLoader)  # noqa: S506  a subclass of the safe loader


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Build a JSON object whose keys stand once."""
    document = dict(pairs)
    if len(document) < len(pairs):
        raise ValueError("a key is repeated")
    return document


def _refuse_anchors(text: str) -> None:
    """Refuse anchors and aliases: a few of them expand to gigabytes."""
    depth = 0
    for event in yaml.parse(text, Loader=_Loader):
        if getattr(event, "anchor", None) is not None:
            raise yaml.MarkedYAMLError(None, None, "anchors (& and *) are not allowed", _mark(event))
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > _DEEPEST:
            raise yaml.MarkedYAMLError(None, None, "it is nested too deeply", _mark(event))


def _mark(event: Any) -> Any:
    return event.start_mark


def _first_line(error: Exception) -> str:
    mark = getattr(error, "problem_mark", None)
    problem = getattr(error, "problem", None) or str(error).partition("\n")[0]
    return f"{problem} (line {mark.line + 1})." if mark is not None else f"{problem}."

"""Export a published model to ONNX: a file that appears only where it answers as the bundle does."""

import os
from dataclasses import dataclass
from datetime import datetime
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal

import polars as pl

from yunque.errors import ConflictError, StorageError, UsageError
from yunque.models.bundle_json import write_json
from yunque.models.predictor import Predictor
from yunque.models.registry import Registry
from yunque.models.registry_rows import Version

NEEDED = ("onnx", "onnxruntime")
Precision = Literal["float64", "float32"]
PRECISIONS: dict[str, Precision] = {"float64": "float64", "float32": "float32"}


@dataclass(frozen=True, kw_only=True)
class Exported:
    """What was written.

    Attributes:
        version: of the model.
        file: the graph, called as the ML service standard says: model_v<version>_<date>.onnx.
        report: the parity report beside it, as JSON.
        size: bytes of the graph.
        inputs: columns that it reads, in order.
        outputs: what it answers, in order.
        parity: what was compared and what came out.
    """

    version: Version
    file: Path
    report: Path
    size: int
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    parity: dict[str, Any]

    def to_dict(self) -> dict[str, Any]:
        """Give what `--json` writes."""
        return {
            "model": self.version.label,
            "file": str(self.file),
            "parity_report": str(self.report),
            "bytes": self.size,
            "inputs": list(self.inputs),
            "outputs": list(self.outputs),
            "parity": self.parity,
        }


def artefact_name(version: int, created: datetime, ending: str) -> str:
    """Name an artefact as the ML service standard does: model_v1.0.0_2025-12-08.onnx."""
    return f"model_v{version}.0.0_{created.date().isoformat()}{ending}"


def export_onnx(
    registry: Registry,
    reference: str,
    folder: Path,
    *,
    precision: str = "float64",
    table: pl.DataFrame | None,
) -> Exported:
    """Write a model as ONNX with its parity report.

    Args:
        registry: where it is published.
        reference: name, name@version or name@alias.
        folder: where the files go; made when it is not there.
        precision: "float64", or "float32" for runtimes without it.
        table: rows to compare on, beside the golden rows; None: golden rows alone.

    Raises:
        UsageError: no such model or precision, or ONNX is not installed.
        ModelError: a step or form has no equivalent, or the graph answers otherwise; nothing is written.
        ConflictError: another model's export of that name lies there.
        StorageError: the disk refuses.
    """
    missing = [name for name in NEEDED if find_spec(name) is None]
    if missing:
        raise UsageError(
            f"An export to ONNX needs {' and '.join(missing)}, not installed here.",
            hint="pip install 'yunque[onnx]'",
        )
    wanted = _precision(precision)
    from yunque.models.export.onnx_model import write_onnx
    from yunque.models.export.onnx_parity import measure, require

    version = registry.resolve(reference)
    loaded = registry.load(version)
    predictor = Predictor.from_bundle(loaded, version_label=version.label)
    facts = {
        "model": version.label,
        "bundle": version.bundle_id,
        "contract": loaded.manifest.contract.digest,
        "target": loaded.task.target or "",
    }
    exported = write_onnx(loaded.champion, loaded.contract, loaded.task, facts, wanted)
    parity = measure(predictor, exported, table)
    require(parity, wanted)
    raw = exported.proto.SerializeToString(deterministic=True)
    created = datetime.fromisoformat(loaded.manifest.clock.created)
    file = folder / artefact_name(version.version, created, ".onnx")
    report = file.with_name(f"{file.stem}_parity.json")
    told = {**facts, "precision": wanted, "file": file.name, **parity.to_dict()}
    _keep(file, raw)
    _keep(report, write_json(told), replace=True)
    return Exported(
        version=version,
        file=file,
        report=report,
        size=len(raw),
        inputs=exported.columns,
        outputs=tuple(output.name for output in exported.proto.graph.output),
        parity=parity.to_dict(),
    )


def _precision(word: str) -> Precision:
    if word in PRECISIONS:
        return PRECISIONS[word]
    raise UsageError(f"There is no precision {word!r}.", hint="Choose float64 or float32.")


def _keep(path: Path, content: bytes, *, replace: bool = False) -> None:
    """Write a file whole; another file of that name is left alone unless it may be replaced."""
    try:
        if not replace and path.exists():
            if path.read_bytes() == content:
                return
            raise ConflictError(
                f"{path.name} lies there already and is another model's.",
                hint="Choose another folder with --output, or move the file away.",
            )
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = path.with_name(f".{path.name}.draft")
        draft.write_bytes(content)
        os.replace(draft, path)  # noqa: PTH105 - the same
    except OSError as error:
        raise StorageError(f"{path.name} cannot be written: {error.strerror}.") from error

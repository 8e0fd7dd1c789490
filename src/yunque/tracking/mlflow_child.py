"""The process that talks to MLflow, so that nothing that happens there can hurt the run it records.

It reads two lines of JSON: the first opens a run, which is answered with its id; the second names a record of
`run_store`, which is sent there. The first failure is answered with `error`, and ends the process.
"""

import json
import os
import sys
import tempfile
import time
from pathlib import Path
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.request import urlopen

import yunque.tracking.run_store as run_store
from yunque.tracking.figures import as_png, figures_of
from yunque.tracking.run_record import ModelFact, RunRecord

MOST_IN_BATCH = 90  # a batch of MLflow takes 100 parameters
PARENT = "mlflow.parentRunId"


def main() -> None:
    """Serve one run, from the lines of standard input."""
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "w")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # the library prints; the parent reads answers alone
    asked = json.loads(sys.stdin.readline())

    def say(answer: dict[str, Any]) -> None:
        answers.write(json.dumps(answer) + "\n")
        answers.flush()

    try:
        _probe(asked["uri"], asked["seconds"])
        door = _Door(asked)
        say({"run_id": door.run_id, "experiment_id": door.experiment_id})
        line = sys.stdin.readline()
        if line:
            say({"done": True, "model_version": door.finish(Path(json.loads(line)["folder"]))})
    except ImportError:
        say({"error": "not installed"})
    except Exception as error:  # noqa: BLE001 - the edge of the process: any failure becomes an answer
        say({"error": f"{type(error).__name__}: {error}"[:500]})


def _probe(uri: str, seconds: float) -> None:
    """Ask a server whether it is there, before anything heavy is imported.

    Raises:
        URLError, TimeoutError: it is not, or is slower than that.
    """
    if not uri.startswith(("http://", "https://")):
        return
    try:
        with urlopen(f"{uri.rstrip('/')}/health", timeout=seconds):  # noqa: S310 - the scheme was checked
            return
    except HTTPError:
        return  # it answers; a proxy may hide its health
    except URLError as error:
        raise URLError(f"no server answers: {error.reason}") from error


class _Door:
    """One run in MLflow."""

    def __init__(self, asked: dict[str, Any]) -> None:
        os.environ["MLFLOW_HTTP_REQUEST_TIMEOUT"] = str(max(1, round(asked["seconds"])))
        os.environ["MLFLOW_HTTP_REQUEST_MAX_RETRIES"] = "0"
        os.environ["GIT_PYTHON_REFRESH"] = "quiet"
        import mlflow

        mlflow.set_tracking_uri(asked["uri"])
        self.client = mlflow.MlflowClient(tracking_uri=asked["uri"])
        found = self.client.get_experiment_by_name(asked["experiment"])
        self.experiment_id = (
            found.experiment_id if found else self.client.create_experiment(asked["experiment"])
        )
        self.run_id = self._create(asked["name"], time.time(), {})

    def _create(self, name: str, started: float, tags: dict[str, str]) -> str:
        run = self.client.create_run(
            self.experiment_id, start_time=round(started * 1000), tags=tags, run_name=name
        )
        return str(run.info.run_id)

    def finish(self, folder: Path) -> int | None:
        """Send the record with its files, its children and its model; give the version registered."""
        record = run_store.read_run(folder)
        for child in record.children:
            tags = {**child.tags, PARENT: self.run_id}
            child_id = self._create(child.name, child.started, tags)
            self._fill(child_id, child)
            self._end(child_id, child)
        self._fill(self.run_id, record)
        for name, value in record.tags.items():
            self.client.set_tag(self.run_id, name, value)
        for name in record.files:
            self.client.log_artifact(self.run_id, str(folder / name))
        self._log_figures(folder, record)
        self.client.log_artifact(self.run_id, str(folder / run_store.RECORD))
        version = self._register(record.model) if record.model else None
        self._end(self.run_id, record)
        return version

    def _log_figures(self, folder: Path, record: RunRecord) -> None:
        """Send the pictures of the reports as pictures of their own."""
        with tempfile.TemporaryDirectory() as scratch:
            for report in (name for name in record.files if name.endswith("report.html")):
                place = Path(scratch) / Path(report).stem
                for name, svg in figures_of((folder / report).read_bytes()).items():
                    place.mkdir(exist_ok=True)
                    drawn = place / name
                    try:
                        drawn.with_suffix(".png").write_bytes(as_png(svg))
                    except ValueError:
                        drawn.write_bytes(svg)
            self.client.log_artifacts(self.run_id, scratch, "figures")

    def _fill(self, run_id: str, record: RunRecord) -> None:
        from mlflow.entities import Dataset, DatasetInput, InputTag, Metric, Param

        moment = round(record.ended * 1000)
        metrics = [Metric(_allowed(name), value, moment, 0) for name, value in record.metrics.items()]
        params = [Param(_allowed(name), value) for name, value in record.params.items()]
        for start in range(0, max(len(metrics), len(params), 1), MOST_IN_BATCH):
            piece = slice(start, start + MOST_IN_BATCH)
            self.client.log_batch(run_id, metrics=metrics[piece], params=params[piece])
        if record.dataset is not None:
            told = record.dataset
            dataset = Dataset(
                name=told.name,
                digest=told.digest[:36],
                source_type="local",
                source=json.dumps({"uri": told.source or told.name}),
                schema=json.dumps(
                    {
                        "mlflow_colspec": [
                            {"name": n, "type": t, "required": True} for n, t in told.types.items()
                        ]
                    }
                ),
                profile=json.dumps({"num_rows": told.rows, "num_columns": told.columns}),
            )
            context = [InputTag("mlflow.data.context", record.kind)]
            self.client.log_inputs(run_id, [DatasetInput(dataset, context)])

    def _end(self, run_id: str, record: RunRecord) -> None:
        self.client.set_terminated(run_id, record.status.upper(), end_time=round(record.ended * 1000))

    def _register(self, model: ModelFact) -> int:
        from mlflow.exceptions import MlflowException
        from mlflow.store.artifact.runs_artifact_repo import RunsArtifactRepository

        from yunque.tracking.mlflow_flavour import write_model

        with tempfile.TemporaryDirectory() as scratch:
            folder = Path(scratch) / "model"
            write_model(folder, model)
            self.client.log_artifacts(self.run_id, str(folder), "model")
        try:
            self.client.create_registered_model(model.name)
        except MlflowException as error:
            if error.error_code != "RESOURCE_ALREADY_EXISTS":
                raise
        source = RunsArtifactRepository.get_underlying_uri(f"runs:/{self.run_id}/model")
        made = self.client.create_model_version(
            model.name, source, self.run_id, tags={"yunque": f"{model.name}@{model.version}"}
        )
        for alias in model.aliases:
            self.client.set_registered_model_alias(model.name, alias, made.version)
        return int(made.version)


def _allowed(name: str) -> str:
    """Give a name that MLflow takes: letters, digits, and `_-. /`."""
    return "".join(sign if sign.isascii() and (sign.isalnum() or sign in "_-. /") else "_" for sign in name)


if __name__ == "__main__":
    main()

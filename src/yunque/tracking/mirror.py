"""A run mirrored to MLflow from the outside: whatever happens there costs one warning and about a second."""

import json
import logging
import queue
import subprocess
import sys
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from types import MappingProxyType
from typing import Any

LOG = logging.getLogger("yunque.tracking")


@dataclass(frozen=True, kw_only=True)
class Patience:
    """Seconds that MLflow may take (R2's principle: optional, never fatal).

    Attributes:
        request: one request.
        starting: importing its library, which happens beside the run that is recorded.
        sending: all requests together, files included.
    """

    request: float = 1.0
    starting: float = 20.0
    sending: float = 60.0


PATIENCE = Patience()
WORDS: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "es": MappingProxyType(
            {
                "absent": "MLflow no está instalado; la corrida queda registrada sólo en este equipo.",
                "failed": "MLflow no respondió; la corrida queda registrada sólo en este equipo.",
            }
        ),
        "en": MappingProxyType(
            {
                "absent": "MLflow is not installed; the run is recorded on this machine only.",
                "failed": "MLflow did not answer; the run is recorded on this machine only.",
            }
        ),
    }
)


@dataclass(frozen=True, kw_only=True)
class Mirrored:
    """Where a run is in MLflow.

    Attributes:
        run_id: its id there.
        url: page that shows it; "" when there is no server with pages.
        model_version: of the model that was registered, or None.
    """

    run_id: str
    url: str
    model_version: int | None


class Mirror:
    """One run on its way to MLflow; made before the run begins, so that the library loads beside it."""

    def __init__(
        self,
        uri: str,
        experiment: str,
        name: str,
        *,
        language: str = "en",
        patience: Patience = PATIENCE,
    ) -> None:
        self.uri, self.warning, self._words, self._patience = uri, "", WORDS[language], patience
        self._answers: queue.SimpleQueue[dict[str, Any]] = queue.SimpleQueue()
        self.process: subprocess.Popen[bytes] | None = None
        self._begun: dict[str, Any] | None = None
        self._listener: threading.Thread | None = None
        if find_spec("mlflow") is None:
            self._warn("absent", "no package mlflow")
            return
        self.process = subprocess.Popen(
            [sys.executable, "-P", "-m", "yunque.tracking.mlflow_child"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        self._listener = threading.Thread(target=self._listen, args=(self.process,), daemon=True)
        self._listener.start()
        self._tell({"uri": uri, "experiment": experiment, "name": name, "seconds": patience.request})

    def finish(self, folder: Path) -> Mirrored | None:
        """Send a kept record; None when MLflow does not have it, and `warning` says so then."""
        try:
            begun = self.wait_until_begun()
            if begun is None or not self._tell({"folder": str(folder)}):
                return None
            done = self._answer(self._patience.sending)
            if done is None:
                return None
            run_id, experiment = str(begun["run_id"]), str(begun["experiment_id"])
            version = done["model_version"]
            return Mirrored(run_id=run_id, url=self._page(experiment, run_id), model_version=version)
        finally:
            self.close()

    def wait_until_begun(self) -> dict[str, Any] | None:
        """Give the ids of the run once MLflow has opened it; None when it does not."""
        if self._begun is None:
            self._begun = self._answer(self._patience.starting)
        return self._begun

    def close(self) -> None:
        """End the process; a run that was not finished stays open in MLflow, as its page shows."""
        process, self.process = self.process, None
        if process is None:
            return
        if process.stdin is not None:
            try:
                process.stdin.close()
            except OSError:
                LOG.debug("the mirror had closed its side")
        try:
            process.wait(0.2)
        except subprocess.TimeoutExpired:
            process.kill()
        process.wait()
        if self._listener is not None:
            self._listener.join()
        if process.stdout is not None:
            process.stdout.close()

    def _page(self, experiment: str, run_id: str) -> str:
        if not self.uri.startswith(("http://", "https://")):
            return ""
        return f"{self.uri.rstrip('/')}/#/experiments/{experiment}/runs/{run_id}"

    def _listen(self, process: subprocess.Popen[bytes]) -> None:
        assert process.stdout is not None  # noqa: S101 - it was asked for
        for line in process.stdout:
            self._answers.put(json.loads(line))
        self._answers.put({"error": "the process that talks to MLflow ended"})

    def _tell(self, asked: dict[str, Any]) -> bool:
        if self.process is None or self.process.stdin is None:
            return False
        try:
            self.process.stdin.write(json.dumps(asked).encode() + b"\n")
            self.process.stdin.flush()
        except OSError as error:
            self._warn("failed", str(error))
            return False
        return True

    def _answer(self, seconds: float) -> dict[str, Any] | None:
        if self.process is None:
            return None
        try:
            answer = self._answers.get(timeout=seconds)
        except queue.Empty:
            answer = {"error": f"no answer within {seconds:g} s"}
        if "error" in answer:
            self._warn("absent" if answer["error"] == "not installed" else "failed", answer["error"])
            return None
        return answer

    def _warn(self, word: str, reason: str) -> None:
        if not self.warning:
            self.warning = self._words[word]
            LOG.warning("%s (%s)", self.warning, reason)

"""Score with published models: keep them open, and follow every promotion without dropping a request."""

import threading
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from yunque.errors import ConflictError, ModelError, NotFoundError, YunqueError
from yunque.models.golden import check_golden
from yunque.models.predictor import Predictor
from yunque.models.registry import Registry
from yunque.models.registry_names import CHAMPION, check_name
from yunque.models.registry_rows import Version
from yunque.models.registry_trials import Trial, TrialArm, Trials

MOST_OPEN_VERSIONS = 8


@dataclass(frozen=True, kw_only=True)
class OpenModel:
    """A version of a model that is open and whose golden rows came out."""

    name: str
    version: int
    predictor: Predictor


@dataclass(frozen=True, kw_only=True)
class OpenTrial:
    """A trial that runs, with its version open; or why it does not open."""

    trial: Trial
    model: OpenModel | None
    trouble: str = ""


@dataclass(frozen=True, kw_only=True)
class View:
    """What is served at one moment; replaced whole, never changed.

    Attributes:
        champions: by name.
        troubles: by name, why a published champion is not served, in words.
        versions: every published version, for listings.
        trials: what is tried beside champions that are served.
        generation: grows with every change.
    """

    champions: Mapping[str, OpenModel] = field(default_factory=dict)
    troubles: Mapping[str, str] = field(default_factory=dict)
    versions: tuple[Version, ...] = ()
    trials: tuple[OpenTrial, ...] = ()
    generation: int = 0

    def trial(self, name: str, arm: TrialArm) -> OpenTrial | None:
        """Give the open trial of a model."""
        for found in self.trials:
            if (found.trial.name, found.trial.arm) == (name, arm) and found.model is not None:
                return found
        return None


class ModelNotLoadedError(ModelError):
    """No model can answer yet."""

    code = "model_not_loaded"


class Shelf:
    """The models that a server has open.

    `refresh` reads the registry, opens what is new and proves it on its golden rows, and only then swaps the
    view; a champion that does not open leaves the one before it in its place. Requests read the view once.
    """

    def __init__(
        self, registry: Registry, *, default: str | None = None, trials: Trials | None = None
    ) -> None:
        self.view = View()
        self.registry = registry
        self.trials = trials
        self.default = default
        self._others: OrderedDict[tuple[str, int], OpenModel] = OrderedDict()
        self._lock = threading.Lock()

    def refresh(self) -> bool:
        """Follow the registry; say whether anything changed.

        Raises:
            StorageError: the database does not answer; the view stays as it is.
        """
        with self._lock:
            versions = self.registry.all_versions()
            running = self.trials.running() if self.trials is not None else ()
            known = tuple(found.trial for found in self.view.trials)
            if (versions, running) == (self.view.versions, known) and not self.view.troubles:
                return False
            champions: dict[str, OpenModel] = {}
            troubles: dict[str, str] = {}
            for version in (v for v in versions if CHAMPION in v.aliases):
                self._follow(version, champions, troubles)
            trials = tuple(self._open_trial(trial) for trial in running)
            changed = View(champions=champions, troubles=troubles, versions=versions, trials=trials)
            if changed == replace(self.view, generation=0):
                return False
            self.view = replace(changed, generation=self.view.generation + 1)
            return True

    def _follow(self, version: Version, champions: dict[str, OpenModel], troubles: dict[str, str]) -> None:
        present = self.view.champions.get(version.name)
        if present is not None and present.version == version.version:
            champions[version.name] = present
            return
        try:
            champions[version.name] = self._open(version)
        except YunqueError as error:
            troubles[version.name] = f"{version.label} does not open: {error.message}"
            if present is not None:
                champions[version.name] = present

    def _open_trial(self, trial: Trial) -> OpenTrial:
        for found in self.view.trials:
            if found.trial == trial:
                return found
        try:
            model = self._open(self.registry.resolve(trial.label))
        except YunqueError as error:
            return OpenTrial(trial=trial, model=None, trouble=f"{trial.label} does not open: {error.message}")
        return OpenTrial(trial=trial, model=model)

    def _open(self, version: Version) -> OpenModel:
        predictor = self.registry.open(version.label)
        if check_golden(predictor):
            raise ModelError("its golden rows do not reproduce on this machine.")
        return OpenModel(name=version.name, version=version.version, predictor=predictor)

    def champion(self, name: str | None = None) -> OpenModel:
        """Give the champion of a model; without a name, of the only model or of the default one.

        Raises:
            ModelNotLoadedError: nothing is published, or the model's champion does not open.
            NotFoundError: there is no such model.
            ConflictError: several models are published and none is the default.
        """
        view = self.view
        wanted = name or self.default or self._only(view)
        found = view.champions.get(wanted)
        if found is not None:
            return found
        if wanted in view.troubles or any(version.name == wanted for version in view.versions):
            raise ModelNotLoadedError(
                "Model not loaded",
                hint=view.troubles.get(wanted, f"{wanted} has no champion yet: promote one."),
            )
        if not view.versions:
            raise ModelNotLoadedError(
                "Model not loaded", hint="Nothing is published yet: `yunque train` does it."
            )
        raise NotFoundError.among("model", wanted[:64], sorted(view.champions))

    def version(self, name: str, number: int) -> OpenModel:
        """Give one version of a model, opened when it is asked for the first time; the last eight stay open.

        Raises:
            NotFoundError: there is no such model or version.
            BundleError: it does not open.
        """
        champion = self.view.champions.get(check_name(name))
        if champion is not None and champion.version == number:
            return champion
        with self._lock:
            found = self._others.get((name, number))
            if found is None:
                found = self._open(self.registry.resolve(f"{name}@{number}"))
                self._others[(name, number)] = found
            self._others.move_to_end((name, number))
            while len(self._others) > MOST_OPEN_VERSIONS:
                self._others.popitem(last=False)
            return found

    def troubles(self) -> tuple[str, ...]:
        """Say why this server is not ready: no model, or golden rows that changed; () when it is."""
        view = self.view
        if not view.champions and not view.troubles:
            return ("Model not loaded: no model has a champion.",)
        broken = [
            f"{model.name}@{model.version}: its golden rows no longer reproduce."
            for model in view.champions.values()
            if check_golden(model.predictor)
        ]
        return (*view.troubles.values(), *broken)

    def _only(self, view: View) -> str:
        names = sorted(view.champions)
        if len(names) == 1:
            return names[0]
        if not names:
            raise ModelNotLoadedError(
                "Model not loaded", hint="Nothing is published yet: `yunque train` does it."
            )
        raise ConflictError(
            f"Several models are published: {', '.join(names[:20])}.",
            hint="Call /api/v1/models/{name}/predict, or set YUNQUE_DEFAULT_MODEL to one of them.",
        )

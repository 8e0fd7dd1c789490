"""Finished parts of a scoring kept in the job's storage, so that another worker goes on after the last."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from yunque.runtime.jobs.checkpoints import Checkpoints
from yunque.services.parts import Part, PartsFolder, PartsList


class _Piece(msgspec.Struct, kw_only=True):
    """One part as it travels: what is known of it, and its files by name."""

    part: Part
    files: dict[str, bytes]


@dataclass(kw_only=True)
class KeptParts:
    """The parts of one output.

    Attributes:
        output: file that the parts belong to.
        key: tells this piece of work from others, as in `ScoreFileRequest`.
        checkpoints: where they are kept.
    """

    output: Path
    key: str
    checkpoints: Checkpoints
    count: int = field(default=0, init=False)

    def restore(self) -> int:
        """Put every kept part where `score_file` looks for parts of an earlier run; give how many."""
        folder = PartsFolder.beside(self.output)
        parts: list[Part] = []
        while (content := self.checkpoints.load(self._facts(len(parts)))) is not None:
            piece = msgspec.msgpack.decode(content, type=_Piece)
            folder.mkdir(exist_ok=True)
            for name, data in piece.files.items():
                (folder / name).write_bytes(data)
            parts.append(piece.part)
        if parts:
            PartsList(key=self.key, parts=parts).write(folder)
        self.count = len(parts)
        return self.count

    def keep(self) -> None:
        """Keep the parts that were finished since the last call."""
        folder = PartsFolder.beside(self.output)
        parts = PartsList.read(folder).parts
        for number in range(self.count, len(parts)):
            files = {path.name: path.read_bytes() for path in sorted(folder.glob(f"{number:06d}.*"))}
            piece = msgspec.msgpack.encode(_Piece(part=parts[number], files=files))
            self.checkpoints.save(self._facts(number), piece)
        self.count = len(parts)

    def _facts(self, number: int) -> dict[str, Any]:
        return {"piece": "part", "key": self.key, "number": number}

"""Write the bundles that later releases must still read: `python tests/formats/make_bundles.py`.

Run once for each new format number, with the release that introduces it, and never again: the files are the
memory of what that release wrote. Folders that exist are left alone. Report and card, which nobody reads here
and which formatters like to change, are replaced by a line.
"""

import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent / "unit" / "models"))


def main() -> None:
    from bundle_world import World
    from hostile_bundle import copy_of, put

    from yunque.learning.task import SUPERVISED
    from yunque.models.manifest import FORMAT

    for kind in sorted(SUPERVISED):
        folder = HERE / f"bundle_{FORMAT}_{kind}"
        if folder.exists():
            continue
        draft = World(kind, folder.with_suffix(".draft")).bundle.folder
        put(copy_of(draft, folder), "report.html", b"<!doctype html><title>report</title>\n")
        put(folder, "MODEL_CARD.md", b"# card\n")
        for path in sorted(draft.rglob("*"), reverse=True):
            path.rmdir() if path.is_dir() else path.unlink()
        draft.rmdir()


if __name__ == "__main__":
    main()

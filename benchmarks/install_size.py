"""Print how large the core install is, what weighs most, and how long `import yunque` takes.

    python benchmarks/install_size.py

Makes a virtual environment in a temporary folder, installs the pins of the core (no extras), and measures.
"""

import statistics
import subprocess
import sys
import tempfile
import time
import tomllib
import venv
from pathlib import Path

ROOT = Path(__file__).parents[1]
MEGA = 2**20


def core_pins() -> list[str]:
    """Give `name==version` of the core's requirements, resolved by what the lock pins."""
    wanted = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]
    return [text.split(";")[0].strip() for text in wanted]


def size(path: Path) -> int:
    """Sum the bytes below a path."""
    return sum(p.stat().st_size for p in path.rglob("*") if p.is_file() and not p.is_symlink())


def import_seconds(python: Path) -> float:
    """Time `import yunque` in new processes, less the start of Python itself; the median of seven."""

    def once(code: str) -> float:
        started = time.perf_counter()
        subprocess.run([str(python), "-c", code], check=True)
        return time.perf_counter() - started

    once("import yunque")
    return statistics.median(once("import yunque") - once("pass") for _ in range(7))


def main() -> None:
    """Install, measure, print."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / "core"
        venv.create(folder, with_pip=True)
        pip = [
            str(folder / "bin" / "python"),
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
        ]
        constraints = Path(scratch) / "pins.txt"
        pins = [line.split(" \\")[0] for line in (ROOT / "requirements.lock").read_text().splitlines()]
        constraints.write_text("\n".join(pin for pin in pins if "==" in pin and not pin.startswith(" ")))
        subprocess.run([*pip, "-c", str(constraints), *core_pins()], check=True)
        packages = next((folder / "lib").glob("python*/site-packages"))
        total = size(packages)
        print(f"core install: {total / MEGA:.0f} MB in {packages.name} (limit 1,000)")
        parts = sorted(
            ((size(p) if p.is_dir() else p.stat().st_size, p.name) for p in packages.iterdir()), reverse=True
        )
        for weight, name in parts[:10]:
            print(f"  {weight / MEGA:6.0f} MB  {name}")
    print(f"import yunque: {import_seconds(Path(sys.executable)):.3f} s (limit 0.3)")


if __name__ == "__main__":
    main()

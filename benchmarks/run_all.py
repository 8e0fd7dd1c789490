"""Print every published number, script after script; some need a folder of real tables.

python benchmarks/run_all.py [FOLDER]     FOLDER holds tabular/ and orders/
"""

import os
import platform
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).parent
MODELS = str(Path(tempfile.gettempdir()) / "yunque-serving-models")
ALONE = (("install_size.py",), ("serving.py", MODELS), ("jobs.py",), ("aml_law.py",))
ON_TABLES = (("public_tables.py", "tabular"), ("orders_truth.py", "orders"), ("orders_pipeline.py", "orders"))


def run(script: str, *words: str) -> int:
    """Run one script below a heading that names the command."""
    print(f"\n$ python benchmarks/{script} {' '.join(Path(word).name for word in words)}", flush=True)
    return subprocess.run([sys.executable, str(HERE / script), *words], check=False).returncode


def main() -> None:
    """Name the machine, then run."""
    load = ", ".join(f"{value:.1f}" for value in os.getloadavg())
    print(f"{os.cpu_count()} cores, Python {platform.python_version()}, {platform.machine()}, load {load}")
    codes = [run(*words) for words in ALONE]
    if len(sys.argv) > 1:
        folder = Path(sys.argv[1])
        codes += [run(script, str(folder / part)) for script, part in ON_TABLES if (folder / part).is_dir()]
    raise SystemExit(max(codes))


if __name__ == "__main__":
    main()

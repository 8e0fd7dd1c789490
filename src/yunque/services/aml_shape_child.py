"""The process that opens Parquet, Arrow files and workbooks of strangers: they end it, and not the server.

    python -m yunque.services.aml_shape_child PATH MEMORY_BYTES

Writes one JSON object: rows, columns and missing columns, or what is wrong with the file.
"""

import json
import sys
from pathlib import Path

from yunque.errors import LimitError, TableError, UsageError
from yunque.services.aml_shape import shape_of

if sys.platform != "win32":
    import resource


def main(path: Path, memory_bytes: int) -> None:
    """Look at a file under a limit of memory."""
    if sys.platform != "win32":  # there only the limit of time holds
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))
    try:
        shape = shape_of(path)
        told = {"rows": shape.rows, "columns": shape.columns, "missing": shape.missing}
    except (TableError, LimitError, UsageError) as error:
        told = {"error": type(error).__name__, "message": error.message, "hint": error.hint}
    sys.stdout.write(json.dumps(told))


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))

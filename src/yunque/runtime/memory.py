"""How much memory this process holds, and how much more it could have of its machine or container."""

import sys
from contextlib import suppress
from pathlib import Path

import psutil

_STATM = Path("/proc/self/statm")
_MEMBERSHIP = Path("/proc/self/cgroup")
_CGROUPS = Path("/sys/fs/cgroup")
_NO_LIMIT = 2**60  # version 1 writes a number near 2**63 where there is no limit


def used_bytes() -> int:
    """Give the resident memory of this process."""
    with suppress(OSError, ValueError, IndexError):
        return int(_STATM.read_text(encoding="ascii").split()[1]) * _page_bytes()
    return int(psutil.Process().memory_info().rss)


def free_bytes() -> int:
    """Give what this process could have beside what it holds: the least that anything above it allows."""
    found = [int(psutil.virtual_memory().available)]
    found += cgroup_free(_CGROUPS, _read(_MEMBERSHIP))
    limit = _address_space_left()
    if limit is not None:
        found.append(limit)
    return max(0, min(found))


def cgroup_free(root: Path, membership: str) -> list[int]:
    """Give what each control group above this process leaves, in bytes; none where there are none.

    What the kernel keeps of files and would give back counts as free.

    Args:
        root: where control groups are mounted.
        membership: the text of /proc/self/cgroup; both versions are understood.
    """
    found = []
    for line in membership.splitlines():
        number, _, rest = line.partition(":")
        controllers, _, path = rest.partition(":")
        if number == "0" and not controllers:
            names, base = ("memory.max", "memory.current", "inactive_file"), root
        elif "memory" in controllers.split(","):
            names = ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file")
            base = root / "memory"
        else:
            continue
        parts = [part for part in path.split("/") if part not in ("", "..")]
        for depth in range(len(parts), -1, -1):
            left = _left(base.joinpath(*parts[:depth]), names)
            if left is not None:
                found.append(left)
    return found


def _left(folder: Path, names: tuple[str, str, str]) -> int | None:
    limit, usage = _number(folder / names[0]), _number(folder / names[1])
    if limit is None or usage is None or limit >= _NO_LIMIT:
        return None
    reclaimable = 0
    for line in _read(folder / "memory.stat").splitlines():
        word, _, value = line.partition(" ")
        if word == names[2] and value.strip().isdigit():
            reclaimable = int(value)
    return max(0, limit - max(0, usage - reclaimable))


def _number(path: Path) -> int | None:
    text = _read(path).strip()
    return int(text) if text.isdigit() else None


def _read(path: Path) -> str:
    with suppress(OSError):
        return path.read_text(encoding="ascii", errors="replace")
    return ""


def _page_bytes() -> int:
    import resource

    return resource.getpagesize()


def _address_space_left() -> int | None:
    """Give what a limit on the address space leaves, None where there is none."""
    if sys.platform == "win32":
        return None
    import resource

    limit, _ = resource.getrlimit(resource.RLIMIT_AS)
    if limit == resource.RLIM_INFINITY:
        return None
    return max(0, limit - int(psutil.Process().memory_info().vms))

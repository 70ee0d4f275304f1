"""What this process knows about its own health."""

import os
import resource
import shutil
import sys
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

MEGABYTE = 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessHealth:
    """``draining`` is set once the process was asked to stop."""

    memory_limit_mb: int
    disk_min_free_mb: int
    data_dir: Path
    draining: threading.Event = field(default_factory=threading.Event)
    started_at: float = field(default_factory=time.monotonic)

    def memory_is_within_limit(self) -> bool:
        """Whether what the process holds in memory now is no more than it should."""
        return resident_bytes() <= self.memory_limit_mb * MEGABYTE

    def disk_has_space(self) -> bool:
        """On the disk of the data directory, or where that would be made."""
        existing = next(
            path for path in [self.data_dir.absolute(), *self.data_dir.absolute().parents] if path.exists()
        )
        return shutil.disk_usage(existing).free >= self.disk_min_free_mb * MEGABYTE

    def uptime_milliseconds(self) -> int:
        """How long the process has run, by a clock that is never set back."""
        return int((time.monotonic() - self.started_at) * 1000)


def resident_bytes() -> int:
    """Memory of this process that is in RAM now; where the system does not tell, the most it ever was.

    https://man7.org/linux/man-pages/man5/proc_pid_statm.5.html
    """
    statm = Path("/proc/self/statm")
    if statm.exists():
        return int(statm.read_text(encoding="ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024

"""A process with this folder in its PYTHONPATH has a machine clock that is off by ``CLOCK_AHEAD_SECONDS``.

Python runs this file at its start, before the program. All that the product reads its machine's time from is
put forward (or back); what a database says on its own is not.
"""

import os
import time
from datetime import datetime, timedelta

from ledgerbank_adapters.system import SystemClock

_AHEAD = float(os.environ["CLOCK_AHEAD_SECONDS"])
_time, _time_ns, _now = time.time, time.time_ns, SystemClock.now


def _shifted_now(self: SystemClock) -> datetime:
    return _now(self) + timedelta(seconds=_AHEAD)


time.time = lambda: _time() + _AHEAD
time.time_ns = lambda: _time_ns() + int(_AHEAD * 1_000_000_000)
SystemClock.now = _shifted_now  # type: ignore[method-assign]

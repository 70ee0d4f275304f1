"""``ledgerbank worker`` that looks for jobs by itself every ten minutes instead of every second.

For tests of what wakes it; ``python -m tests.support.drowsy_worker worker``.
"""

from ledgerbank_adapters.workers import job_dispatcher
from ledgerbank_app.command_line import main

if __name__ == "__main__":
    job_dispatcher.IDLE_SECONDS = 600.0
    main()

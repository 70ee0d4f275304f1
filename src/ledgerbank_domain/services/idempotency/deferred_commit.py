"""Deferred commit: holding a use-case's commit back until something more is written beside its effect."""

from collections.abc import Callable
from types import TracebackType
from typing import Self

from ledgerbank_domain.ports.unit_of_work import StartUnitOfWork, UnitOfWork
from ledgerbank_domain.services.conduct.joined_unit_of_work import UnitOfWorkAround


class DeferredCommit(StartUnitOfWork):
    """Starts the units of work of one run of one use-case, on one thread, and holds its commit back.

    Units that are left without a commit, as those that only read are, are undone as ever. The one that is
    committed stays open, locks included, until :meth:`commit_with`; leaving the ``with`` block of this
    object before that undoes it. Raises ``RuntimeError`` when the use-case starts another unit after that:
    both could not be all or nothing.
    """

    def __init__(self, start_unit_of_work: StartUnitOfWork) -> None:
        self._start_unit_of_work = start_unit_of_work
        self._held: UnitOfWork | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exception_type: type[BaseException] | None,
        exception: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._held is not None:
            self._held.__exit__(exception_type, exception, traceback)

    def __call__(self) -> UnitOfWork:
        """A unit whose commit will be held back. Raises ``RuntimeError`` once one is."""
        if self._held is not None:
            raise RuntimeError("a use-case whose commit is deferred commits once, as the last thing it does")
        return _HeldBackUnitOfWork(self._start_unit_of_work(), self)

    def hold(self, work: UnitOfWork) -> None:
        """Takes over a unit that its use-case has committed, as it thinks."""
        self._held = work

    def is_holding(self, work: UnitOfWork) -> bool:
        """Whether this unit is the one that stays open."""
        return self._held is work

    def commit_with(self, last_act: Callable[[UnitOfWork], None]) -> None:
        """Does ``last_act`` in the unit that is held, or in a new one when none is, and really commits."""
        if self._held is not None:
            last_act(self._held)
            self._held.commit()
            return
        with self._start_unit_of_work() as work:
            last_act(work)
            work.commit()


class _HeldBackUnitOfWork(UnitOfWorkAround):
    """A unit of work that only seems to commit."""

    def __init__(self, work: UnitOfWork, deferred: DeferredCommit) -> None:
        super().__init__(work)
        self._deferred = deferred

    def __enter__(self) -> Self:
        self._work.__enter__()
        return self

    def __exit__(
        self,
        exception_type: type[BaseException] | None,
        exception: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if not self._deferred.is_holding(self._work):
            self._work.__exit__(exception_type, exception, traceback)

    def commit(self) -> None:
        """Hands the unit over: it stays open, locks included."""
        self._deferred.hold(self._work)

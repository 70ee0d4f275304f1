"""The limit of registrations: how many users may be registered from one address."""

from attrs import frozen

from ledgerbank_adapters.http.operations.rate_limit_gate import RateLimitGate, RateLimitTally
from ledgerbank_adapters.http.operations.refusal_recorder import RefusalRecorder
from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.errors.error_catalog import Reason
from ledgerbank_domain.identity.actor import Actor


@frozen(kw_only=True)
class RegistrationGate:
    """``rate_limit`` has a limit and a window of its own; None lets everybody through."""

    rate_limit: RateLimitGate | None
    refusals: RefusalRecorder

    def count(self, actor: Actor) -> None:
        """Raises ``rate_limit_exceeded``. The caller is nobody yet, so it is the address that counts."""
        if self.rate_limit is None:
            return
        tally = RateLimitTally()
        try:
            self.rate_limit.count(actor, tally)
        except DomainError:
            if tally.verdict is not None and tally.verdict.is_first_refusal:
                self.refusals.record_rate_limited(actor)
            raise DomainError(Reason.RATE_LIMIT_EXCEEDED, retry_after_seconds=tally.retry_after) from None

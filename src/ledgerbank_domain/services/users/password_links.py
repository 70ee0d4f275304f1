"""Links by which users choose a password that nobody else knows."""

from ledgerbank_domain.notifications.address_notices import password_reset
from ledgerbank_domain.ports.unit_of_work import UnitOfWork
from ledgerbank_domain.services.users.mail_token_issue import MailTokenIssue
from ledgerbank_domain.users.mail_token import MailPurpose
from ledgerbank_domain.users.user import User


def mail_password_link_in(
    work: UnitOfWork, user: User, *, tokens: MailTokenIssue, correlation_id: str | None = None
) -> None:
    """Has a link go to a user who is locked, at their own address."""
    purpose = MailPurpose.PASSWORD_RESET
    letter = password_reset(user_id=user.id, expires_at=work.now() + purpose.lifetime)
    tokens.mail_in(work, user, letter, purpose, email=user.email, correlation_id=correlation_id)


def begin_anew_in(
    work: UnitOfWork, user: User, *, tokens: MailTokenIssue, correlation_id: str | None = None
) -> User:
    """The user, who is locked, once nobody can be them but by such a link.

    Their password, sessions and earlier links are gone: whoever made the user, or once was let in as them,
    may have any of these.
    """
    now = work.now()
    anew = user.without_password(at=now)
    work.users.save(anew)
    work.refresh_tokens.revoke_all_of_user(user.id, at=now)
    work.mail_tokens.remove(user.id, list(MailPurpose))
    mail_password_link_in(work, anew, tokens=tokens, correlation_id=correlation_id)
    return anew

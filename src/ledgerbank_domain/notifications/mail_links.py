"""Where the links in mails lead to."""

from dataclasses import dataclass

from ledgerbank_domain.users.mail_token import MailPurpose


@dataclass(frozen=True, slots=True, kw_only=True)
class MailLinks:
    """The addresses of the pages that take tokens of mails, each by what its token is good for.

    A token goes into the fragment, which browsers send nowhere: no log and no ``Referer`` has it.
    """

    email_confirmation: str = "/confirm-email"
    password_reset: str = "/choose-password"  # noqa: S105 - a page's address

    def link(self, purpose: MailPurpose, token: str) -> str:
        """What the owner of a mailbox follows."""
        pages = {
            MailPurpose.EMAIL_CONFIRMATION: self.email_confirmation,
            MailPurpose.PASSWORD_RESET: self.password_reset,
        }
        return f"{pages[purpose]}#token={token}"

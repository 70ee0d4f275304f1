"""Mail by SMTP, standard library only."""

from ledgerbank_adapters.smtp.smtp_mailer import SmtpMailer
from ledgerbank_adapters.smtp.smtp_server import SmtpServer

__all__ = ["SmtpMailer", "SmtpServer"]

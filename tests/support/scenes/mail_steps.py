"""A bank where addresses are confirmed, the mails that it sends, and the tokens in their links."""

import re
from dataclasses import replace

from tests.support.scenes.service_world import ServiceWorld

from ledgerbank_domain.identity.actor import ANONYMOUS
from ledgerbank_domain.ports.mailer import Mail
from ledgerbank_domain.services.service_composition import Services, compose_services
from ledgerbank_domain.services.users.registration_service import NewUser
from ledgerbank_domain.users.user import User

A_PASSWORD = "a brand new passphrase"
_TOKEN = re.compile(r"#token=([\w-]{43})")


def confirming(world: ServiceWorld) -> Services:
    """The same bank, where an address is its user's once they followed the link that was mailed there."""
    return compose_services(replace(world.services.ports, email_confirmation=True))


def registration(email: str = "new@example.com", password: str = A_PASSWORD) -> NewUser:
    return NewUser(email=email, full_name="New", password=password, password_confirmation=password)


def delivered(world: ServiceWorld) -> None:
    """Every job that is due has run, and so have those that they made."""
    while world.services.due_jobs.run_due_jobs():
        pass


def mails_to(world: ServiceWorld, address: str) -> list[Mail]:
    """What arrived there, the newest first."""
    delivered(world)
    entries = world.mailbox.list_newest(limit=100)
    return [entry.mail for entry in entries if entry.mail.to_address == address]


def newest_token(world: ServiceWorld, address: str) -> str:
    """The token of the newest mail that has a link."""
    for mail in mails_to(world, address):
        found = _TOKEN.search(mail.text)
        if found:
            assert mail.html.count(found[1]) == 2
            return found[1]
    raise AssertionError(f"no link was mailed to {address}")


def reset_token(world: ServiceWorld, address: str) -> str:
    """The token of a reset that was asked for just now."""
    world.services.mail_requests.ask_for_password_reset(ANONYMOUS, email=address)
    return newest_token(world, address)


def user_with(world: ServiceWorld, email: str) -> User | None:
    with world.start_unit_of_work() as work:
        return work.users.find_by_email(email)

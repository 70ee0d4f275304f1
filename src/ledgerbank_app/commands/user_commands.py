"""``ledgerbank users``: people made at the machine, before anybody can log in."""

import sys
from getpass import getpass
from typing import Annotated

from cyclopts import App, Parameter

from ledgerbank_app.commands.command_context import CommandRefused, opened_up_to_date
from ledgerbank_app.processes.exit_status import DONE
from ledgerbank_app.settings.secret_files import MAX_BYTES, SecretFileError, read_secret_file, secret_text
from ledgerbank_domain.identity.actor import SYSTEM, Role
from ledgerbank_domain.services.users.registration_service import NewUser
from ledgerbank_domain.users.user import parse_email, parse_full_name

users = App(name="users", help="Look after users.")


@users.command
def create_admin(
    *,
    email: str,
    name: str,
    password_file: str = "",
    password_stdin: Annotated[bool, Parameter(negative="")] = False,
    link: Annotated[bool, Parameter(negative="")] = False,
    mail_link: Annotated[bool, Parameter(negative="")] = False,
) -> int:
    """Make an administrator: on an empty database, the first one.

    Asks for the password twice, unless it is told where to read it. It is never given on the command line,
    where every user of the machine could see it.

    Parameters
    ----------
    email
        What they log in with; nobody may have it yet.
    name
        Their full name.
    password_file
        Read the password from this file, without the newline at its end.
    password_stdin
        Read the password from standard input, without the newline at its end.
    link
        Ask for no password: print a link, once, by which they choose it themselves within an hour.
    mail_link
        Likewise, and mail the link to them instead of printing it.
    """
    email, name = parse_email(email), parse_full_name(name)
    if sum(map(bool, (password_file, password_stdin, link, mail_link))) > 1:
        raise CommandRefused("Give one of --password-file, --password-stdin, --link and --mail-link.")
    if link or mail_link:
        return _create_by_link(email, name, mailed=mail_link)
    with opened_up_to_date() as application:
        password, confirmation = _new_password(password_file, from_stdin=password_stdin)
        application.services.registration.create_with_role(
            SYSTEM,
            NewUser(
                email=email,
                full_name=name,
                password=password,
                password_confirmation=confirmation,
                role=Role.ADMIN,
            ),
        )
    print(f"{email} is an administrator.")
    return DONE


def _create_by_link(email: str, name: str, *, mailed: bool) -> int:
    with opened_up_to_date() as application:
        link = application.services.registration.create_by_link(
            SYSTEM, email=email, full_name=name, role=Role.ADMIN, mailed=mailed
        )
    print(f"{email} is an administrator, once they have chosen a password:")
    print("a link is on its way to them; a worker mails it." if link is None else link)
    return DONE


def _new_password(path: str, *, from_stdin: bool) -> tuple[str, str]:
    """The password and how it was repeated: only who types it can mistype it."""
    try:
        if path:
            password = read_secret_file(path)
            return password, password
        if from_stdin:
            password = secret_text(sys.stdin.buffer.read(MAX_BYTES))
            return password, password
    except SecretFileError as error:
        source = "--password-file names a file that" if path else "Standard input"
        raise CommandRefused(f"{source} {error}.") from None
    if not sys.stdin.isatty():
        raise CommandRefused(
            "There is nobody to ask for a password: use --password-file, --password-stdin or --link."
        )
    try:
        return getpass("Password: "), getpass("The same again: ")
    except EOFError:
        raise CommandRefused("No password was given.") from None

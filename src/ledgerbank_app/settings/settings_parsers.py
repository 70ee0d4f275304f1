"""Reading the text of an environment variable: each parser knows the rule it enforces, in words."""

import re
from base64 import urlsafe_b64decode
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from decimal import Decimal
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from types import MappingProxyType
from typing import Any, Generic, TypeVar
from urllib.parse import unquote_plus, urlsplit

from attrs import frozen

from ledgerbank_adapters.smtp import SmtpServer
from ledgerbank_domain.banking.bank import parse_bank_name
from ledgerbank_domain.banking.return_url import parse_return_url
from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.jobs.job import QUEUES
from ledgerbank_domain.money.currency import KNOWN_CURRENCIES
from ledgerbank_domain.payments.payment_limits import AmountLimit, LimitByCurrency

T = TypeVar("T")
IpNetwork = IPv4Network | IPv6Network

MIN_SECRET_BYTES = 32
MAX_MAIL_ADDRESS_LENGTH = 254
MAX_WORKERS_PER_QUEUE = 100
MAX_SYNCS_PER_DAY = 1440
SIMULATED_DIALECTS = ("monzo", "open_banking_3.1", "open_banking_4.0")
_DEFAULT_PORTS = {"http": 80, "https": 443}
_DATABASE_SCHEMES = ("postgresql", "postgres", "postgresql+psycopg")


@frozen
class Parser(Generic[T]):
    """``read`` gives the value or raises ValueError; ``rule`` completes the sentence "X must be ..."."""

    rule: str
    read: Callable[[str], T]

    def map(self, change: Callable[[T], Any]) -> "Parser[Any]":
        """The same rule, and what it lets through made into something else."""
        return Parser(self.rule, lambda text: change(self.read(text)))


def whole_number(low: int, high: int) -> Parser[int]:
    """A number in decimal digits, without a sign, from ``low`` to ``high``."""

    def read(text: str) -> int:
        # int() would also take signs, underscores and other scripts' digits.
        number = int(_matching(r"[0-9]{1,15}", text))
        if not low <= number <= high:
            raise ValueError("out of range")
        return number

    return Parser(f"a whole number from {low} to {high}", read)


def seconds(low: int, high: int) -> Parser[timedelta]:
    """A whole number of seconds, from ``low`` to ``high``."""
    return whole_number(low, high).map(lambda number: timedelta(seconds=number))


def minutes(low: int, high: int) -> Parser[timedelta]:
    """A whole number of minutes, from ``low`` to ``high``."""
    return whole_number(low, high).map(lambda number: timedelta(minutes=number))


def hours(low: int, high: int) -> Parser[timedelta]:
    """A whole number of hours, from ``low`` to ``high``."""
    return whole_number(low, high).map(lambda number: timedelta(hours=number))


def days(low: int, high: int) -> Parser[timedelta]:
    """A whole number of days, from ``low`` to ``high``."""
    return whole_number(low, high).map(lambda number: timedelta(days=number))


def amount(*, above_zero: bool = False) -> Parser[Decimal]:
    """Digits and a point only: Decimal() alone would also take 1e5, NaN and white space."""

    def read(text: str) -> Decimal:
        number = Decimal(_matching(r"[0-9]{1,15}(\.[0-9]{1,4})?", text))
        if above_zero and not number:
            raise ValueError("zero")
        return number

    bound = "above 0" if above_zero else "of at least 0"
    return Parser(f"a decimal number {bound}, such as 1000.00", read)


def limit_by_currency(*, above_zero: bool = False) -> Parser[AmountLimit]:
    """A number for every currency, and others for certain ones with no more digits than these have."""
    number = amount(above_zero=above_zero)

    def read(text: str) -> AmountLimit:
        otherwise, *rest = _items(text) or [""]
        plain = number.read(otherwise)
        entries: dict[str, Decimal] = {}
        for item in rest:
            code, colon, limit = item.partition(":")
            currency = KNOWN_CURRENCIES.get(code)
            if currency is None or not colon or code in entries:
                raise ValueError("no currency, or one that has an entry already")
            if len(limit.partition(".")[2]) > currency.minor_digits:
                raise ValueError("more digits than the currency has")
            entries[code] = number.read(limit)
        return LimitByCurrency(otherwise=plain, entries=MappingProxyType(entries)) if entries else plain

    return Parser(f"{number.rule}, or with others for certain currencies as in 1000.00,JPY:150000", read)


def short_time(*, at_most: int) -> Parser[timedelta]:
    """Seconds, with a fraction if need be: above 0."""

    def read(text: str) -> timedelta:
        number = amount(above_zero=True).read(text)
        if number > at_most:
            raise ValueError("too long")
        return timedelta(seconds=float(number))

    return Parser(f"a number of seconds above 0 and up to {at_most}", read)


def one_of(*words: str) -> Parser[str]:
    """One of these words, in any case; what is read is in small letters."""

    def read(text: str) -> str:
        if text.lower() not in words:
            raise ValueError("unknown")
        return text.lower()

    return Parser("one of " + ", ".join(words), read)


def web_address(*schemes: str) -> Parser[str]:
    """An origin as RFC 6454 writes it; a final slash is forgiven."""
    return Parser(
        " or ".join(f"{scheme}://host[:port]" for scheme in schemes) + " without a path",
        lambda text: _origin(text.removesuffix("/"), schemes),
    )


def return_addresses(*schemes: str) -> Parser[frozenset[str]]:
    """Addresses that browsers are sent to, each taken letter by letter."""

    def read(text: str) -> frozenset[str]:
        try:
            addresses = frozenset(parse_return_url(item) for item in _items(text))
        except DomainError:
            raise ValueError("no address of the web") from None
        if any(urlsplit(address).scheme not in schemes for address in addresses):
            raise ValueError("another scheme")
        return addresses

    shown = " or ".join(f"{scheme}://" for scheme in schemes)
    return Parser(f"a comma list of {shown} addresses without user and fragment", read)


def page_address(*schemes: str) -> Parser[str]:
    """The address of a page, to which a fragment can be added."""
    return Parser(
        " or ".join(f"{scheme}://host[:port]/path" for scheme in schemes) + " without a fragment",
        lambda text: _page_address(text, schemes),
    )


def _page_address(text: str, schemes: Sequence[str]) -> str:
    _matching(r"[A-Za-z]+://[!-~]{1,500}", text)
    parts = urlsplit(text)
    if "#" in text or "\\" in text or "@" in parts.netloc:
        raise ValueError("not a page's address")
    path = parts.path + (f"?{parts.query}" if parts.query else "")
    return _origin(f"{parts.scheme}://{parts.netloc}", schemes) + path


def _matching(pattern: str, text: str) -> str:
    if re.fullmatch(pattern, text) is None:
        raise ValueError("malformed")
    return text


def _items(text: str) -> list[str]:
    if not text:
        return []
    items = [item.strip() for item in text.split(",")]
    if "" in items:
        raise ValueError("empty item")
    return items


def _directory(text: str) -> Path:
    try:
        return Path(text).expanduser().absolute()
    except RuntimeError:
        raise ValueError("no such home") from None


def _secret(text: str) -> bytes:
    secret = text.encode()
    # What libraries refuse as the key of an HMAC, so that a public key is never taken for a secret one.
    looks_asymmetric = "-----BEGIN " in text or text.startswith(("ssh-", "ecdsa-", "{"))
    if len(secret) < MIN_SECRET_BYTES or looks_asymmetric:
        raise ValueError("unfit")
    return secret


def _origin(text: str, schemes: Sequence[str]) -> str:
    _matching(r"[A-Za-z]+://[^\s/?#@\\]+", text)
    parts = urlsplit(text.lower())
    if parts.scheme not in schemes or not parts.hostname:
        raise ValueError("not an origin")
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    # Browsers leave the scheme's own port out of an origin.
    is_usual = parts.port in (None, _DEFAULT_PORTS[parts.scheme])
    return f"{parts.scheme}://{host}" + ("" if is_usual else f":{parts.port}")


def _origins(text: str) -> tuple[str, ...]:
    items = _items(text)
    return ("*",) if items == ["*"] else tuple(_origin(item, ("http", "https")) for item in items)


def _mail_address(text: str) -> str:
    if len(text) > MAX_MAIL_ADDRESS_LENGTH:
        raise ValueError("too long")
    # The shape of RFC 5321 without quotes, comments and address literals.
    atom, label = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+", r"[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
    return _matching(rf"{atom}(\.{atom})*@{label}(\.{label})*", text)


def _rate_limit_store(text: str) -> str | None:
    if text == "memory://":
        return None
    _matching(r"[^\s]+", text)
    parts = urlsplit(text)
    if parts.scheme not in ("redis", "rediss") or not parts.hostname or parts.port == 0:
        raise ValueError("not a store")
    _matching(r"/?|/[0-9]{1,3}", parts.path)
    _without_tls_options(parts.query)
    return text


def _job_broker(text: str) -> str:
    if text == "memory://":
        return text
    parts = urlsplit(_matching(r"[^\s]+", text))
    if (
        parts.scheme not in ("redis", "rediss", "amqp", "amqps")
        or not parts.hostname
        or parts.port == 0
        or parts.fragment
    ):
        raise ValueError("not a broker")
    if parts.username and parts.password is None:
        raise ValueError("no password")
    if parts.scheme in ("redis", "rediss"):
        _matching(r"/?|/[0-9]{1,3}", parts.path)
        _matching("", parts.query)
    _without_tls_options(parts.query)
    return text


def _without_tls_options(query: str) -> None:
    """A URL must not be able to turn off that certificates are verified."""
    if "ssl" in unquote_plus(query).lower():
        raise ValueError("an option of TLS")


def _job_queues(text: str) -> Mapping[str, int]:
    workers: dict[str, int] = {}
    for item in _items(text):
        queue, _, number = item.partition(":")
        if queue not in QUEUES or queue in workers:
            raise ValueError("no such queue, or twice")
        workers[queue] = whole_number(0, MAX_WORKERS_PER_QUEUE).read(number)
    return MappingProxyType(workers)


def _encryption_key(text: str) -> bytes:
    """Of either alphabet of base64, with or without the padding."""
    digits = _matching(r"[A-Za-z0-9+/_-]{43}=?", text).removesuffix("=")
    return urlsafe_b64decode(digits.replace("+", "-").replace("/", "_") + "=")


def _encryption_keys(text: str) -> tuple[bytes, ...]:
    keys = tuple(_encryption_key(item) for item in _items(text))
    if not keys or len(set(keys)) < len(keys):
        raise ValueError("no key, or one twice")
    return keys


def _sync_budgets(text: str) -> Mapping[str, int]:
    budgets: dict[str, int] = {}
    for item in _items(text):
        provider, _, number = item.partition(":")
        if provider in budgets:
            raise ValueError("twice")
        budgets[_matching(r"[a-z][a-z0-9_]{0,63}", provider)] = whole_number(1, MAX_SYNCS_PER_DAY).read(
            number
        )
    return MappingProxyType(budgets)


def _dialects(text: str) -> tuple[str, ...]:
    """In the order in which they are named, each once."""
    return tuple(dict.fromkeys(one_of(*SIMULATED_DIALECTS).read(item) for item in _items(text)))


def _database_url(text: str) -> str:
    """The URL with the scheme ``postgresql``, whichever of its spellings it came in."""
    parts = urlsplit(_matching(r"[^\s]+", text))
    if parts.scheme not in _DATABASE_SCHEMES or not parts.path.removeprefix("/"):
        raise ValueError("not a database")
    if parts.port == 0:
        raise ValueError("no such port")
    return "postgresql" + text[len(parts.scheme) :]


YES_OR_NO: Parser[bool] = Parser("true or false", lambda text: one_of("true", "false").read(text) == "true")


PAGE_ADDRESS = page_address("http", "https")
SECURE_PAGE_ADDRESS = page_address("https")


def _catalogue_name(text: str) -> str:
    try:
        return parse_bank_name(text)
    except DomainError:
        raise ValueError("no name of a bank") from None


CATALOGUE_NAME: Parser[str] = Parser(
    "2 to 100 letters, digits, spaces and signs as in names", _catalogue_name
)
NOT_BLANK: Parser[str] = Parser("a text of at most 255 characters", lambda text: _matching(r".{1,255}", text))
HOST_NAME: Parser[str] = Parser(
    "a host name or an IP address", lambda text: _matching(r"[A-Za-z0-9._:-]{1,255}", text)
)
DATABASE_HOST: Parser[str] = Parser(
    "a host name, an IP address or the directory of a socket",
    lambda text: _matching(r"/[^\s]*|[A-Za-z0-9._:-]{1,255}", text),
)
DIRECTORY: Parser[Path] = Parser("a directory", _directory)
SECRET: Parser[bytes] = Parser(
    f"a secret of at least {MIN_SECRET_BYTES} bytes, and no asymmetric key or JSON",
    _secret,
)
BEARER_TOKEN: Parser[str] = Parser(
    "16 to 255 of the characters that a bearer token may have",
    # RFC 6750 §2.1, https://www.rfc-editor.org/rfc/rfc6750#section-2.1
    lambda text: _matching(r"[A-Za-z0-9._~+/-]{16,255}={0,2}", text),
)
PASSWORD: Parser[str] = Parser("a text", lambda text: text)
DATABASE_URL: Parser[str] = Parser("a URL like postgresql://user:password@host:5432/database", _database_url)
IP_NETWORKS: Parser[tuple[IpNetwork, ...]] = Parser(
    "a comma list of IP addresses and CIDR ranges",
    lambda text: tuple(ip_network(item, strict=False) for item in _items(text)),
)
ORIGINS: Parser[tuple[str, ...]] = Parser(
    "a comma list of origins like https://app.example.com, or * alone", _origins
)
SMTP_SERVER: Parser[SmtpServer] = Parser(
    "a URL like smtp://user:password@host:587 or smtps://user:password@host:465", SmtpServer.from_url
)
MAIL_ADDRESS: Parser[str] = Parser("a mail address like bank@example.com", _mail_address)
JOB_BROKER: Parser[str] = Parser(
    "memory://, or a URL like redis://user:password@host:6379/0 or amqp://user:password@host:5672/vhost"
    " (rediss:// and amqps:// with TLS)",
    _job_broker,
)
JOB_QUEUES: Parser[Mapping[str, int]] = Parser(
    f"a comma list like payments:2,default:1 of the queues {', '.join(QUEUES)}, each with"
    f" 0 to {MAX_WORKERS_PER_QUEUE} workers",
    _job_queues,
)
RATE_LIMIT_STORE: Parser[str | None] = Parser(
    "memory:// or a URL like redis://user:password@host:6379/0 (rediss:// with TLS)", _rate_limit_store
)
ENCRYPTION_KEYS: Parser[tuple[bytes, ...]] = Parser(
    "a comma list of different base64 keys of 32 bytes, newest first", _encryption_keys
)
DIALECTS: Parser[tuple[str, ...]] = Parser(
    f"a comma list of {', '.join(SIMULATED_DIALECTS)}",
    _dialects,
)
SYNC_BUDGETS: Parser[Mapping[str, int]] = Parser(
    f"a comma list like monzo:48 of banks' names, each with 1 to {MAX_SYNCS_PER_DAY} syncs a day",
    _sync_budgets,
)

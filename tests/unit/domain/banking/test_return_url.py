"""Return addresses: where a browser may be sent, letter by letter, and nowhere else."""

import pytest

from ledgerbank_domain.banking.return_url import ReturnUrls, parse_return_url
from ledgerbank_domain.errors.domain_error import DomainError
from ledgerbank_domain.errors.error_catalog import Reason

APP = "https://app.example.com/banks/done?view=all"
ALLOWED = ReturnUrls(allowed=frozenset({APP}))
DEVELOPMENT = ReturnUrls(any_on_loopback=True)


def test_an_allowed_address_is_allowed_and_nothing_beside_it() -> None:
    assert ALLOWED.allow(APP)


@pytest.mark.parametrize(
    "url",
    [
        APP + "/",
        APP + "&next=x",
        APP + "#fragment",
        APP.upper(),
        APP.replace("https", "http"),
        APP.replace("app.", "APP."),
        APP.replace(".com", ".com:443"),
        APP.replace(".com", ".com."),
        APP.replace("/banks", "/./banks"),
        APP.replace("/banks", "/x/../banks"),
        APP.replace("/banks", "//banks"),
        APP.replace("/banks", "/%62anks"),
        APP.replace("app.", "user@app."),
        APP.replace("app.example.com", "app.example.com@evil.example"),
        APP.replace("app.example.com", "app.example.com.evil.example"),
        APP.replace("https://", "https:\\\\"),
        APP.replace("https://", "https:/"),
        APP.replace("https://", "//"),
        " " + APP,
        APP + "\n",
        APP + "\r\nSet-Cookie: x=y",
        APP + "\t",
        "https://app.example.com/banks/done",
        "https://app.example.com/",
        "javascript:alert(1)",
        "data:text/html,x",
        "",
        "http://localhost/",
    ],
)
def test_a_neighbour_of_an_allowed_address_is_not_allowed(url: str) -> None:
    assert not ALLOWED.allow(url)


@pytest.mark.parametrize(
    "url",
    [
        "http://localhost",
        "http://localhost/",
        "http://LocalHost:3000/done",
        "https://localhost:8443/done?x=1",
        "http://127.0.0.1:5173/a/b",
        "http://127.8.9.10/",
        "http://[::1]:3000/done",
    ],
)
def test_in_development_any_address_of_this_machine_is_allowed(url: str) -> None:
    assert DEVELOPMENT.allow(url)
    assert parse_return_url(url) == url
    assert not ReturnUrls().allow(url)


@pytest.mark.parametrize(
    "url",
    [
        "http://localhost.evil.example/",
        "http://localhost@evil.example/",
        "http://evil.example/localhost",
        "http://evil.example?http://localhost/",
        "http://localhost:80@evil.example/",
        "http://localhost\\@evil.example/",
        "http://localhost#@evil.example/",
        "http://localhost%2eevil.example/",
        "http://%6c%6f%63alhost/",
        "http://localhost:3000:80/",
        "http://localhost:/",
        "http://localhost:0/",
        "http://localhost:65536/",
        "http://localhost:99999/",
        "http://localhost./",
        "http://127.0.0.1.evil.example/",
        "http://127.0.0.1.nip.io/",
        "http://127.1/",
        "http://2130706433/",
        "http://0x7f000001/",
        "http://0177.0.0.1/",
        "http://0.0.0.0/",
        "http://[::ffff:127.0.0.1]/",
        "http://[::1%25eth0]/",
        "http://[::1/",
        "http://::1/",
        "http:///localhost/",
        "http://",
        "ftp://localhost/",
        "HTTP://localhost/",
        "//localhost/",
        "/localhost",
        "localhost:3000",
        "http://lоcalhost/",
        "http://localhost/\x00",
        "http://localhost/\x7f",
        "http://localhost/ ",
        "http://localhost/\n",
        'http://localhost/"',
        "http://localhost/<x>",
        "http://192.168.0.1/",
        "http://169.254.169.254/",
    ],
)
def test_in_development_nothing_that_only_looks_like_this_machine_is_allowed(url: str) -> None:
    assert not DEVELOPMENT.allow(url)


@pytest.mark.parametrize(
    "value",
    [
        None,
        1,
        b"http://localhost/",
        "",
        "https://user@app.example.com/",
        "https://user:secret@app.example.com/",
        "https://app.example.com/#done",
        "https://app.example.com\\evil",
        "https://app.example.com/\r\nx",
        "https://ap%70.example.com/",
        "https://app.example.com:65536/",
        "https://münchen.example/",
        "https://app.example.com/ü",
        "https://app.example.com/" + "x" * 2048,
        "myapp://done",
        "https:app.example.com",
    ],
)
def test_what_somebody_may_misread_is_no_address(value: object) -> None:
    with pytest.raises(DomainError) as refusal:
        parse_return_url(value)

    assert refusal.value.reason is Reason.INVALID_FIELD_FORMAT

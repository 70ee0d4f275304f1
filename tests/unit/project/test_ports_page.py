"""The page of the ports says what the code says."""

import re

from tests.support.ports_page import PAGE, ports, ports_page


def test_the_page_of_the_ports_is_current() -> None:
    assert PAGE.read_text("utf-8") == ports_page(), "run `make docs`"


def test_each_port_has_a_section_that_says_what_it_is() -> None:
    said = dict(re.findall(r"^## (\w+)\n\n(\S.*)$", ports_page(), re.MULTILINE))

    assert list(said) == sorted(port.name for port in ports())
    assert {"BankGateway", "PaymentRepository", "UnitOfWork"} <= set(said)

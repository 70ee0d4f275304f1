"""What every reader of devices promises, and what the one that knows browsers makes of them."""

import random
import string
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledgerbank_adapters.memory.tools.memory_device_reader import MemoryDeviceReader
from ledgerbank_adapters.user_agents import UaDeviceReader
from ledgerbank_domain.ports.device_reader import DeviceReader
from ledgerbank_domain.users.device import MAX_NAME_LENGTH, Device

UA_READER = UaDeviceReader()
HARMLESS = set(string.ascii_letters + string.digits + "+/_ -")
every_reader = pytest.mark.parametrize("reader", [UA_READER, MemoryDeviceReader()], ids=["ua", "memory"])


@pytest.mark.parametrize(
    ("user_agent", "program", "system"),
    [
        (
            "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:128.0) Gecko/20100101 Firefox/128.0",
            "Firefox",
            "Windows",
        ),
        (
            "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko)"
            " Version/17.4 Safari/605.1.15",
            "Safari",
            "Mac OS X",
        ),
        (
            "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko)"
            " Chrome/126.0.0.0 Mobile Safari/537.36",
            "Chrome Mobile",
            "Android",
        ),
        ("curl/8.7.1", "curl", None),
        ("BudgetApp/2.1 (beta)", "BudgetApp", None),
    ],
)
def test_programs_and_systems_are_told_apart_without_their_versions(
    user_agent: str, program: str, system: str | None
) -> None:
    assert UA_READER.device_of(user_agent) == Device(program=program, system=system)


@pytest.mark.parametrize("version", ["115.0", "128.0", "131.5"])
def test_an_update_makes_no_other_device_of_a_browser(version: str) -> None:
    agent = f"Mozilla/5.0 (X11; Linux x86_64; rv:{version}) Gecko/20100101 Firefox/{version}"

    assert UA_READER.device_of(agent).name == "Firefox on Linux"


@every_reader
@pytest.mark.parametrize("user_agent", [None, "", "  ", "\x00\r\n", "\ud800"])
def test_who_says_nothing_is_unknown(reader: DeviceReader, user_agent: str | None) -> None:
    assert reader.device_of(user_agent) == Device()
    assert reader.device_of(user_agent).name == "an unknown program"


@every_reader
@given(text=st.text(max_size=400))
def test_whatever_a_client_says_it_is_only_harmless_words_are_kept(reader: DeviceReader, text: str) -> None:
    device = reader.device_of(text)

    for word in (device.program, device.system):
        assert word is None or (0 < len(word) <= MAX_NAME_LENGTH and set(word) <= HARMLESS)
    assert 1 <= len(device.name) <= 255


@every_reader
@pytest.mark.parametrize(
    "hostile",
    [
        "see https://evil.example/login now",
        "evil.example/1.0 (www.evil.example; x)",
        "\u202eknab/1.0 <a href='//evil.example'>Firefox</a>",
    ],
)
def test_no_address_that_a_mail_program_could_make_a_link_of_is_left(
    reader: DeviceReader, hostile: str
) -> None:
    name = reader.device_of(hostile).name

    assert not set(name) & set(".:<>@\u202e")


@every_reader
def test_no_text_keeps_a_reader_busy(reader: DeviceReader) -> None:
    dice = random.Random(7)
    pieces = ["Mozilla/5.0 (", "Linux; ", "Android ", "iPhone OS ", "; ", "Build/", "/", "(", "x", " "]
    hostile = ["".join(dice.choices(pieces, k=2000)) for _ in range(50)]
    hostile += [piece * 10_000 for piece in pieces] + ["a" * 10_240]
    reader.device_of("the first one makes the reader ready")

    began = time.process_time()
    for text in hostile:
        reader.device_of(text)

    assert (time.process_time() - began) / len(hostile) < 0.02

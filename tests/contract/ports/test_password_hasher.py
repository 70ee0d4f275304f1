"""What every password hasher promises, whatever it is made of."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledgerbank_adapters.memory.tools.memory_security import MemoryPasswordHasher
from ledgerbank_adapters.security.argon2_password_hasher import Argon2PasswordHasher
from ledgerbank_domain.ports.security import PasswordComparison, PasswordHasher
from ledgerbank_domain.users.password_hashes import parameters_of

MakeHasher = Callable[[], PasswordHasher]
# Cheap and dear parameters of each; the promises do not depend on them.
HASHERS: dict[str, tuple[MakeHasher, MakeHasher]] = {
    "argon2": (
        lambda: Argon2PasswordHasher(time_cost=1, memory_kib=8, parallelism=1),
        lambda: Argon2PasswordHasher(time_cost=2, memory_kib=16, parallelism=2),
    ),
    "memory": (lambda: MemoryPasswordHasher(iterations=2), lambda: MemoryPasswordHasher(iterations=3)),
}
any_string = st.text(st.characters(codec=None), max_size=300)
every_hasher = pytest.mark.parametrize(
    "hasher", [pytest.param(cheap(), id=name) for name, (cheap, _) in HASHERS.items()]
)


@every_hasher
@given(password=any_string)
def test_a_password_matches_its_own_hash(hasher: PasswordHasher, password: str) -> None:
    assert hasher.matches(hasher.hash(password), password)


@every_hasher
@given(password=any_string, other=any_string)
def test_another_password_does_not_match(hasher: PasswordHasher, password: str, other: str) -> None:
    assert hasher.matches(hasher.hash(password), other) is (password == other)


@every_hasher
@pytest.mark.parametrize(
    ("password", "other"),
    [
        ("secret", "secret "),
        ("secret", "Secret"),
        ("secret", "secret\0"),
        ("sec\0ret", "sec"),
        ("\ud800", "\udfff"),
        ("\ud800", "?"),
        ("e\u0301", "\u00e9"),
        ("x" * 72 + "a", "x" * 72 + "b"),
        ("", " "),
    ],
    ids=repr,
)
def test_passwords_are_neither_trimmed_cut_nor_normalized(
    hasher: PasswordHasher, password: str, other: str
) -> None:
    assert not hasher.matches(hasher.hash(password), other)


@every_hasher
def test_a_very_long_password_may_be_asked(hasher: PasswordHasher) -> None:
    password_hash = hasher.hash("secret")

    assert not hasher.matches(password_hash, "x" * 1_000_000)
    assert not hasher.compare(None, "x" * 1_000_000).is_right


@every_hasher
def test_two_hashes_of_one_password_differ(hasher: PasswordHasher) -> None:
    assert hasher.hash("secret") != hasher.hash("secret")


@every_hasher
@given(password=any_string)
def test_matching_nothing_takes_any_string_and_says_nothing(hasher: PasswordHasher, password: str) -> None:
    hasher.match_nothing(hasher.parameters, password)
    assert not hasher.compare(None, password).is_right


@every_hasher
@pytest.mark.parametrize(
    "not_a_hash", ["", "!", "secret", "$$$$$", "$argon2id$", "h\u00e4sh", "\ud800", "a\0b"]
)
def test_what_is_no_hash_matches_no_password_and_is_outdated(hasher: PasswordHasher, not_a_hash: str) -> None:
    assert not hasher.matches(not_a_hash, "secret")
    assert not hasher.matches(not_a_hash, not_a_hash)
    assert hasher.is_outdated(not_a_hash)


@pytest.mark.parametrize("name", HASHERS)
def test_a_hash_tells_its_parameters_and_is_outdated_when_they_change(name: str) -> None:
    cheap, dear = (make() for make in HASHERS[name])
    old = cheap.hash("secret")

    assert not cheap.is_outdated(old)
    assert dear.is_outdated(old)
    assert dear.matches(old, "secret")
    assert not dear.matches(old, "other")
    assert not dear.is_outdated(dear.hash("secret"))


@pytest.mark.parametrize("name", HASHERS)
def test_a_hash_of_a_right_password_is_renewed_when_its_parameters_are_of_before(name: str) -> None:
    cheap, dear = (make() for make in HASHERS[name])
    old = cheap.hash("secret")
    among = [cheap.parameters, dear.parameters]

    renewed = dear.compare(old, "secret", among=among).renewed_hash

    assert renewed is not None
    assert not dear.is_outdated(renewed)
    assert dear.compare(renewed, "secret", among=among) == PasswordComparison(is_right=True)
    assert dear.compare(old, "other", among=among) == PasswordComparison(is_right=False)


@pytest.mark.parametrize("name", HASHERS)
def test_a_comparison_is_the_same_work_whichever_parameters_a_hash_has_and_for_nobodys(name: str) -> None:
    cheap, dear = (make() for make in HASHERS[name])
    among = [cheap.parameters, dear.parameters]
    worked = [
        _worked_by(dear, password_hash, among)
        for password_hash in (None, cheap.hash("secret"), dear.hash("secret"), "erased")
    ]

    assert worked == [sorted(among)] * 4
    # An operator may also ask for less than before.
    assert _worked_by(cheap, dear.hash("secret"), among) == _worked_by(cheap, None, among) == sorted(among)


def _worked_by(hasher: PasswordHasher, password_hash: str | None, among: list[str]) -> list[str]:
    """By which parameters a password was hashed, to compare or to renew."""
    worked: list[str] = []

    def matches(theirs: str, password: str) -> bool:
        if parameters_of(theirs) in among:
            worked.append(parameters_of(theirs))
        return type(hasher).matches(hasher, theirs, password)

    def hash_now(password: str) -> str:
        worked.append(hasher.parameters)
        return type(hasher).hash(hasher, password)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(hasher, "matches", matches)
        patch.setattr(hasher, "hash", hash_now)
        assert not hasher.compare(password_hash, "wrong", among=among).is_right
    return sorted(worked)


@pytest.mark.parametrize("name", HASHERS)
def test_hashers_with_equal_parameters_understand_one_another(name: str) -> None:
    make = HASHERS[name][0]

    assert make().matches(make().hash("secret"), "secret")


@every_hasher
def test_threads_may_share_a_hasher(hasher: PasswordHasher) -> None:
    def matches_only_its_own(number: int) -> bool:
        password_hash = hasher.hash(f"secret {number}")
        return hasher.matches(password_hash, f"secret {number}") and not hasher.matches(
            password_hash, "other"
        )

    with ThreadPoolExecutor(8) as threads:
        assert all(threads.map(matches_only_its_own, range(64)))

"""The catalogue of banks and their branches."""

from typing import Any

import pytest
from tests.support.http.http_bank import UNKNOWN_ID, Customer, HttpBank, data_of, error_of

from ledgerbank_domain.banking.bank import BankStatus

BANK_KEYS = {
    "id",
    "name",
    "country",
    "code",
    "logo_url",
    "api_endpoint",
    "status",
    "integration_module",
    "connectable",
    "inserted_at",
    "updated_at",
}
BRANCH_KEYS = {
    "id",
    "bank_id",
    "name",
    "country",
    "iban",
    "routing_number",
    "swift_code",
    "inserted_at",
    "updated_at",
}
OFFSET_KEYS = {"page", "page_size", "total_count", "total_pages", "has_next", "has_prev"}


def listed(caller: Customer, **params: str) -> list[dict[str, Any]]:
    """All but the house bank, which is there from the start."""
    return [each for each in data_of(caller.get("/banks", params=params)) if each["code"] != "HOUSE"]


def bank_body(**fields: Any) -> dict[str, Any]:
    return {"name": "Test & Sons (Bank), Ltd.", "country": "gb", "code": "TEST_BANK"} | fields


def test_an_administrator_adds_a_bank_with_the_least_or_with_everything(admin: Customer) -> None:
    response = admin.post("/banks", json=bank_body())

    bank = data_of(response, 201)
    assert set(bank) == BANK_KEYS
    assert response.headers["Location"] == f"/api/v1/banks/{bank['id']}"
    assert (bank["country"], bank["status"], bank["logo_url"], bank["integration_module"]) == (
        "GB",
        "ACTIVE",
        None,
        None,
    )
    assert data_of(admin.get(f"/banks/{bank['id']}")) == bank
    everything = {
        "name": "Full Bank",
        "country": "USA",
        "code": "FULL_1",
        "logo_url": "https://bank.example/logo.png?size=2#x",
        "api_endpoint": "http://localhost:4010",
        "status": "INACTIVE",
        "integration_module": "simulated",
    }
    full = data_of(admin.post("/banks", json=everything), 201)
    assert {name: full[name] for name in everything} == everything


def test_writing_is_for_administrators_and_reading_for_everybody_who_is_logged_in(
    bank: HttpBank, alice: Customer, support: Customer, admin: Customer
) -> None:
    stored = data_of(admin.post("/banks", json=bank_body()), 201)
    path = f"/banks/{stored['id']}"
    for caller in (alice, support):
        error_of(caller.post("/banks", json={}), 403, "insufficient_permissions")
        error_of(caller.put("/banks/1", content=b"{"), 403, "insufficient_permissions")
        error_of(caller.post(f"{path}/branches", json={}), 403, "insufficient_permissions")
        assert data_of(caller.get(path)) == stored
        assert listed(caller) == [stored]
        assert data_of(caller.get(f"{path}/branches")) == []
    for anonymous in (bank.get("/banks"), bank.get(path), bank.post("/banks", json=bank_body())):
        error_of(anonymous, 401, "invalid_token")


@pytest.mark.parametrize(
    ("field", "value", "reason"),
    [
        ("name", "x", "invalid_name_format"),
        ("name", "x" * 101, "invalid_name_format"),
        ("name", "Bank_One", "invalid_name_format"),
        ("name", "Bank\tOne", "invalid_name_format"),
        ("name", 5, "invalid_name_format"),
        ("country", "G", "invalid_field_format"),
        ("country", "GBRX", "invalid_field_format"),
        ("country", "G1", "invalid_field_format"),
        ("code", "AB", "invalid_field_format"),
        ("code", "lower_case", "invalid_field_format"),
        ("code", "A" * 33, "invalid_field_format"),
        ("logo_url", "ftp://bank.example", "invalid_field_format"),
        ("logo_url", "http://bank", "invalid_field_format"),
        ("logo_url", "http://", "invalid_field_format"),
        ("logo_url", "", "invalid_field_format"),
        ("logo_url", "https://me:pw@bank.example", "invalid_field_format"),
        ("logo_url", "https://bank.example:0", "invalid_field_format"),
        ("logo_url", "https://bank.example:65536", "invalid_field_format"),
        ("logo_url", "https://bank.example/a b", "invalid_field_format"),
        ("logo_url", "https://bank.example/" + "x" * 2048, "invalid_field_format"),
        ("api_endpoint", "javascript:alert(1)", "invalid_field_format"),
        ("api_endpoint", ["http://localhost"], "invalid_field_format"),
        ("status", "CLOSED", "invalid_status"),
        ("integration_module", "nobodys", "invalid_field_format"),
        ("integration_module", "Monzo", "invalid_field_format"),
        ("integration_module", 1, "invalid_field_format"),
    ],
)
def test_a_malformed_field_is_refused_by_its_name(
    admin: Customer, field: str, value: object, reason: str
) -> None:
    stored = data_of(admin.post("/banks", json=bank_body()), 201)

    for response in (
        admin.post("/banks", json=bank_body(**{"name": "Other", "code": "OTHER"} | {field: value})),
        admin.put(f"/banks/{stored['id']}", json={field: value}),
        admin.put(f"/banks/{UNKNOWN_ID}", json={field: value}),
    ):
        assert error_of(response, 400, reason)["details"]["field"] == field
    assert data_of(admin.get(f"/banks/{stored['id']}")) == stored


def test_missing_fields_are_named_before_any_format_is_looked_at(admin: Customer) -> None:
    error = error_of(admin.post("/banks", json={"country": "1", "code": " "}), 400, "missing_fields")
    assert error["details"] == {"field": "name", "fields": ["name", "code"]}
    path = f"/banks/{UNKNOWN_ID}/branches"
    error = error_of(admin.post(path, json={"iban": "x"}), 400, "missing_fields")
    assert error["details"] == {"field": "name", "fields": ["name", "country"]}


def test_a_change_leaves_out_what_is_not_named_and_null_clears_what_may_be_missing(admin: Customer) -> None:
    body = bank_body(
        logo_url="https://a.example", api_endpoint="https://b.example", integration_module="monzo"
    )
    stored = data_of(admin.post("/banks", json=body), 201)
    path = f"/banks/{stored['id']}"

    changed = data_of(admin.put(path, json={"logo_url": None, "country": "fr", "name": None, "status": None}))

    assert changed == stored | {
        "logo_url": None,
        "country": "FR",
        "updated_at": changed["updated_at"],
    }
    assert data_of(admin.get(path)) == changed
    cleared = data_of(admin.put(path, json={"api_endpoint": None, "integration_module": None}))
    assert (cleared["api_endpoint"], cleared["integration_module"]) == (None, None)


@pytest.mark.parametrize(
    "body", [{}, {"name": None, "code": None, "country": None, "status": None}, {"id": 1}]
)
def test_a_change_of_nothing_is_refused(admin: Customer, body: dict[str, Any]) -> None:
    stored = data_of(admin.post("/banks", json=bank_body()), 201)
    for bank_id in (stored["id"], UNKNOWN_ID):
        error = error_of(admin.put(f"/banks/{bank_id}", json=body), 400, "missing_fields")
        assert error["details"]["field"] == "name"


def test_taken_names_and_codes_are_refused_by_their_field(admin: Customer) -> None:
    data_of(admin.post("/banks", json=bank_body()), 201)
    other = data_of(admin.post("/banks", json=bank_body(name="Other", code="OTHER")), 201)
    for field in ("name", "code"):
        taken = {field: bank_body()[field]}
        new = bank_body(**{"name": "Third", "code": "THIRD"} | taken)
        for response in (admin.post("/banks", json=new), admin.put(f"/banks/{other['id']}", json=taken)):
            error = error_of(response, 409, "resource_already_exists")
            assert error["details"] == {"field": field}
    # What is one's own already is no conflict.
    data_of(admin.put(f"/banks/{other['id']}", json={"name": "Other", "code": "OTHER"}))


def test_banks_are_listed_by_name_filtered_and_sorted(bank: HttpBank, alice: Customer) -> None:
    given = bank.office.given
    for name, code, country in [("beta", "A_1", "US"), ("Zeta", "B_2", "GB"), ("Alpha", "C_3", "GB")]:
        status = BankStatus.INACTIVE if name == "Zeta" else BankStatus.ACTIVE
        given.a_bank(name=name, code=code, country=country, status=status)

    def names(**params: str) -> list[str]:
        return [each["name"] for each in listed(alice, **params)]

    assert names() == ["Alpha", "Zeta", "beta"]
    assert names(sort="code:desc") == ["Alpha", "Zeta", "beta"]
    assert names(sort="country,name:desc") == ["Zeta", "Alpha", "beta"]
    assert names(country=" gb ", status="active") == ["Alpha"]
    assert names(country="FR") == []
    assert names(country="", status=" ") == names()
    assert names(page="2", page_size="2") == ["Zeta", "beta"]
    pagination = alice.get("/banks").json()["metadata"]["pagination"]
    assert set(pagination) == OFFSET_KEYS
    for name, value, reason in [
        ("country", "G1", "invalid_filter"),
        ("status", "GONE", "invalid_status"),
        ("sort", "status", "invalid_sort"),
    ]:
        error = error_of(alice.get("/banks", params={name: value}), 400, reason)
        assert error["details"] == {"field": name}


def test_a_list_shows_every_write_at_once(admin: Customer) -> None:
    assert listed(admin) == []
    stored = data_of(admin.post("/banks", json=bank_body()), 201)
    path = f"/banks/{stored['id']}"
    assert listed(admin) == [stored]
    changed = data_of(admin.put(path, json={"name": "New"}))
    assert listed(admin) == [changed]
    assert data_of(admin.get(f"{path}/branches")) == []
    branch = data_of(admin.post(f"{path}/branches", json={"name": "Main", "country": "GB"}), 201)
    assert data_of(admin.get(f"{path}/branches")) == [branch]


def test_a_branch_is_added_to_its_bank(admin: Customer, alice: Customer) -> None:
    stored = data_of(admin.post("/banks", json=bank_body()), 201)
    path = f"/banks/{stored['id']}/branches"
    body = {
        "name": "London Branch",
        "country": "uk",
        "iban": "gb9876543210",
        "routing_number": "222000111",
        "swift_code": "testgb2lxxx",
    }

    response = admin.post(path, json=body)

    branch = data_of(response, 201)
    assert set(branch) == BRANCH_KEYS
    assert response.headers["Location"] == f"/api/v1{path}"
    assert (branch["bank_id"], branch["country"]) == (stored["id"], "UK")
    assert (branch["iban"], branch["swift_code"]) == ("GB9876543210", "TESTGB2LXXX")
    for field in ("iban", "swift_code"):
        taken = {"name": "Other", "country": "GB", field: body[field]}
        error = error_of(admin.post(path, json=taken), 409, "resource_already_exists")
        assert error["details"] == {"field": field}
    first = data_of(admin.post(path, json={"name": "First", "country": "GB", "iban": None}), 201)
    assert [each["id"] for each in data_of(alice.get(path))] == [first["id"], branch["id"]]
    assert data_of(alice.get(path, params={"country": "uk"})) == [branch]
    assert set(alice.get(path).json()["metadata"]["pagination"]) == OFFSET_KEYS


@pytest.mark.parametrize(
    ("field", "value", "reason"),
    [
        ("name", "x", "invalid_name_format"),
        ("country", "1", "invalid_field_format"),
        ("iban", "GB12", "invalid_field_format"),
        ("iban", "GB12-1", "invalid_field_format"),
        ("iban", "", "invalid_field_format"),
        ("routing_number", "12345678", "invalid_field_format"),
        ("routing_number", 123456789, "invalid_field_format"),
        ("routing_number", "\u0661" * 9, "invalid_field_format"),
        ("swift_code", "DEMOUS33X", "invalid_field_format"),
        ("swift_code", "DEMO3333", "invalid_field_format"),
    ],
)
def test_a_malformed_branch_is_refused_by_its_field_before_the_bank_is_looked_for(
    admin: Customer, field: str, value: object, reason: str
) -> None:
    body = {"name": "Main", "country": "GB", field: value}
    error = error_of(admin.post(f"/banks/{UNKNOWN_ID}/branches", json=body), 400, reason)
    assert error["details"] == {"field": field}


def test_unknown_banks_are_not_found(admin: Customer) -> None:
    path = f"/banks/{UNKNOWN_ID}"
    for response in (
        admin.get(path),
        admin.get(f"{path}/branches"),
        admin.put(path, json={"name": "New"}),
        admin.post(f"{path}/branches", json={"name": "Main", "country": "GB"}),
    ):
        error_of(response, 404, "bank_not_found")
    error_of(admin.get(f"{path}/branches", params={"country": "1"}), 400, "invalid_filter")


def test_a_bank_that_is_asked_for_twice_with_one_key_is_added_once(admin: Customer) -> None:
    headers = {"Idempotency-Key": "one bank"}
    first = admin.post("/banks", json=bank_body(), headers=headers)
    again = admin.post("/banks", json=bank_body(), headers=headers)
    assert (first.status_code, again.status_code, again.content) == (201, 201, first.content)
    assert len(listed(admin)) == 1

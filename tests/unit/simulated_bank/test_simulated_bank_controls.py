"""What is told of the simulated bank's controls is what there is."""

from pathlib import Path

from ledgerbank_adapters.simulated_bank.controls.control_operations import CONTROLS

DOCUMENT = Path(__file__).parents[3] / "docs" / "simulated-bank.md"
HEAD = "| request under `/_control` | fields | effect |\n|---|---|---|\n"


def test_the_document_tells_of_every_control_and_of_no_other() -> None:
    rows = DOCUMENT.read_text().partition(HEAD)[2].partition("\n\n")[0].splitlines()
    cells = [[cell.strip() for cell in row.strip("|").split("|")] for row in rows]

    assert cells == [[f"{each.method} `{each.path}`", each.fields, each.effect] for each in CONTROLS]


def test_no_two_controls_answer_to_one_request() -> None:
    requests = [(each.method, each.path) for each in CONTROLS]

    assert len(set(requests)) == len(requests)

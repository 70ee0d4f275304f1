"""schemathesis against a running server, from the server's own OpenAPI document.

As a program (``make conformance``) it asks thousands of questions as a user and as an administrator, on a
database made for it, and ends with the exit status of the first run that found something.
"""

import secrets
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.support.servers.running_server import RunningServer

SETTINGS = Path(__file__).with_name("schemathesis.toml")
ADMIN = ("admin@example.com", "admin123!")
CUSTOMER = ("alice@example.com", "password123!")
PASSWORD = "correct horse battery staple"
# These may end the caller's session or make somebody else of them, so they have a run of their own, in the
# name of somebody who is there for nothing else.
CHANGING_THE_CALLER = (
    "post_auth_logout_all",
    "delete_auth_sessions_id",
    "put_profile",
    "put_profile_password",
    "put_users_id",
)
SERVER_SETTINGS = {
    # The limit is not what is tried here, and there would be little else to see.
    "RATE_LIMIT_ENABLED": "false",
    "ACCESS_TOKEN_TTL_SECONDS": "3600",
    "LOG_LEVEL": "warning",
}
MIN_REQUESTS = 5_000
THOROUGH_EXAMPLES = 60
THOROUGH_PHASES = "examples,coverage,fuzzing,stateful"
SEED = 20_261_122


@dataclass(frozen=True)
class ConformanceResult:
    """``requests`` is how many the server answered."""

    exit_status: int
    requests: int
    output: str


def check_conformance(
    server: RunningServer, role: str, *, max_examples: int, phases: str, seed: int = SEED
) -> ConformanceResult:
    """Every check there is, for every operation, as somebody of this role."""
    before = _answered(server)
    arguments = ["--max-examples", str(max_examples), "--phases", phases, "--seed", str(seed)]
    known = ADMIN if role == "admin" else CUSTOMER
    most = _schemathesis(server, known, *arguments, *_each("--exclude-operation-id", CHANGING_THE_CALLER))
    # Only now: an administrator has just deleted everybody they found.
    somebody = _somebody_new(server, role)
    rest = _schemathesis(server, somebody, *arguments, *_each("--include-operation-id", CHANGING_THE_CALLER))
    return ConformanceResult(
        exit_status=max(most.returncode, rest.returncode),
        requests=_answered(server) - before,
        output=most.stdout + rest.stdout,
    )


def _each(option: str, values: Sequence[str]) -> list[str]:
    return [word for value in values for word in (option, value)]


def _somebody_new(server: RunningServer, role: str) -> tuple[str, str]:
    email = f"{role}-{secrets.token_hex(4)}@example.com"
    person = {
        "email": email,
        "full_name": "Somebody New",
        "password": PASSWORD,
        "password_confirmation": PASSWORD,
        "role": role,
    }
    with server.client(*ADMIN) as client:
        answer = client.post("/users/admin", json=person)
    assert answer.status_code == 201, answer.text
    return email, PASSWORD


def _schemathesis(
    server: RunningServer, caller: tuple[str, str], *arguments: str
) -> subprocess.CompletedProcess[str]:
    with server.client(*caller) as client, tempfile.TemporaryDirectory() as place:
        return subprocess.run(
            [
                str(Path(sys.executable).with_name("schemathesis")),
                "--config-file",
                str(SETTINGS),
                "run",
                f"{server.base_url}/docs/openapi.json",
                "--header",
                f"Authorization: {client.headers['Authorization']}",
                "--no-color",
                *arguments,
            ],
            # What it writes down belongs to no one's clone.
            cwd=place,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )


def _answered(server: RunningServer) -> int:
    """By the server's own count."""
    with server.client() as client:
        lines = client.get("/metrics").text.splitlines()
    counts = [line.rsplit(" ", 1)[1] for line in lines if line.startswith("ledgerbank_http_requests_total{")]
    return round(sum(map(float, counts)))


def main() -> int:
    """Prints what schemathesis says; 0 when it found nothing and asked enough."""
    with tempfile.TemporaryDirectory(prefix="ledgerbank-conformance-") as place:
        settings = {**SERVER_SETTINGS, "LEDGERBANK_DATA_DIR": str(Path(place, "data"))}
        with RunningServer(settings, Path(place, "server.log"), command="up") as server:
            results = [
                check_conformance(server, role, max_examples=THOROUGH_EXAMPLES, phases=THOROUGH_PHASES)
                for role in ("user", "admin")
            ]
    for result in results:
        print(result.output)
    asked = sum(result.requests for result in results)
    print(f"{asked} requests answered; at least {MIN_REQUESTS} are wanted")
    return max(result.exit_status for result in results) or int(asked < MIN_REQUESTS)


if __name__ == "__main__":
    sys.exit(main())

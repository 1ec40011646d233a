"""Banks, cabinets and rentals through the command line: a server, and a simulated cabinet on real sockets."""

from pathlib import Path

import pytest

from tests.cli.running import wayside
from tests.cli.serving import eventually, rows, serving, simulating

pytestmark = pytest.mark.timeout(120)


def test_a_bank_is_borrowed_from_a_simulated_cabinet(tmp_path: Path) -> None:
    sheet = tmp_path / "banks.csv"
    with serving(tmp_path / "data", "--registration", "open") as server:
        assert server.token is not None
        env = server.environment(server.token)
        with simulating("power-bank", "--to", server.address("power-bank"), "--count", "1", "--faults", "0"):
            found = eventually(lambda: [one for one in rows(env, "cabinets") if one["slots"]])
            cabinet = found[0]["cabinet"]
            banks = [slot["bank"] for slot in found[0]["slots"] if slot["bank"]]
            assert found[0]["available"] == 0, "nobody has registered them"

            sheet.write_text("\n".join(["bank,label", *(f"{bank},of {bank}" for bank in banks)]))
            assert rows(env, "banks", "import", str(sheet)) == [
                {"added": len(banks), "changed": 0, "unchanged": 0}
            ]
            assert f"{len(banks)} " in wayside("banks", "import", str(sheet), env=env).stderr
            assert wayside("banks", "add", "ZZ1", "--label", "spare", env=env).returncode == 0
            assert [bank["bank"] for bank in rows(env, "banks", "list", "--cabinet", cabinet)] == banks
            assert "spare" in wayside("banks", "list", env=env).stdout

            (rental,) = rows(env, "rentals", "borrow", cabinet, "--idempotency-key", "once")
            assert (
                rows(env, "rentals", "borrow", cabinet, "--idempotency-key", "once")[0]["id"] == rental["id"]
            )
            rented = eventually(lambda: rows(env, "rentals", "list", "--state", "rented"))
            assert [one["id"] for one in rented] == [rental["id"]]
            assert rows(env, "rentals", "show", rental["id"])[0]["started_at"] is not None
            assert rental["bank"] in wayside("rentals", "show", rental["id"], env=env).stdout
            refused = wayside("rentals", "borrow", cabinet, "--bank", rental["bank"], env=env)
            assert refused.returncode == 1
            assert refused.stderr.startswith("wayside: bank: ")
            assert wayside("rentals", "cancel", rental["id"], env=env).returncode == 1

            shown = wayside("cabinets", cabinet, env=env).stdout
            assert [line.split()[1:4] for line in shown.splitlines()[1:]] == [
                [str(slot["slot"]), slot["state"], slot["bank"] or "-"]
                for slot in rows(env, "cabinets", cabinet)[0]["slots"]
            ]
            assert cabinet in wayside("cabinets", env=env).stdout
        assert wayside("banks", "write-off", rental["bank"], env=env).returncode == 0
        assert wayside("banks", "retire", "ZZ1", env=env).returncode == 0

        out = tmp_path / "out.csv"
        assert wayside("banks", "export", "--output", str(out), env=env).returncode == 0
        assert wayside("banks", "export", env=env).stdout == out.read_text()
        assert [line.split(",")[0] for line in out.read_text().splitlines()] == [
            "bank",
            *sorted([*banks, "ZZ1"]),
        ]
        sheet.write_text("bank\nno good\n")
        wrong = wayside("banks", "import", str(sheet), env=env)
        assert (wrong.returncode, "line 2, bank" in wrong.stderr) == (1, True)

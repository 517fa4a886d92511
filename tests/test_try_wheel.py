"""What `make wheels` passes over: a Python that is not there, or is only a manager's shim."""

from pathlib import Path

import pytest

from tests import try_wheel


def test_a_python_that_does_not_run_is_skipped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    shim = tmp_path / "python3.99"
    shim.write_text("#!/bin/sh\nexit 127\n", encoding="utf-8")
    shim.chmod(0o755)
    absent = str(tmp_path / "absent")
    monkeypatch.setattr("sys.argv", ["try_wheel", "some.whl", str(shim), absent])
    assert try_wheel.main() == 0
    assert capsys.readouterr().out == f"{shim}: not there, skipped\n{absent}: not there, skipped\n"

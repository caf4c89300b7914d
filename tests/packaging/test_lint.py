"""What the usual checkers say about the package."""

import subprocess
from pathlib import Path

from conftest import ROOT


def test_lintian(deb: Path) -> None:
    done = subprocess.run(["lintian", "--fail-on", "error,warning,info", "--info", deb], text=True, capture_output=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_shellcheck() -> None:
    scripts = [
        path
        for folder in ("debian", "debian/tests", "ifupdown/if-up.d", "ifupdown/if-down.d")
        for path in (ROOT / folder).iterdir()
        if path.is_file() and path.read_text("utf-8").startswith("#!/bin/sh\n")
    ]
    assert len(scripts) >= 7
    # SC1091: debconf's own library is not ours to check.
    done = subprocess.run(["shellcheck", "--exclude=SC1091", *scripts], text=True, capture_output=True)
    assert done.returncode == 0, done.stdout

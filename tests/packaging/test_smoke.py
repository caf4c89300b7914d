"""debian/tests/smoke, the autopkgtest, run where the package was just installed."""

import shutil

from machine import ROOT, Machine


def test_smoke(installed: Machine) -> None:
    shutil.copy(ROOT / "debian" / "tests" / "smoke", installed.path("/tmp"))
    done = installed.run("/tmp/smoke")
    assert done.stdout.endswith("The kernel is as it was before.\n")
    assert done.stderr == ""

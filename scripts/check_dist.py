"""Check the source archive and the wheel in a folder, as one who has nothing else would.

    python -m build && python scripts/check_dist.py dist

The archive must hold every file of the project, and the wheel every one of the package; the wheel,
installed into an empty environment, must train on the digits that ship with it.
"""

import subprocess
import sys
import tarfile
import tempfile
import zipfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
ONLY_HERE = (".ci/", ".github/", ".gitignore")


def tracked() -> set[str]:
    """Return the names of the project's files, without those that serve this repository alone."""
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True
    )
    return {name for name in listed.stdout.split("\0") if name and not name.startswith(ONLY_HERE)}


def newest(folder: Path, pattern: str) -> Path:
    """Find the file that was built last."""
    found = max(folder.glob(pattern), key=lambda path: path.stat().st_mtime, default=None)
    if found is None:
        sys.exit(f"there is no {pattern} in {folder}; make it with: python -m build")
    return found.resolve()


def check_contents(sdist: Path, wheel: Path) -> None:
    """End with an error if a file of the project is in neither archive, or in the wrong one."""
    with tarfile.open(sdist) as archive:
        inside = {name.partition("/")[2] for name in archive.getnames()}
    if missing := sorted(tracked() - inside):
        sys.exit(f"{sdist.name} lacks {', '.join(missing)}; add them to MANIFEST.in")
    package = {name for name in tracked() if name.startswith("mnist_nn/")}
    with zipfile.ZipFile(wheel) as packed:
        names = {name for name in packed.namelist() if ".dist-info/" not in name}
    if wrong := sorted(package ^ names):
        sys.exit(f"{wheel.name} lacks, or should not hold, {', '.join(wrong)}; see package-data")


def check_use(wheel: Path, folder: Path) -> None:
    """Install the wheel into an empty environment and train there, away from the sources."""
    environment = folder / "environment"
    command = str(environment / "bin" / "mnist-nn")
    configs = [ROOT / "configs" / name for name in ("base.yaml", "sample.yaml")]
    subprocess.run([sys.executable, "-m", "venv", environment], check=True)
    pip = [environment / "bin" / "python", "-m", "pip", "install", "--quiet"]
    subprocess.run([*pip, wheel], check=True)
    for arguments in (
        ["--version"],
        ["train", *(f"--config={config}" for config in configs), "--output=m.pkl", "--epochs=2"],
        ["evaluate", "m.pkl", "--min-accuracy=0.5"],
    ):
        subprocess.run([command, *arguments], check=True, cwd=folder)


def main() -> None:
    """Check both."""
    folder = Path(sys.argv[1])
    sdist, wheel = newest(folder, "*.tar.gz"), newest(folder, "*.whl")
    check_contents(sdist, wheel)
    with tempfile.TemporaryDirectory() as place:
        check_use(wheel, Path(place))
    print(f"{sdist.name} and {wheel.name} are whole, and the wheel works")


if __name__ == "__main__":
    main()

"""Check the source archive and the wheel in a folder, and follow the README with the wheel alone.

    python -m build && python scripts/check_dist.py dist

The archive must hold every file of the project, and the wheel every one of the package. In an empty
environment and an empty folder, the wheel must do what its user does first, with the model and the
digits that ship with it: predict, draw and evaluate, and the README's tour.
"""

import subprocess
import sys
import tarfile
import tempfile
import venv
import zipfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
ONLY_HERE = (".ci/", ".github/", ".gitignore", ".pre-commit-config.yaml")
EXTRAS = "fast,images,plots"
PROGRAM = """
import mnist_nn
from PIL import Image
digits = mnist_nn.load_dataset("mnist-sample").test
Image.fromarray(255 - digits.x[0].reshape(28, 28)).resize((140, 140)).save("digit.png")
print(mnist_nn.load_model().evaluate(digits).accuracy)
print(mnist_nn.train("sample", epochs=2).evaluate().accuracy)
"""
TOUR = """\
--version
predict digit.png
draw -o shipped.html
export --to c
evaluate --min-accuracy=0.98
presets
train sample
evaluate model.pkl --min-accuracy=0.9 --report=report.html
predict model.pkl digit.png
plot model.pkl -o plots
draw model.pkl -o draw.html
gradcheck sample
show best --set data.dataset=mnist-sample -o digits.png
train fast --set data.dataset=mnist-sample --epochs=2 --seeds=2 --quiet
"""
MADE = (
    "shipped.html",
    "digits.c",
    "model.pkl",
    "report.html",
    "plots/*.png",
    "draw.html",
    "digits.png",
    "model-seed1.pkl",
)


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
    package |= {f"mnist_nn/{name}" for name in tracked() if name.startswith("configs/")}
    with zipfile.ZipFile(wheel) as packed:
        names = {name for name in packed.namelist() if ".dist-info/" not in name}
    if wrong := sorted(package ^ names):
        sys.exit(f"{wheel.name} lacks, or should not hold, {', '.join(wrong)}; see package-data")


def check_tour(wheel: Path, folder: Path) -> None:
    """Take the README's tour in an empty folder, with nothing but the wheel in an environment."""
    environment, work = folder / "environment", folder / "work"
    work.mkdir()
    venv.create(environment, with_pip=True)
    commands = environment / ("Scripts" if sys.platform == "win32" else "bin")
    python = commands / "python"
    subprocess.run([python, "-m", "pip", "install", "--quiet", f"{wheel}[{EXTRAS}]"], check=True)
    subprocess.run([python, "-c", PROGRAM], check=True, cwd=work)
    for command in TOUR.splitlines():
        print("$ mnist-nn", command, flush=True)
        subprocess.run([commands / "mnist-nn", *command.split()], check=True, cwd=work)
    if missing := [name for name in MADE if not any(work.glob(name))]:
        sys.exit(f"the tour should have made {', '.join(missing)}")


def main() -> None:
    """Check both."""
    folder = Path(sys.argv[1])
    sdist, wheel = newest(folder, "*.tar.gz"), newest(folder, "*.whl")
    check_contents(sdist, wheel)
    with tempfile.TemporaryDirectory() as place:
        check_tour(wheel, Path(place))
    print(f"{sdist.name} and {wheel.name} are whole, and the wheel works")


if __name__ == "__main__":
    main()

"""A wheel holds the native image of the machine it is made on; an editable install has it in the checkout."""

import os
import subprocess
import sys
from pathlib import Path

from setuptools import Distribution, setup
from setuptools.command.bdist_wheel import bdist_wheel
from setuptools.command.build_py import build_py

HERE = Path(__file__).parent


class BuildWithImage(build_py):
    """Copy the package, then compile its native code beside it."""

    def run(self) -> None:
        """Leave the image where the package is taken from: in the wheel to be, or in the checkout."""
        super().run()
        root = HERE if self.editable_mode else Path(self.build_lib).resolve()
        # The image is made of what lies in ``root``; where it lies there already and is of the same sources, it stays.
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join((str(root), *sys.path))}
        made = subprocess.run([sys.executable, "-m", "fwsim.native.compiler"], env=environment, cwd=root, check=False)
        if made.returncode:
            raise SystemExit("fwsim's native code was not compiled: the lines above say why")


class PlatformWheel(bdist_wheel):
    """One wheel a machine for every Python 3: the image calls neither Python nor the C library."""

    def finalize_options(self) -> None:
        """Say that the wheel is a machine's."""
        super().finalize_options()
        self.root_is_pure = False

    def get_tag(self) -> tuple[str, str, str]:
        """The tags of Python, its ABI and the platform: on Linux any C library of the last ten years."""
        system, _, machine = super().get_tag()[2].partition("_")
        any_linux = f"manylinux2014_{machine}.musllinux_1_1_{machine}"
        return "py3", "none", any_linux if system == "linux" else f"{system}_{machine}"


class WithImage(Distribution):
    """A distribution that is not the same on every machine."""

    def has_ext_modules(self) -> bool:
        """It holds machine code."""
        return True


setup(distclass=WithImage, cmdclass={"build_py": BuildWithImage, "bdist_wheel": PlatformWheel})

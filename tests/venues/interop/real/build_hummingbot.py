"""Builds Hummingbot's extension modules where it is unpacked: `python build_hummingbot.py build_ext
--inplace`. Without optimization: that takes a minute and not ten."""

from glob import glob

import numpy as np
from Cython.Build import cythonize  # type: ignore[import-untyped, import-not-found, unused-ignore]
from setuptools import Extension, setup  # type: ignore[import-untyped, unused-ignore]

PLACEHOLDERS = ("dummy", "placeholder", "foxbit")
INCLUDED = ("hummingbot/core", "hummingbot/core/data_type", "hummingbot/core/cpp")

SOURCES = [
    path
    for path in glob("hummingbot/**/*.pyx", recursive=True)
    if not any(word in path for word in PLACEHOLDERS)
]
MODULES = [
    Extension(
        path.removesuffix(".pyx").replace("/", "."),
        [path],
        language="c++",
        include_dirs=[np.get_include(), *INCLUDED],
        extra_compile_args=["-std=c++11", "-O0", "-w"],
    )
    for path in SOURCES
]
setup(name="some", ext_modules=cythonize(MODULES, language_level=3, nthreads=2), packages=[])

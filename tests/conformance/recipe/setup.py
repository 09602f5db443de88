"""The recipes of the trivial software release, for `develop` of a buildout."""

from setuptools import setup

setup(
    name="trivial",
    version="1.0",
    py_modules=["trivial"],
    entry_points={"zc.buildout": ["software = trivial:Software", "instance = trivial:Instance"]},
)

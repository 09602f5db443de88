"""Nothing of the library's interface is left out: each method is called by some test of this folder."""

import ast
import glob
import os
import unittest

from slapos.slap.interface import slap as interface
from zope.interface.interface import InterfaceClass, Method

from support import main


def called_names():
    """The attributes that the tests name, to call them or to hand them on."""
    names = set()
    for path in glob.glob(os.path.join(os.path.dirname(os.path.abspath(__file__)), "*.py")):
        with open(path, encoding="utf-8") as file:
            tree = ast.parse(file.read())
        names.update(node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute))
    return names


class Interface(unittest.TestCase):
    """slapos.slap.interface, method by method."""

    def test_every_method_is_called_by_a_test(self):
        methods = {
            "%s.%s" % (name, method)
            for name, value in vars(interface).items()
            if isinstance(value, InterfaceClass) and value.__module__ == interface.__name__
            for method, description in value.namesAndDescriptions(all=True)
            if isinstance(description, Method)
        }
        self.assertGreater(len(methods), 50)
        called = called_names()
        missing = {method for method in methods if method.split(".")[1] not in called}
        self.assertEqual(missing, set(), "write a test that calls it")


if __name__ == "__main__":
    main()

"""Finds every text of the office that has to be translated: `_()` in templates, `say()` and `words()` in code, and
`kept()` in all rooms of head office, whose stored sentences the office shows.
"""

import ast
from pathlib import Path

import server.office
from server.office.visit import environment

FOLDER = Path(server.office.__file__).parent
CALLS = {"say", "words", "_words", "_"}


def all_texts():
    """Return every English text with the file it stands in."""
    found = {}
    for path in sorted(FOLDER.glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and called(node) in CALLS and node.args and is_text(node.args[0]):
                found[node.args[0].value] = path.name
    for path in sorted(FOLDER.parent.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and called(node) == "kept" and is_text(node.args[0]):
                found[node.args[0].value] = path.name
    for path in sorted((FOLDER / "templates").glob("*.html")):
        tree = environment().parse(path.read_text())
        for text in template_texts(tree):
            found[text] = path.name
    return found


def called(node):
    """Return the name of what is called: `words(...)`, `visit.words(...)`."""
    return getattr(node.func, "attr", getattr(node.func, "id", ""))


def is_text(node):
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


def template_texts(tree):
    from jinja2 import nodes

    for call in tree.find_all(nodes.Call):
        if isinstance(call.node, nodes.Name) and call.node.name == "_":
            yield from (part.value for part in call.args[:1] if isinstance(part, nodes.Const))

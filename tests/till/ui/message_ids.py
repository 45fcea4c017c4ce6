"""Collects every text that the till says, from its Python and kv sources: what a catalogue must translate.

`words("…")` and `RefusedInWords(code, "…")` name their text; `words(NAMES[key])` says a constant's values; errors of
the rooms below, and reasons that are kept with a code, are worded anew under "error.<code>". A code that is no text
where it is raised cannot be collected: its place must be listed here. Run it to see what a catalogue lacks:
`python tests/till/ui/message_ids.py de`.
"""

import ast
import json
import re
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from hardware.printer.jobs import TROUBLES
from hardware.printer.profiles import PROFILES
from hardware.terminal.wording import (
    DECLINED_CODE,
    LAST_WORDS,
    OUT_OF_TURN,
    PROGRESS_WORDS,
    RESULT_WORDS,
    UNPAID_CODE,
)
from till.practice import CARD_TEXT

ROOT = Path(__file__).parents[3]
# What a driver says in a card terminal's name; the screens that show it ask the catalogue.
TERMINAL_WORDS = {
    *RESULT_WORDS.values(),
    *PROGRESS_WORDS.values(),
    *LAST_WORDS.values(),
    *(DECLINED_CODE, UNPAID_CODE, OUT_OF_TURN, CARD_TEXT),
}
KV_TEXT = re.compile(r"""app\.words\((["'])((?:(?!\1)[^\\]|\\.)*)\1""")
RAISED = {"Refused", "Unready", "Unsure", "CounterfoilError"}
# What keeps a code beside its English text, to be said later: the fiscal unit's outage, a paper that did not come out.
KEPT = {"_out", "_reason"}
# Codes that are no text where they are raised, and why that is well.
CODES_ELSEWHERE = {
    "hardware/printer/jobs.py": "TROUBLES has them",
    "hardware/fiscal/software.py": "another error's own code",
    "hardware/terminal/zvt_conversation.py": "a doubt about a payment: the till words every one as card_in_doubt",
}
# Programs for administrators and emulators; a cashier never reads their errors.
NOT_SAID = ("emulators", "doctor.py", "__main__.py", "journal/verify.py", "till/play/")


def message_ids() -> set[str]:
    """Return all texts and error keys of the till."""
    found = {text for path in (ROOT / "till").rglob("*.kv") for _, text in KV_TEXT.findall(path.read_text())}
    sources = [path for path in sorted((ROOT / "till").rglob("*.py")) if not _is_not_said(path)]
    sources.append(ROOT / "hardware/printer/sample_page.py")
    trees = [ast.parse(path.read_text()) for path in sources]
    constants: dict[str, list[str]] = {}
    for tree in trees:
        for name, values in _constants(tree):
            constants.setdefault(name, []).extend(values)
    for tree in trees:
        found |= set(_said(tree, constants))
    models = {profile.title for profile in PROFILES.values() if profile.name.startswith("generic")}
    return found | {f"error.{code}" for code in errors()} | TERMINAL_WORDS | models


@cache
def errors() -> dict[str, set[str]]:
    """Return the codes of the rooms below, each with the names of the values that every place gives with it."""
    found: dict[str, set[str]] = {code: set() for code in TROUBLES}
    for path in _below():
        for code, values in _codes(ast.parse(path.read_text())):
            if isinstance(code, str):
                found[code] = found.get(code, values) & values
    return found


def codes_unread() -> set[str]:
    """Return the files that raise an error whose code is no text there."""
    return {
        path.relative_to(ROOT).as_posix()
        for path in _below()
        if any(code is None for code, _ in _codes(ast.parse(path.read_text())))
    }


def _below() -> list[Path]:
    found = [path for room in ("schema", "hardware", "till") for path in sorted((ROOT / room).rglob("*.py"))]
    return [path for path in found if not _is_not_said(path)]


def _is_not_said(path: Path) -> bool:
    return any(part in path.as_posix() for part in NOT_SAID)


def _constants(tree: ast.Module) -> Iterator[tuple[str, list[str]]]:
    """Yield each constant in capitals with the texts in its values, dictionaries' keys left out."""
    for node in tree.body:
        if not isinstance(node, ast.Assign | ast.AnnAssign) or node.value is None:
            continue
        target = node.targets[0] if isinstance(node, ast.Assign) else node.target
        if isinstance(target, ast.Name) and target.id.isupper():
            values = node.value.values if isinstance(node.value, ast.Dict) else [node.value]
            yield target.id, [text for value in values for text in _texts(value)]


def _texts(node: ast.AST) -> Iterator[str]:
    for part in ast.walk(node):
        if isinstance(part, ast.Constant) and isinstance(part.value, str) and part.value:
            yield part.value


def _said(tree: ast.Module, constants: dict[str, list[str]]) -> Iterator[str]:
    for function in [tree, *(node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef))]:
        for node in ast.walk(function):
            if isinstance(node, ast.Call):
                for argument in _worded(node):
                    yield from _texts_of(argument, function, constants)


def _worded(call: ast.Call) -> list[ast.expr]:
    """Return the arguments of a call that are said: none where the call says nothing, two where it counts."""
    name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
    if name == "count" and isinstance(call.func, ast.Attribute):
        return call.args[:2] if ast.unparse(call.func.value).endswith("words") else []
    if name == "say" and isinstance(call.func, ast.Attribute):
        return []  # a screen's, of what was worded before
    position = {"words": 0, "_words": 0, "paper_words": 0, "say": 0, "RefusedInWords": 1}.get(name)
    return [call.args[position]] if position is not None and len(call.args) > position else []


def _texts_of(argument: ast.expr, function: ast.AST, constants: dict[str, list[str]]) -> Iterator[str]:
    if isinstance(argument, ast.Constant | ast.IfExp):
        branches = [argument.body, argument.orelse] if isinstance(argument, ast.IfExp) else [argument]
        for branch in branches:
            if isinstance(branch, ast.Constant):
                yield str(branch.value)
            else:
                yield from _texts_of(branch, function, constants)
        return
    # Of NAMES[key] it is the names that are said, not the key.
    for part in ast.walk(argument.value if isinstance(argument, ast.Subscript) else argument):
        if isinstance(part, ast.Call) and len(part.args) == 2 and isinstance(part.args[1], ast.Constant):
            yield part.args[1].value  # NAMES.get(key, "what is said else")
        if isinstance(part, ast.Name):
            yield from constants.get(part.id, [])
            yield from _bound(part.id, function, constants)


def _bound(name: str, function: ast.AST, constants: dict[str, list[str]]) -> Iterator[str]:
    """Yield what a local name may stand for: texts assigned to it, or a constant that it walks through."""
    for node in ast.walk(function):
        if isinstance(node, ast.Assign) and any(isinstance(one, ast.Name) and one.id == name for one in node.targets):
            yield from (_literals(node.value))
        elif isinstance(node, ast.comprehension) and name in {n.id for n in ast.walk(node.target) if _is_name(n)}:
            for part in ast.walk(node.iter):
                if isinstance(part, ast.Name):
                    yield from constants.get(part.id, [])


def _is_name(node: ast.AST) -> bool:
    return isinstance(node, ast.Name)


def _literals(value: ast.expr) -> Iterator[str]:
    branches = [value.body, value.orelse] if isinstance(value, ast.IfExp) else [value]
    for branch in branches:
        if isinstance(branch, ast.Constant) and isinstance(branch.value, str) and branch.value:
            yield branch.value
        elif isinstance(branch, ast.IfExp):
            yield from _literals(branch)


def _codes(tree: ast.Module) -> Iterator[tuple[str | None, set[str]]]:
    """Yield each error's code, None where it is no text, with the names of the values given with it."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call) or len(node.args) < 2:
            continue
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        code = node.args[0].value if isinstance(node.args[0], ast.Constant) else None
        if name in RAISED or (name in KEPT and code is not None):
            yield code, {keyword.arg for keyword in node.keywords if keyword.arg}
    yield from ((code, set()) for code in _marked(tree))


def _marked(tree: ast.Module) -> Iterator[str]:
    """Yield codes that are given by name: `_mark(…, code="…")` of the print queue."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "_mark":
            for keyword in node.keywords:
                if keyword.arg == "code" and isinstance(keyword.value, ast.Constant):
                    yield keyword.value.value


def catalogue(language: str) -> dict[str, str]:
    """Return a language's catalogue as it is on the disk."""
    return json.loads((ROOT / "till" / "locale" / f"{language}.json").read_text())


if __name__ == "__main__":
    present = catalogue(sys.argv[1])
    for missing in sorted(message_ids() - set(present)):
        print(json.dumps(missing, ensure_ascii=False))
    for stale in sorted(set(present) - message_ids()):
        print("stale:", json.dumps(stale, ensure_ascii=False))

"""The expressions of GitHub Actions and Azure Pipelines, as far as the examples use them.

GitHub: "Evaluate expressions in workflows and actions". Azure DevOps: "Expressions", "Template expressions".
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Mapping
from typing import Any

__all__ = ["azure_condition", "expanded_templates", "github_value", "with_github_values", "with_macros"]

_GITHUB_TOKEN = re.compile(r"'[^']*'|[A-Za-z_][\w.]*|==|!=|&&|\|\||[()]")
_OPERATORS = {"&&": "and", "||": "or", "==": "==", "!=": "!=", "(": "(", ")": ")"}
_EXPRESSION = re.compile(r"\$\{\{\s*(.*?)\s*\}\}")


def github_value(expression: str, contexts: Mapping[str, Any]) -> Any:
    """What an expression of names, texts, ``==``, ``!=``, ``&&`` and ``||`` is; names that are not there are empty."""
    assert not _GITHUB_TOKEN.sub("", expression).strip(), f"cannot evaluate: {expression}"
    words = [
        token if token.startswith("'") else _OPERATORS.get(token) or repr(_looked_up(token, contexts))
        for token in _GITHUB_TOKEN.findall(expression)
    ]
    return eval(" ".join(words), {"__builtins__": {}})


def with_github_values(found: Any, contexts: Mapping[str, Any]) -> Any:
    """YAML values with every ``${{ }}`` in them replaced."""
    return _replaced(found, lambda expression: github_value(expression, contexts))


def azure_condition(expression: str, variables: Mapping[str, str]) -> bool:
    """Whether a condition of ``eq``, ``in``, ``and``, ``or`` holds; variables that are not there are empty."""
    functions = {
        "eq": lambda left, right: left.lower() == right.lower(),
        "in_": lambda value, *values: value.lower() in [one.lower() for one in values],
        "and_": lambda *values: all(values),
        "or_": lambda *values: any(values),
        "variables": defaultdict(str, variables),
    }
    return bool(eval(re.sub(r"\b(in|and|or)\(", r"\1_(", expression), {"__builtins__": {}, **functions}))


def expanded_templates(found: Any, contexts: Mapping[str, Any]) -> Any:
    """YAML values with every ``${{ each x in y }}`` repeated and every other ``${{ }}`` replaced."""
    if isinstance(found, list):
        return [one for entry in found for one in _repeated(entry, contexts)]
    if isinstance(found, dict):
        return {name: expanded_templates(value, contexts) for name, value in found.items()}
    return _replaced(found, lambda expression: _looked_up(expression, contexts))


def with_macros(text: str, variables: Mapping[str, str]) -> str:
    """A text with the ``$(name)`` of the variables that there are; others stay as they are, as on an agent."""
    return re.sub(r"\$\(([\w.]+)\)", lambda found: str(variables.get(found[1], found[0])), text)


def _repeated(entry: Any, contexts: Mapping[str, Any]) -> list[Any]:
    [first, *_] = entry if isinstance(entry, dict) else [""]
    each = re.fullmatch(r"\$\{\{ each (\w+) in ([\w.]+) \}\}", str(first))
    if not each:
        return [expanded_templates(entry, contexts)]
    repeated = [expanded_templates(entry[first], {**contexts, each[1]: one}) for one in _looked_up(each[2], contexts)]
    return [one for entries in repeated for one in entries]


def _replaced(found: Any, value_of: Callable[[str], Any]) -> Any:
    if isinstance(found, dict):
        return {name: _replaced(value, value_of) for name, value in found.items()}
    if isinstance(found, list):
        return [_replaced(value, value_of) for value in found]
    if not isinstance(found, str):
        return found
    if whole := _EXPRESSION.fullmatch(found):
        return value_of(whole[1])
    return _EXPRESSION.sub(lambda part: str(value_of(part[1])), found)


def _looked_up(name: str, contexts: Mapping[str, Any]) -> Any:
    found: Any = contexts
    for part in name.split("."):
        found = found.get(part, "") if isinstance(found, Mapping) else ""
    return found

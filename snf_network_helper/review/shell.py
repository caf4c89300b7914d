"""The commands in a line that sh(1) runs, where they are plain words; nothing is run or guessed."""

from collections.abc import Iterator, Mapping

_OPERATORS = (";", "&&", "||", "(", ")", "\n")
_LOOPS = ("while", "do", "done", "if", "then", "fi", "{", "}", "!")
_SIGNS = ("2>&1", "1>&2", ">&2", "2>>", "&>", "2>", "1>", ">>", ">", "&&", "||", ";", "(", ")", "\n")
_ENDS_WORD = " \t\n;&|()<>"


class NotPlainError(ValueError):
    """A line with more than plain commands: pipes, substitutions, jobs."""


def commands(line: str, variables: Mapping[str, str]) -> list[list[str]]:
    """The words of each command, without those that only order commands; `> FILE` of a command is its last two words.

    NotPlainError where what is run depends on more than the words and the variables.
    """
    found: list[list[str]] = [[]]
    for token in _tokens(line, variables):
        if token in _OPERATORS:
            found.append([])
        elif token in _LOOPS and not found[-1]:
            continue
        else:
            found[-1].append(token.removeprefix("\0"))
    return [kept for words in found if (kept := _redirected(words))]


def comment(line: str) -> str:
    """The comment at the end of a line, with its sign; "" for none."""
    at, quoted = 0, ""
    while at < len(line):
        sign = line[at]
        if sign == "#" and not quoted and line[at - 1 : at] in ("", " ", "\t", ";"):
            return line[at:]
        if sign in "'\"":
            quoted = "" if quoted == sign else quoted or sign
        at += 1 + (sign == "\\")
    return ""


def _redirected(words: list[str]) -> list[str]:
    """Without what is written to /dev/null."""
    kept: list[str] = []
    rest = list(words)
    while rest:
        word = rest.pop(0)
        if word in ("2>&1", ">&2", "1>&2"):
            continue
        if word in (">", "1>", "2>", "&>", ">>", "2>>") and rest:
            target = rest.pop(0)
            if target != "/dev/null":
                kept += [word, target]
            continue
        kept.append(word)
    return kept


def _tokens(line: str, variables: Mapping[str, str]) -> Iterator[str]:
    """Operators, redirections and words; a word that is quoted begins with a NUL, for it is no operator."""
    at = 0
    while at < len(line):
        if line[at] in " \t":
            at += 1
        elif line[at] == "#":
            return
        elif sign := next((sign for sign in _SIGNS if line.startswith(sign, at)), ""):
            yield sign
            at += len(sign)
        elif line[at] in "&|<":
            raise NotPlainError(line)
        else:
            word, at = _word(line, at, variables)
            yield word


def _word(line: str, at: int, variables: Mapping[str, str]) -> tuple[str, int]:
    text, quoted = "", ""
    was_quoted = False
    while at < len(line) and (quoted or line[at] not in _ENDS_WORD):
        sign = line[at]
        at += 1
        if sign == quoted:
            quoted = ""
        elif not quoted and sign in "'\"":
            quoted, was_quoted = sign, True
        elif sign == "`" and quoted != "'":
            raise NotPlainError(line)
        elif sign == "\\" and quoted != "'":
            text += line[at : at + 1]
            at += 1
        elif sign == "$" and quoted != "'":
            value, at = _variable(line, at, variables)
            text += value
        elif not quoted and sign in "*?[" and (text or line[at : at + 1] not in (" ", "\t")):  # but for `[ … ]`, a test
            raise NotPlainError(line)
        else:
            text += sign
    if quoted:
        raise NotPlainError(line)
    return ("\0" if was_quoted else "") + text, at


def _variable(line: str, at: int, variables: Mapping[str, str]) -> tuple[str, int]:
    braced = line.startswith("{", at)
    end = at + braced
    while end < len(line) and (line[end].isalnum() or line[end] == "_"):
        end += 1
    name = line[at + braced : end]
    if name not in variables or (braced and not line.startswith("}", end)):
        raise NotPlainError(line)
    return variables[name], end + braced

"""Tokens of a FEEL text; knows by position whether a name or operator may come, for `a-b` and `in care`."""

from __future__ import annotations

import re

from lark import Token

from engine.feel.errors import MAX_DEPTH, MAX_TEXT, FeelError
from engine.feel.names import RESERVED, Longest, is_part, is_start, normal

_SKIP = re.compile(r"(?:\s+|//[^\n]*|/\*.*?\*/)+", re.DOTALL)
_NUMBER = re.compile(r"(?:[0-9]+(?:\.[0-9]+)?|\.[0-9]+)")
_STRING = re.compile(r'"((?:[^"\\\n]|\\.)*)"')
_ESCAPE = re.compile(r"\\(?:([ntr\"'\\])|u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{6}))")
_PLAIN = {"n": "\n", "t": "\t", "r": "\r", '"': '"', "'": "'", "\\": "\\"}
_WORD = re.compile(r"[^\W\d](?:\w|·)*")
_ITER = re.compile(r"([^\W\d][\w· ]*?)(?=\s+in(?![\w]))")
_KEY = re.compile(r"([^\W\d][^:{}\[\]\",()]*?)(?=\s*:)")
_CALL = re.compile(r"\s*\(")
_INSTANCE = re.compile(r"instance\s+of(?!\w)")
_TYPE_NAMES = """Any,boolean,number,string,date,time,date and time,list,context,range,null,\
days and time duration,years and months duration"""
_TYPES = Longest(_TYPE_NAMES.split(","))
_SYMBOLS = [
    ("..", "_DOTDOT"), ("**", "POW"), ("<=", "CMP"), (">=", "CMP"), ("!=", "CMP"), ("<", "CMP"), (">", "CMP"),
    ("=", "CMP"), ("+", "PLUS"), ("-", "MINUS"), ("*", "MUL"), ("/", "MUL"), ("(", "_LPAR"), (")", "_RPAR"),
    ("[", "_LSQB"), ("]", "_RSQB"), ("{", "_LBRACE"), ("}", "_RBRACE"), (",", "_COMMA"), (":", "_COLON"),
    (".", "_DOT"), ("?", "QMARK"),
]  # fmt: skip
_AFTER_OPERAND = {
    "and": "_AND", "or": "_OR", "in": "_IN", "between": "_BETWEEN", "then": "_THEN", "else": "_ELSE",
    "return": "_RETURN", "satisfies": "_SATISFIES",
}  # fmt: skip
_BEFORE_OPERAND = {
    "if": "_IF", "for": "_FOR", "some": "_SOME", "every": "_EVERY", "not": "_NOT",
    "null": "NULL", "true": "TRUE", "false": "FALSE",
}  # fmt: skip
_ENDS_OPERAND = frozenset({
    "NUMBER", "STRING", "AT", "NULL", "TRUE", "FALSE", "QMARK", "NAME", "TYPE",
    "_RPAR", "_RSQB", "_RBRACE", "_RCLOSE",
})  # fmt: skip
_FULL_WIDTH = "，。：；（）［］【】｛｝“”‘’＜＞＝＋－＊／？！"


def tokens(text: str, known: Longest, functions: Longest, members: Longest, *, free: bool) -> list[Token]:
    """All tokens of `text`; raises FeelError. New names (`for x in`, `{key: …}`) are added to `known`."""
    if len(text) > MAX_TEXT:
        raise FeelError(f"表达式超过 {MAX_TEXT} 字符 (text too long)", 1, 1, text[:80])
    return _Scan(text, known, functions, members, free).run()


class _Scan:
    def __init__(self, text: str, known: Longest, functions: Longest, members: Longest, free: bool) -> None:
        self.text, self.place, self.free = text, 0, free
        self.known, self.functions, self.members = known, functions, members
        self.out: list[Token] = []
        self.frames: list[
            str
        ] = []  # open brackets; "iter" for an unfinished for/some/every; ".." inside a range

    def run(self) -> list[Token]:
        while True:
            skipped = _SKIP.match(self.text, self.place)
            if skipped:
                self.place = skipped.end()
            if self.place >= len(self.text):
                return self.out
            self.one()

    def fail(self, message: str, place: int | None = None) -> FeelError:
        at = self.place if place is None else place
        line = self.text.count("\n", 0, at) + 1
        return FeelError(message, line, at - self.text.rfind("\n", 0, at), self.text)

    def emit(self, kind: str, value: str, end: int) -> None:
        at = self.place
        line = self.text.count("\n", 0, at) + 1
        self.out.append(Token(kind, value, at, line, at - self.text.rfind("\n", 0, at)))
        self.place = end

    def previous(self) -> str:
        return self.out[-1].type if self.out else ""

    def one(self) -> None:
        char = self.text[self.place]
        previous = self.previous()
        if char == '"' or (char == "@" and self.text.startswith('@"', self.place)):
            return self.string(previous)
        if not self.text.startswith("..", self.place):
            number = _NUMBER.match(self.text, self.place)
            if number and (char != "." or previous not in _ENDS_OPERAND):
                if number.end() < len(self.text) and is_part(self.text[number.end()]):
                    raise self.fail("数字后不能紧接字母 (a letter right after a number)")
                return self.emit("NUMBER", number[0], number.end())
        if is_start(char):
            return self.word(previous)
        return self.symbol(previous)

    def string(self, previous: str) -> None:
        start = self.place + (self.text[self.place] == "@")
        match = _STRING.match(self.text, start)
        if not match:
            raise self.fail("字符串没有结束 (unterminated string)")
        value = _ESCAPE.sub(_unescape, match[1])
        if "\\" in _ESCAPE.sub("", match[1]) or any(0xD800 <= ord(c) <= 0xDFFF for c in value):
            raise self.fail("无效的转义 (unknown escape in a string)")
        in_context = bool(self.frames) and self.frames[-1] == "{" and previous in ("_LBRACE", "_COMMA")
        if in_context and start == self.place:
            if not value or not is_start(value[0]):
                raise self.fail("不能作为名称 (not a possible name)")
            self.known.add(normal(value))
            self.members.add(normal(value))
            return self.emit("KEY", normal(value), match.end())
        return self.emit("STRING" if start == self.place else "AT", value, match.end())

    def word(self, previous: str) -> None:
        text, place = self.text, self.place
        if previous == "_DOT":
            return self.emit("NAME", *(self.members.at(text, place) or self.plain_word()))
        if previous == "_INSTANCE_OF":
            found = _TYPES.at(text, place)
            if not found:
                raise self.fail("未知类型 (unknown type)")
            return self.emit("TYPE", *found)
        if previous in _ENDS_OPERAND:
            return self.operator_word()
        if self.frames and self.frames[-1] == "iter" and previous in ("_FOR", "_SOME", "_EVERY", "_COMMA"):
            return self.binder(_ITER, "NAME")
        if self.frames and self.frames[-1] == "{" and previous in ("_LBRACE", "_COMMA"):
            return self.binder(_KEY, "KEY")
        return self.operand_word()

    def plain_word(self) -> tuple[str, int]:
        match = _WORD.match(self.text, self.place)
        if not match:
            raise self.fail("无法识别的字符 (unexpected character)")
        return match[0], match.end()

    def binder(self, pattern: re.Pattern[str], kind: str) -> None:
        match = pattern.match(self.text, self.place)
        name = normal(match[1]) if match else ""
        if not match or name in RESERVED:
            raise self.fail("此处需要名称 (a name is needed here)")
        self.known.add(name)
        if kind == "KEY":
            self.members.add(name)
        self.emit(kind, name, match.end())

    def operator_word(self) -> None:
        instance = _INSTANCE.match(self.text, self.place)
        if instance:
            return self.emit("_INSTANCE_OF", instance[0], instance.end())
        word, end = self.plain_word()
        if word not in _AFTER_OPERAND:
            raise self.fail(
                f"此处需要运算符，名称是否未声明 (an operator is needed; an undeclared name?): {word}"
            )
        if word in ("return", "satisfies") and self.frames and self.frames[-1] == "iter":
            self.frames.pop()
        return self.emit(_AFTER_OPERAND[word], word, end)

    def operand_word(self) -> None:
        text, place = self.text, self.place
        name = self.known.at(text, place)
        function = self.functions.at(text, place)
        if function and _CALL.match(text, function[1]) and (not name or function[1] >= name[1]):
            if function[0] == "not":
                return self.emit("_NOT", *function)
            return self.emit("FUNC", *function)
        if name:
            return self.emit("NAME", *name)
        word, end = self.plain_word()
        if word in _BEFORE_OPERAND:
            if word in ("for", "some", "every"):
                self.push("iter")
            return self.emit(_BEFORE_OPERAND[word], word, end)
        if word in RESERVED:
            raise self.fail(f"不支持或位置不对 (not supported, or out of place): {word}")
        if _CALL.match(text, end):
            return self.emit("FUNC", word, end)
        if self.free:
            end = self.joined(end)
        return self.emit("NAME", normal(text[place:end]), end)

    def joined(self, end: int) -> int:
        """Without declared names, words in a row are one name, up to the next keyword."""
        while True:
            space = re.compile(r"\s+").match(self.text, end)
            word = _WORD.match(self.text, space.end()) if space else None
            if not word or word[0] in RESERVED or _CALL.match(self.text, word.end()):
                return end
            end = word.end()

    def push(self, frame: str) -> None:
        if len(self.frames) >= MAX_DEPTH:
            raise self.fail("表达式嵌套过深 (nested too deeply)")
        self.frames.append(frame)

    def symbol(self, previous: str) -> None:
        found = next((each for each in _SYMBOLS if self.text.startswith(each[0], self.place)), None)
        if found is None:
            char = self.text[self.place]
            hint = "，请改用半角符号 (full-width: use the ASCII sign)" if char in _FULL_WIDTH else ""
            raise self.fail(f"无法识别的字符 (unexpected character): {char}{hint}")
        sign, kind = found
        operand_ended = previous in _ENDS_OPERAND
        if sign == "[" and operand_ended and self.frames and self.frames[-1] == "..":
            kind = "_RCLOSE"
        elif sign == "]" and not operand_ended and previous != "_LSQB":
            kind = "_ROPEN"
        if kind in ("_LPAR", "_LSQB", "_LBRACE", "_ROPEN"):
            self.push("{" if sign == "{" else "[")
        elif kind in ("_RPAR", "_RSQB", "_RBRACE", "_RCLOSE") and self.frames:
            self.frames.pop()
        elif kind == "_DOTDOT" and self.frames and self.frames[-1] == "[":
            self.frames[-1] = ".."
        self.emit(kind, sign, self.place + len(sign))


def _unescape(match: re.Match[str]) -> str:
    if match[1]:
        return _PLAIN[match[1]]
    code = int(match[2] or match[3], 16)
    return chr(code) if code <= 0x10FFFF else "\ud800"  # refused as a surrogate by the caller

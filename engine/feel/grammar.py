"""The grammar (DMN 1.3 §10.3.1.2, LALR(1)), and from tokens to a tree; the lexer settles names."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from lark import Lark, Token, Tree
from lark.exceptions import UnexpectedInput, UnexpectedToken
from lark.lexer import Lexer

from engine.feel.errors import MAX_DEPTH, FeelError
from engine.feel.lexer import tokens
from engine.feel.names import Longest

GRAMMAR = r"""
expression: expr
unary: elem (_COMMA elem)*

?expr: _FOR iters _RETURN expr          -> for_
     | _IF expr _THEN expr _ELSE expr   -> if_
     | _SOME iters _SATISFIES expr      -> some
     | _EVERY iters _SATISFIES expr     -> every
     | or_
iters: iter (_COMMA iter)*
iter: NAME _IN expr                     -> iter_list
    | NAME _IN add _DOTDOT add          -> iter_range

?or_: and_ | and_ (_OR and_)+           -> or_op
?and_: cmp | cmp (_AND cmp)+            -> and_op
?cmp: add
    | add CMP add                                -> compare
    | add _BETWEEN add _AND add                  -> between
    | add _IN add                                -> in_
    | add _IN test                               -> in_
    | add _IN _LPAR elem (_COMMA elem)+ _RPAR    -> in_
    | add _IN _LPAR test _RPAR                   -> in_
    | add _INSTANCE_OF TYPE                      -> instance_of
?elem: expr | test
test: CMP add

?add: mul | mul ((PLUS | MINUS) mul)+   -> arith
?mul: pow | pow (MUL pow)+              -> arith
?pow: neg | neg (POW neg)+              -> arith
?neg: MINUS neg                         -> negate
    | post
?post: prim
     | post _DOT NAME                   -> path
     | post _LSQB expr _RSQB            -> filter
?prim: NUMBER | STRING | AT | NULL | TRUE | FALSE | QMARK | NAME
     | FUNC _LPAR [expr (_COMMA expr)*] _RPAR   -> call
     | _NOT _LPAR elem (_COMMA elem)* _RPAR     -> not_
     | _LPAR expr _RPAR                         -> group
     | _LSQB [expr (_COMMA expr)*] _RSQB        -> list
     | _LBRACE [entry (_COMMA entry)*] _RBRACE  -> context
     | range
!range: (_LSQB | _LPAR | _ROPEN) add _DOTDOT add (_RSQB | _RPAR | _RCLOSE)
entry: KEY _COLON expr

%declare NUMBER STRING AT NULL TRUE FALSE QMARK NAME FUNC KEY TYPE CMP PLUS MINUS MUL POW
%declare _FOR _IF _THEN _ELSE _SOME _EVERY _RETURN _SATISFIES _IN _OR _AND _NOT _BETWEEN _INSTANCE_OF
%declare _LPAR _RPAR _LSQB _RSQB _LBRACE _RBRACE _COMMA _COLON _DOT _DOTDOT _ROPEN _RCLOSE
"""


class _Given(Lexer):
    """Passes on tokens made beforehand: reading names needs the declared inputs, which lark does not know."""

    def __init__(self, lexer_conf: Any) -> None:
        pass

    def lex(self, lexer_state: Any, parser_state: Any = None) -> Iterator[Token]:
        return iter(lexer_state)


_PARSER = Lark(GRAMMAR, parser="lalr", lexer=_Given, start=["expression", "unary"], maybe_placeholders=False)


def parse(
    text: str, known: Longest, functions: Longest, members: Longest, *, start: str, free: bool
) -> Tree[Token]:
    """The tree of a text. Raises FeelError with the place of the first token that does not fit.

    `start` is "expression" or "unary"; `free`: names are not declared, neighbouring words are one name.
    """
    made = tokens(text, known, functions, members, free=free)
    try:
        tree = _PARSER.parse(made, start=start)
    except UnexpectedToken as error:
        token = error.token
        if token.type == "$END":
            line = text.count("\n") + 1
            column = len(text) - (text.rfind("\n") + 1) + 1
            raise FeelError("表达式不完整 (the expression ends too early)", line, column, text) from None
        raise FeelError(
            f"此处不应出现 (unexpected here): {token.value}", token.line or 1, token.column or 1, text
        ) from None
    except UnexpectedInput as error:
        raise FeelError("无法解析 (cannot be parsed)", error.line or 1, error.column or 1, text) from None
    _check_depth(tree, text)
    return tree


def _check_depth(tree: Tree[Token], text: str) -> None:
    todo: list[tuple[Tree[Token], int]] = [(tree, 1)]
    while todo:
        node, depth = todo.pop()
        if depth > MAX_DEPTH:
            raise FeelError("表达式嵌套过深 (nested too deeply)", 1, 1, text)
        todo.extend((child, depth + 1) for child in node.children if isinstance(child, Tree))

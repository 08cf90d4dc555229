"""Records what Python makes of literals and words: python3 record.py

format.json  one [literal, pprint.pformat of it, repr of it with sorted keys] a line
parse.json   one [text, canonical repr of its value or null if refused] a line
filter.json  one [word, kind, repr] a line: what int(), float() or neither gives
"""
import ast
import json
import pprint
import random
import warnings

warnings.simplefilter("ignore")
rnd = random.Random(20)


def plain(v):
    """The value as the Go side holds it: lists for tuples and sets."""
    if isinstance(v, (list, tuple)):
        return [plain(i) for i in v]
    if isinstance(v, (set, frozenset)):
        return [plain(i) for i in sorted(v)]
    if isinstance(v, dict):
        return {k: plain(v[k]) for k in sorted(v)}
    return v


WORDS = ["build", "f41-build", "dist-pkg", "x86_64", "koji", "it's", 'say "so"', "both ' and \"", "é", "日本語",
         "😀", "a\tb", "\x00", "\x7f", "\xa0", "\u2028", "\u200b", "long" * 25, "", " ", "  two", "kernel-6.1.0-1.fc41",
         "\\", "new\nline", "\r\n", "\x85", "\U000e0001", "\uffff"]


def text():
    n = rnd.choice([1, 1, 2, 5, 20, 40])
    return rnd.choice(["", " ", " ", "\n", "  "]).join(rnd.choice(WORDS) for _ in range(n))


def scalar():
    k = rnd.randint(0, 8)
    if k == 0:
        return None
    if k == 1:
        return rnd.random() < 0.5
    if k == 2:
        return rnd.choice([0, 1, -1, 1000, 1700000000, -2**63, 2**63 - 1])
    if k == 3:
        return rnd.choice([0.0, -0.0, 1.5, 1e16, 1e15, 1e-4, 1e-5, 1700000000.12345, 1e300, -2.5e-10, 123456789012345678.0,
                           rnd.random(), rnd.random() * 1e17])
    if k == 4:
        return bytes(rnd.choice(b"abc'\"\\\n\t\x00\x7f\xff ") for _ in range(rnd.choice([0, 1, 3, 4, 5, 8, 40, 61, 90])))
    return text()


def value(depth):
    k = rnd.randint(0, 9)
    if depth == 0 or k < 4:
        return scalar()
    if k < 7:
        return [value(depth - 1) for _ in range(rnd.choice([0, 1, 2, 3, 6]))]
    return {rnd.choice(["id", "name", "build_id", "owner_name", "it's", "é", "k" * 30, "z" * 78]) + rnd.choice(["", "_x", "2"]):
            value(depth - 1) for _ in range(rnd.choice([0, 1, 2, 3, 6]))}


hand = [
    None, True, 1, 1.0, float("inf"), float("-inf"), float("nan"), "x", "", b"", [], {}, [[]], [{}], [""], "a" * 78, "a" * 79, "a" * 200,
    "a " * 38, "a " * 39, "a " * 40, "word " * 50, ["word " * 50], {"k": "word " * 50}, "one\ntwo\n", "one\n" * 30,
    ["one\n" * 30], ["x" * 76], ["x" * 77], ["x" * 75, "y"], {"k": "x" * 71}, {"k": "x" * 72}, {"k": ["x " * 34]},
    {"k": ["x " * 35]}, {"a": {"b": {"c": ["d " * 40]}}}, b"abcd" * 18, b"abcd" * 19, b"abcd" * 20, b"a" * 73, [b"a" * 73], [b"a" * 72],
    {"k": b"\x00" * 20}, [[1, 2, 3] * 10, [4] * 40], {"b": 1, "a": 2, "B": 3, "é": 4}, [{"id": i, "name": "tag-%d" % i} for i in range(5)],
    {"id": 1, "name": "bash", "owner_name": "kojiadmin", "state": 1, "epoch": None, "source": "git+https://example.com/bash#abc",
     "extra": {"source": {"original_url": "git+https://example.com/bash#main"}}, "completion_ts": 1700000000.5},
    " lead", "   " * 40, ["   " * 40], "\u2028".join(["x" * 30] * 4), "é" * 100, "日本 " * 40, "\n", "\n" * 40, " \n" * 40,
    ["a" * 100, "b"], {"k" * 90: "v " * 50}, "x" * 90 + " y", "y " + "x" * 90, "y " + "x" * 90 + "\nz",
]
with open("format.json", "w") as f:
    for v in hand + [value(3) for _ in range(250)]:
        f.write(json.dumps([repr(v),
                            pprint.pformat(v), repr(plain(v))]) + "\n")

texts = [
    "1", " 1", "\t1 ", "\n1", "1\n", "1\n\n# c\n", "# c\n1", "1 # c", "1_000", "1__0", "1_", "_1", "0x_ff", "0xFF", "0o17", "0b101", "0b12", "0x",
    "0o8", "00", "0_0", "007", "09.5", "1.", ".5", "1.e5", "1e5", "1E+5", "1e-5", "1_0.0_1e1_0", "1._5", "1_.5", "1e_5", ".", "1.5.5",
    "-1", "+1", "--1", "- 1", "-(1)", "-((1))", "-(-1)", "-(1,)", "-True", "-'a'", "-", "-0.0", "-0x10", "9223372036854775807",
    "-9223372036854775808", "1j", "1+2j", "1+2", "1e999", "-1e999", "0xe+1", "12x", "1if", "1 2", "None", "True", "False", "none", "true", "NaN", "inf",
    "...", "Ellipsis", "abc", "set()", "set( )", "set", "set([1])", "frozenset()", "()", "(1)", "(1,)", "(1, 2)", "1, 2", "1,", ",", "(,)", "[,]", "{,}",
    "[1, 2,]", "[1 2]", "[1,,2]", "[", "]", "[1", "[1)", "(1\n,2)", "[1, # c\n 2]", "1,\n2", "{'a': 1}", "{'a': 1,}", "{'a' 1}", "{'a': }", "{'a'}",
    "{'a', 'b'}", "{1, 2,}", "{}", "{'a': 1, 'a': 2}", "{'a': 1, 'b'}", "{'a', 'b': 1}", "{**{}}", "[*[]]", "{'a': {'b': [None, (1,)]}}", "'a'", '"a"',
    "'a", "'a\"", "'a' 'b'", "'a'\n'b'", "('a'\n'b')", "'a'b''", "b'a' b'b'", "u'a'", "ub'a'", "ur'a'", "R'\\n'", "r'\\''", "r'\\'", "Rb'\\x00'", "bR'x'",
    "b'\\x00\\xff'", "b'é'", "b'\\u1234'", "f'a'", "f'{1}'", "'''a\nb'''", "'''a'b''c'''", '"""a\\\nb"""', "'a\nb'", "'a\\\nb'", "'''a", "''", "''''''", "'''''''",
    "'\\a\\b\\f\\n\\r\\t\\v\\\\\\'\\\"'", "'\\q\\8'", "'\\0'", "'\\12'", "'\\1234'", "'\\777'", "b'\\777'", "'\\x41'", "'\\x4'", "'\\xg1'", "'\\u00e9'", "'\\u00e'",
    "'\\U0001f600'", "'\\U00110000'", "'é日'", "'a' # c", "'#'", "[1]\\\n", "[1,\\\n2]", "1 \\\n", "1;", "1=1", "a=1", "f()", "lambda: 1", "[x for x in []]", "'a'.b",
    "'a'[0]", "'a' + 'b'", "'%s' % 1", "not 1", "1 if 1 else 2", "", " ", "#", "\x0c1", "[1\x0c]", "'\t'", "['a'\r\n'b']", "'''a\r\nb'''", "[" * 90 + "]" * 90,
    "[[1], (2, [3]), {'k': ()}]", "((1))", "((1),)", "(1),", "b''", "B'a'", "'a' u'b'", "rb'a' 'b'", "0xg", "0b_1", "0b__1", "0b1_", "1e", "1e+", "0e0", "00.5", "0_7",
    "{'a':1 'b':2}", "{'a'::1}", "[True, False, None]", "Nonee", "{('a'): 1}", "{'a' 'b': 1}", "{u'é': b'x'}",
]
with open("parse.json", "w") as f:
    for t in texts:
        try:
            want = repr(plain(ast.literal_eval(t)))
        except (SyntaxError, ValueError, TypeError, MemoryError):
            want = None
        f.write(json.dumps([t, want]) + "\n")

words = [
    "1", " 1 ", "+1", "-7", "--7", "+-7", "1_000", "1__0", "_1", "1_", "0x10", "007", "0o7", "1.5", ".5", "5.", ".", "1e5", "1E5", "1e+5", "1e-400", "1e400",
    "-1e400", "1_0.5_0", "1_.5", "1._5", "1e1_0", "1e_1", "e5", "nan", "NaN", "-nan", "inf", "Infinity", "-INFINITY", "infinit", "in", "None", "True", "False", " None",
    "none", "true", "null", "", " ", "a", "1 2", "1,5", "٣٤", "１２.５", "𝟗𝟘", "²", "\u00a012\u2003", "\x1c5", "1\n", "9223372036854775807", "9223372036854775808", "-9223372036854775808",
    "-9223372036854775809", "1j", "[1]", "'1'", "0", "-0", "-0.0", "+.5e-3", "00", "0_0", "1e", "1.e5", "- 1", "0x1p4", "١_٢",
]
with open("filter.json", "w") as f:
    for w in words:
        for kind, read in (("int", int), ("float", float)):
            try:
                f.write(json.dumps([w, kind, repr(read(w))]) + "\n")
                break
            except ValueError:
                pass
        else:
            f.write(json.dumps([w, "word", w]) + "\n")

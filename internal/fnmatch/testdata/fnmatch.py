"""Records what Python's fnmatch answers: python3 fnmatch.py > fnmatch.json

One case a line: [pattern, name, matches].
"""
import fnmatch
import json
import random
import warnings

warnings.simplefilter("ignore")
rnd = random.Random(20)
hand = [
    ("", ""), ("", "a"), ("*", ""), ("**", "abc"), ("?", ""), ("?", "é"), ("f4*-build", "f41-build"),
    ("f4*-build", "f41-build-side"), ("*.fc4[12]", "x.fc41"), ("*.fc4[!12]", "x.fc43"), ("[]]", "]"),
    ("[!]]", "]"), ("[!]]", "a"), ("[", "["), ("[a", "[a"), ("[!", "[!"), ("[]", "[]"), ("[!]", "[!]"),
    ("[a-c]x", "bx"), ("[c-a]", "b"), ("[!c-a]", "b"), ("[a-]", "-"), ("[-a]", "-"), ("[!-a]", "-"),
    ("[^a]", "^"), ("[^a]", "b"), ("a*b*c", "aXbYc"), ("a*b*c", "abcb"), ("A", "a"), ("*", "a\nb"),
    ("a?b", "a/b"), (".*", "a"), ("[\\]", "\\"), ("\\*", "\\x"), ("[a-c-e]", "-"), ("[a-c-e]", "d"),
    ("[--/]", "."), ("[é-ë]", "ê"), ("*[*]*", "a*b"), ("[[]", "["), ("[&&a]", "&"), ("[a||b]", "|"),
]
for pattern, name in hand:
    print(json.dumps([pattern, name, fnmatch.fnmatchcase(name, pattern)]))
seen = {True: 0, False: 0}
while min(seen.values()) < 400:
    pattern = "".join(rnd.choice("ab*?[]!-^cé") for _ in range(rnd.randint(1, 8)))
    name = "".join(rnd.choice("abc-]![é") for _ in range(rnd.randint(0, 4)))
    got = fnmatch.fnmatchcase(name, pattern)
    if seen[got] < 400:
        seen[got] += 1
        print(json.dumps([pattern, name, got]))

"""Records how Python's configparser reads files: python3 record.py > configparser.json

One [interpolate, text, result] a line; the result is
{section: {key: value, or null where interpolation refuses}}, DEFAULT included,
or the name of the exception the file raises.
"""
import configparser
import json
import random

rnd = random.Random(20)
hand = [
    "", "\n\n", "[a]\n", "[a]\nk=v\n", "[a]\nk = v\nK2 : w\n", "[a]\nk=a=b:c\n", "[a]\nk:a=b\n", "[a]\nk\n", "[a]\n=v\n", "k=v\n", "# c\n; c\n[a]\n# c\nk=v # kept ; kept\n",
    "[a]\nk=\n", "[a]\nk=\n  one\n  two\n", "[a]\nk = one\n  two\n\n  three\n\nl=x\n", "[a]\nk=one\n# c\n  two\n  # c\n  three\n", "[a]\nk=1\n\n\n[b]\nk=2\n",
    "[a]\nk=1\nk=2\n", "[a]\nk=1\nK=2\n", "[a]\n[a]\n", "[a]\n[b]\n[a]\n", "[DEFAULT]\nk=1\n[a]\nl=2\n", "[DEFAULT]\nk=1\n[a]\nk=2\n", "[DEFAULT]\nk=1\n[DEFAULT]\nl=1\n[a]\n",
    "[DEFAULT]\nk=1\n[DEFAULT]\nk=2\n", "[default]\nk=1\n", "[a b]\nk=v\n", "[a] tail\nk=v\n", "[a]]\nk=v\n", "[]\nk=v\n", "[\nk=v\n", "[a\nk=v\n", "  [a]\n  k=v\n  l=w\n", "  [a]\nk=v\n",
    "[a]\n  k=v\n  l=w\n", "[a]\n  k=v\n    l=w\n", "[a]\n  k=v\nl=w\n", "[a]\nk=v\n [b]\n", "[a]\nk=v\n\tl=w\n", "[a]\r\nk=v\r\n  w\r\n", "[a]\nk=v\n  =w\n", "[a]\nk = v  \n",
    "[a]\nk = %(l)s\nl = x\n", "[a]\nk = %%\n", "[a]\nk = %\n", "[a]\nk = 50% of\n", "[a]\nk = %(none)s\n", "[a]\nk = %(k)s\n", "[a]\nk = %(L)s/%(l)s\nl = x%%y\n", "[a]\nk=%(l)d\nl=1\n",
    "[a]\nk=%()s\n", "[a]\nk=%(l\nl=1\n", "[DEFAULT]\nhost=h\nurl=http://%(host)s/\n[a]\nhost=g\n[b]\n", "[a]\na=1\nb=%(a)s\nc=%(b)s\nd=%(c)s\ne=%(d)s\nf=%(e)s\ng=%(f)s\nh=%(g)s\ni=%(h)s\nj=%(i)s\nk=%(j)s\nl=%(k)s\n",
    "[hub]\nDBName = koji\nPlugins =\n[policy]\ntag =\n    has_perm admin :: allow\n    # not others\n    all :: deny  # really\n\npackage_list =\n    all :: {\n        has_perm x :: allow\n    }\n",
    "[a]\nk = v\n\u00a0 w\n", "[a]\nk\u00a0= v\n", "[a]\n\u00c4=1\n", "[a]\nk=1\n\x0cl=2\n",
]
pieces = ["[a]", "[b]", "[DEFAULT]", "k=v", "K: w", "l = x y", "  more", "    deep", "\t# c", "# c", "; c", "", "   ", "m =", " n=1", "plain", "k2=%(l)s", "k3=%%", "k4=%(k)s%(m)s", "k5=%x"]
texts = hand + ["".join(rnd.choice(pieces) + "\n" for _ in range(rnd.randint(1, 9))) for _ in range(300)]
texts += ["[a]\n" + "".join(rnd.choice(pieces[3:]) + "\n" for _ in range(rnd.randint(1, 7))) for _ in range(300)]
for text in texts:
    for interpolate in (False, True):
        cp = configparser.ConfigParser() if interpolate else configparser.RawConfigParser()
        try:
            cp.read_string(text.replace("\r\n", "\n"))
        except configparser.Error as e:
            print(json.dumps([interpolate, text, type(e).__name__]))
            continue
        result = {}
        for section in ["DEFAULT"] + cp.sections():
            keys = {}
            for key in (cp.defaults() if section == "DEFAULT" else cp.options(section)):
                try:
                    keys[key] = cp.get(section, key)
                except configparser.InterpolationError:
                    keys[key] = None
            result[section] = keys
        print(json.dumps([interpolate, text, result]))

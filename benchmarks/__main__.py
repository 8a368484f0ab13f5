import sys

from benchmarks.ground import ground

if __name__ == "__main__":
    with ground() as where:
        from benchmarks import b1, b3a

        for each in (b1, b3a):
            if each.__name__.split(".")[-1].upper() in [word.upper() for word in sys.argv[1:]]:
                r = each.run(where, quick="--quick" in sys.argv)
                for f in r.figures:
                    print(f.name, round(f.median), f.unit, [round(v) for v in f.values])
                for g in r.goals:
                    print(g.name, round(g.measured, 3), g.bound, g.met)

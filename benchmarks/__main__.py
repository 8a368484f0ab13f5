import sys

from benchmarks.ground import ground

if __name__ == "__main__":
    with ground() as where:
        from benchmarks import b1
        r = b1.run(where, quick="--quick" in sys.argv)
        for f in r.figures: print(f.name, round(f.median), f.unit, [round(v) for v in f.values])
        for g in r.goals: print(g.name, round(g.measured, 3), g.bound, g.met)

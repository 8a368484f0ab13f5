"""`./hub bench B1 [B3a] [--quick]`: measure beside peers, in one run."""

import sys

from benchmarks.ground import ground

KNOWN = ("B1", "B3a")


def main(words: list[str]) -> int:
    chosen = [name for name in KNOWN if name.upper() in {word.upper() for word in words}]
    if not chosen:
        print(f"Say which to run: {', '.join(KNOWN)}. --quick takes fewer rounds.")
        return 2
    met = True
    with ground() as where:
        from benchmarks import b1, b3a  # they need the database that the ground has just brought up

        runs = {"B1": b1.run, "B3a": b3a.run}
        for name in chosen:
            report = runs[name](where, quick="--quick" in words)
            for figure in report.figures:
                print(f"{name}  {figure.name}: {figure.median:,.0f} {figure.unit}  (rounds: {figure.values})")
            for goal in report.goals:
                print(f"{name}  {goal.name}: {goal.measured:.3f}, goal {goal.bound}: {'met' if goal.met else 'MISSED'}")
                met = met and goal.met
    return 0 if met else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""The model: a logistic growth, from a rate to the population after some steps. One task computes one rate."""

from __future__ import annotations

import argparse
import json


def grown(rate: float, steps: int) -> float:
    """The population after ``steps``, as a share of what its place can bear; it starts at a tenth."""
    population = 0.1
    for _ in range(steps):
        population = rate * population * (1 - population)
    return population


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rate", type=float, required=True)
    parser.add_argument("--steps", type=int, default=1000)
    options = parser.parse_args()
    print(json.dumps({"rate": options.rate, "population": round(grown(options.rate, options.steps), 6)}))

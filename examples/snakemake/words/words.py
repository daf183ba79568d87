"""Counts words: reads a text from standard input, prints the most frequent ones."""

import collections
import re
import sys

counts = collections.Counter(re.findall(r"[a-z]+", sys.stdin.read().lower()))
for word, count in sorted(counts.items(), key=lambda one: (-one[1], one[0]))[:5]:
    print(count, word)
